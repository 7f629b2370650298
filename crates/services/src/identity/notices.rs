//! Telling the owner of an organization what was raised as a warning: by a job, so that nobody waits for it, and so
//! that it takes as long for an address that nobody has.

use super::letters;
use crate::platform::{Done, Handler, NewJob, Running, Stop};
use crate::refusal::Refusal;
use crate::rows;
use crate::work::Work;
use firma_auth::access::Read;
use firma_domain::identity::{SecurityKind, device};
use firma_domain::organizations::{Organization, Status};
use firma_domain::{Id, Instant};
use firma_persistence::Tx;
use firma_persistence::identity::SecurityEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;

const KIND: &str = "security_notice";
const ATTEMPTS: i32 = 5;

/// What the job works on; erased when it is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Payload {
    what: SecurityKind,
    organization: Option<Id>,
    user: Option<Id>,
    ip: Option<String>,
    user_agent: Option<String>,
    at: Instant,
}

/// Writes down what concerns safety, and has it told if it is raised.
pub(crate) fn noted(
    tx: &mut Tx<'_>,
    organization: Option<Id>,
    user: Option<Id>,
    kind: SecurityKind,
    details: Option<String>,
) -> Result<(), Refusal> {
    tx.security_event(SecurityEvent {
        organization,
        user,
        kind,
        details,
    })?;
    if !kind.is_raised() {
        return Ok(());
    }
    let origin = tx.origin()?;
    let payload = Payload {
        what: kind,
        organization,
        user,
        ip: origin.ip,
        user_agent: origin.user_agent,
        at: tx.now(),
    };
    let job = NewJob {
        kind: KIND,
        payload: crate::crud::json(&payload)?,
        run_at: None,
        max_attempts: ATTEMPTS,
    };
    tx.enqueue_for_system(job)?;
    Ok(())
}

/// Tells the owners.
pub struct NoticeHandler;

impl Handler for NoticeHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let payload: Payload = job.payload()?;
        job.commit(move |tx| Ok(json!({"mails": tell(tx, &payload)?})))
    }
}

/// How many mails were written.
fn tell(tx: &mut Tx<'_>, payload: &Payload) -> Result<i32, Refusal> {
    let mut mails = 0;
    for organization in places(tx, payload)? {
        let Some(owner) = tx.owner_of_organization(organization)? else {
            continue;
        };
        // Who signs in on a new device is told already.
        if payload.what == SecurityKind::NewDevice && payload.user == Some(owner) {
            continue;
        }
        if tell_owner(tx, payload, organization, owner)? {
            mails += 1;
        }
    }
    Ok(mails)
}

/// The organization that it happened in; of what happened at an account, those where the person is a live member.
fn places(tx: &mut Tx<'_>, payload: &Payload) -> Result<Vec<Id>, Refusal> {
    match (payload.organization, payload.user) {
        (Some(organization), _) => Ok(vec![organization]),
        (None, Some(user)) => {
            let live = tx.memberships_of(user)?.into_iter().filter(|membership| {
                membership.is_active
                    && membership.joined_at.is_some()
                    && membership.status != Status::Archived.as_str()
            });
            Ok(live.map(|membership| membership.organization).collect())
        }
        (None, None) => Ok(vec![]),
    }
}

fn tell_owner(tx: &mut Tx<'_>, payload: &Payload, organization: Id, owner: Id) -> Result<bool, Refusal> {
    let own = match Work::resume(tx, organization, owner) {
        Ok(mut work) => {
            let grant = work.grant::<Organization, Read>()?;
            work.open(grant)?.find(organization)?.value
        }
        // Nobody is there to be told.
        Err(Refusal::OrganizationNotFound) => return Ok(false),
        Err(refusal) => return Err(refusal),
    };
    if !own.settings.mail.security_warnings {
        return Ok(false);
    }
    let person = match payload.user {
        Some(user) => rows::there(tx.user(user))?,
        None => None,
    };
    let person = person.map_or_else(|| "–".to_owned(), |found| found.value.name);
    let reader = tx.user(owner)?.value;
    let language = letters::language(tx, owner, own.locale.as_str())?;
    let agent = payload.user_agent.as_deref().map(device).unwrap_or_default();
    let variables = json!({
        "name": reader.name, "organization": own.name, "person": person, "kind": payload.what, "at": payload.at,
        // Not shown: by it the mail is found when the person is erased.
        "person_id": payload.user,
        "ip": payload.ip.as_deref().unwrap_or("–"), "device": if agent.is_empty() { "–" } else { &agent },
    });
    letters::write(tx, reader.email, "security_warning", language, variables)?;
    Ok(true)
}
