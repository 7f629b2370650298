//! An organization's domain: a claim, until a DNS record proves it.
//!
//! Who can set a record owns the domain, today: so who proves it has it, and who had it before has it no longer. A claim
//! keeps nobody from anything and tells nobody whether another has the domain.

use super::changes::told;
use crate::platform::Breaker;
use crate::refusal::Refusal;
use crate::rows::there;
use crate::threads::Threads;
use crate::work::Work;
use firma_auth::access::{Claiming, Grant, Read, Update};
use firma_auth::domain_proof::DomainProof;
use firma_auth::keys::Key;
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Names, NamesAway, Organization};
use firma_domain::platform::Gate;
use firma_domain::source::Clock;
use firma_domain::{Domain, Id, Instant};
use firma_persistence::{Fault, Tx};
use serde::Serialize;
use std::sync::Arc;

/// Threads that ask name servers.
const THREADS: usize = 2;
/// Calls that may wait for one.
const WAITING: usize = 32;

/// The domain name system behind a breaker, with threads that ask it.
#[derive(Clone)]
pub struct Domains {
    names: Arc<dyn Names>,
    breaker: Arc<Breaker>,
    threads: Threads,
}

impl Domains {
    pub fn new(names: Arc<dyn Names>, clock: Arc<dyn Clock>) -> Result<Domains, String> {
        Ok(Domains {
            names,
            breaker: Arc::new(Breaker::new(clock)),
            threads: Threads::start("names", THREADS, WAITING)?,
        })
    }

    /// The state of its breaker.
    pub fn state(&self) -> &'static str {
        self.breaker.state()
    }

    /// What stands at the record's name now, asked on a thread that may wait.
    pub async fn texts(&self, proof: &DomainProof) -> Result<Vec<String>, Refusal> {
        if !self.breaker.admits() {
            return Err(Refusal::NamesAway(self.breaker.wait()));
        }
        let (names, name) = (self.names.clone(), proof.name());
        let breaker = self.breaker.clone();
        let ask = move || {
            let found = names.texts(&name);
            breaker.went(found.is_ok());
            found
        };
        match self.threads.run(ask).await? {
            Ok(texts) => Ok(texts),
            Err(NamesAway(why)) => {
                log::warn!("the domain name system: {why}");
                Err(Refusal::NamesAway(self.breaker.wait()))
            }
        }
    }
}

/// A TXT record that is to be set.
#[derive(Debug, Clone, Serialize)]
pub struct TextRecord {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub value: String,
}

/// An organization's domain, and what proves it.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimedDomain {
    pub domain: Domain,
    pub verified_at: Option<Instant>,
    pub record: TextRecord,
}

impl ClaimedDomain {
    fn of(proof: &DomainProof, verified_at: Option<Instant>, key: &Key) -> ClaimedDomain {
        ClaimedDomain {
            domain: proof.domain().clone(),
            verified_at,
            record: TextRecord {
                name: proof.name(),
                kind: "TXT",
                value: proof.value(key),
            },
        }
    }
}

/// The organization's domain, if it says one.
pub fn claimed(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Read>,
    key: &Key,
) -> Result<ClaimedDomain, Refusal> {
    let organization = work.organization();
    let value = work.open(grant)?.find(organization)?.value;
    let domain = value.domain.ok_or(Refusal::NotFound)?;
    let proof = DomainProof::of(organization, domain);
    Ok(ClaimedDomain::of(&proof, value.domain_verified_at, key))
}

/// What has to be looked up to prove it, for who may change the organization.
pub fn to_prove(work: &mut Work<'_, '_>, grant: Grant<Organization, Update>) -> Result<DomainProof, Refusal> {
    let organization = work.organization();
    let domain = work.open(grant)?.find(organization)?.value.domain;
    Ok(DomainProof::of(organization, domain.ok_or(Refusal::NotFound)?))
}

/// Proves it by what was found. Another organization that had proved it before has it no longer.
pub fn prove(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Update>,
    proof: &DomainProof,
    found: &[String],
    key: &Key,
) -> Result<ClaimedDomain, Refusal> {
    let organization = work.organization();
    let before = work.open(grant)?.find_for_change(organization)?;
    if before.value.domain.as_ref() != Some(proof.domain()) {
        return Err(Refusal::conflict(
            "domain_not_proved",
            "the domain was changed meanwhile",
        ));
    }
    if !found.iter().any(|text| proof.is(key, text)) {
        let (name, value) = (proof.name(), proof.value(key));
        let detail = format!("{name} has no TXT record {value}; a new one may take hours to be seen");
        return Err(Refusal::conflict("domain_not_proved", detail));
    }
    if let Some(holder) = work.tx.domain_holder(proof.domain(), organization)? {
        lose(work.tx, holder, proof.domain())?;
    }
    let verified_at = match before.value.domain_verified_at {
        Some(at) => at,
        None => {
            let value = Organization {
                domain_verified_at: Some(work.now()),
                ..before.value.clone()
            };
            let after = work.open(grant)?.change(&before, value)?;
            work.tx.update_tenant(grant, &after.value).map_err(taken)?;
            let domain = Some(proof.domain().to_string());
            told(work.tx, grant, SecurityKind::DomainVerified, domain)?;
            work.now()
        }
    };
    Ok(ClaimedDomain::of(proof, Some(verified_at), key))
}

/// What was proved is a claim again.
fn lose(tx: &mut Tx<'_>, holder: Id, domain: &Domain) -> Result<(), Refusal> {
    let grant = Claiming::from(holder).grant();
    let held = there(tx.open(grant)?.find_for_change(holder))?;
    // Deleted at once, or given up.
    let Some(before) = held.filter(|before| before.value.verified_domain() == Some(domain)) else {
        return Ok(());
    };
    let value = Organization {
        domain_verified_at: None,
        ..before.value.clone()
    };
    let after = tx.open(grant)?.change(&before, value)?;
    tx.update_tenant(grant, &after.value)?;
    let domain = after.value.domain.as_ref().map(Domain::to_string);
    told(tx, grant, SecurityKind::DomainLost, domain)
}

/// Two proved it at once.
fn taken(fault: Fault) -> Refusal {
    match fault {
        Fault::Conflict(_) => Refusal::conflict(
            "domain_not_proved",
            "another organization proved it at this moment: try again",
        ),
        other => other.into(),
    }
}
