//! Reading logs: a page of what concerned safety, or of who did what.

use crate::crud::Listed;
use crate::listing::{self, Parameters};
use crate::pages::{self, Page, Row, by_id, listed};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Grant, Read};
use firma_auth::keys::Key;
use firma_domain::identity::SecurityEvent;
use firma_domain::platform::AuditEntry;
use firma_domain::{Currency, Id};
use firma_persistence::{Log, LogPage, Verification};
use serde::Serialize;

/// Filters that make sense together alone: an index has them in this order.
const TOGETHER: [&str; 2] = ["entity_type", "entity_id"];

listed! {
    SecurityEvent {
        "id", "type", "severity", "organization_id", "user_id", "actor_id", "details", "ip", "user_agent", "occurred_at",
    }
    AuditEntry {
        "id", "number", "occurred_at", "actor_id", "key_id", "action", "entity_type", "entity_id", "entity_version",
        "request_id", "changes", "ip", "user_agent",
    }
}

/// The page that was asked for, of `whose` log; `without` names filters that it doesn't have.
pub(crate) fn log_page<'k, L: Log + Row>(
    parameters: &Parameters,
    whose: Id,
    key: &'k Key,
    without: &[&str],
) -> Result<(Page<'k, L>, LogPage), Refusal> {
    let mut filters = Vec::new();
    let page = pages::filtered::<L>(parameters, whose, L::COLLECTION, key, |name, value| {
        let field = name.split('[').next().unwrap_or_default();
        if without.contains(&field) {
            return Ok(false);
        }
        let conds = listing::filter(L::filters(), name, value, Currency::default(), false)?;
        let is_known = conds.is_some();
        filters.extend(conds.into_iter().flatten());
        Ok(is_known)
    })?;
    let is_given = |wanted: &&str| parameters.iter().any(|(name, _)| name == wanted);
    let lacking = TOGETHER.iter().find(|name| !is_given(name));
    if let (Some(lacking), true) = (lacking, TOGETHER.iter().any(is_given)) {
        return Err(Refusal::parameter(
            *lacking,
            "required",
            "goes with the other one of entity_type and entity_id",
        ));
    }
    let log = LogPage {
        filters,
        before: page.before(),
        rows: page.rows(),
    };
    Ok((page, log))
}

/// What concerned the safety of the organization, the newest first.
pub fn security_events(
    work: &mut Work<'_, '_>,
    grant: Grant<SecurityEvent, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let (page, log) = log_page::<SecurityEvent>(parameters, work.organization(), key, &["organization_id"])?;
    let total = page.total(|| work.tx.count_security_events(grant, &log))?;
    let found = work.tx.security_events(grant, &log)?;
    page.of(found, total, |event| by_id(event.id))
}

/// The organization's log, the newest first.
pub fn audit_entries(
    work: &mut Work<'_, '_>,
    grant: Grant<AuditEntry, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let (page, log) = log_page::<AuditEntry>(parameters, work.organization(), key, &[])?;
    let total = page.total(|| work.tx.count_audit_entries(grant, &log))?;
    let found = work.tx.audit_entries(grant, &log)?;
    page.of(found, total, |entry| by_id(entry.id))
}

/// Whether a log is whole.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub is_whole: bool,
    /// Entries that are whole, from the first that is there on
    pub entries: i64,
    /// Entries before that, which the organization doesn't keep any more
    pub cut: i64,
    /// The number of the first entry that isn't
    pub broken_at: Option<i64>,
    /// In which way
    pub problem: Option<&'static str>,
}

impl From<Verification> for Verified {
    fn from(found: Verification) -> Verified {
        Verified {
            is_whole: found.broken.is_none(),
            entries: found.entries,
            cut: found.cut,
            broken_at: found.broken.map(|(number, _)| number),
            problem: found.broken.map(|(_, problem)| problem),
        }
    }
}

/// Whether the organization's log is whole.
pub fn verify(
    work: &mut Work<'_, '_>,
    grant: Grant<AuditEntry, Read>,
    key: &Key,
) -> Result<Verified, Refusal> {
    Ok(work.tx.verify_still(grant, key)?.into())
}
