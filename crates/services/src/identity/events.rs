//! What concerns a person's own safety.

use crate::crud::Listed;
use crate::listing::Parameters;
use crate::pages::{self, by_id};
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::keys::Key;
use firma_domain::identity::SecurityEvent;
use firma_persistence::Tx;

/// The caller's own, the newest first.
pub fn security_events(
    tx: &mut Tx<'_>,
    caller: Caller,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let page = pages::page::<SecurityEvent>(parameters, caller.user, "security-events", key)?;
    let total = page.total(|| tx.count_security_events_of(caller.user))?;
    let found = tx.security_events_of(caller.user, page.before(), page.rows())?;
    page.of(found, total, |event| by_id(event.id))
}
