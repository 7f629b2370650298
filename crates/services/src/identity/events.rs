//! What concerns a person's own safety.

use crate::crud::Listed;
use crate::listing::Parameters;
use crate::pages;
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
    let page = pages::page(parameters, caller.user, "security-events", key)?;
    let found = tx.security_events_of(caller.user, page.before, page.rows())?;
    page.of(found, |event: &SecurityEvent| event.id)
}
