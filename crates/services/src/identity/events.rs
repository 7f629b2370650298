//! What concerns a person's own safety.

use crate::crud::Listed;
use crate::listing::Parameters;
use crate::pages;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::keys::Key;
use firma_domain::{Id, Instant};
use firma_persistence::Tx;
use firma_persistence::identity::PastEvent;
use serde::Serialize;

/// What happened, when, and from where.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    pub id: Id,
    #[serde(rename = "type")]
    pub kind: String,
    pub severity: String,
    /// None where it concerns no organization
    pub organization_id: Option<Id>,
    pub details: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub occurred_at: Instant,
}

/// The caller's own, the newest first.
pub fn security_events(
    tx: &mut Tx<'_>,
    caller: Caller,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let page = pages::page(parameters, caller.user, "security-events", key)?;
    let found = tx.security_events_of(caller.user, page.before, page.rows())?;
    let shown = |event: PastEvent| Event {
        id: event.id,
        kind: event.kind,
        severity: event.severity,
        organization_id: event.organization,
        details: event.details,
        ip: event.ip,
        user_agent: event.user_agent,
        occurred_at: event.occurred_at,
    };
    page.of(found.into_iter().map(shown).collect(), |event: &Event| event.id)
}
