//! Every change of a role, or of who holds it, is a security event.

use crate::refusal::Refusal;
use crate::work::Work;
use firma_domain::Id;
use firma_domain::identity::SecurityKind;
use firma_persistence::identity::SecurityEvent;

/// Writes it down: whom it concerns, the role, and that the caller did it.
pub(super) fn told(
    work: &mut Work<'_, '_>,
    kind: SecurityKind,
    user: Option<Id>,
    role: &str,
) -> Result<(), Refusal> {
    let event = SecurityEvent {
        organization: Some(work.organization()),
        user,
        kind,
        details: Some(role.to_owned()),
    };
    let by = work.user();
    Ok(work.tx.security_event_by(event, Some(by))?)
}
