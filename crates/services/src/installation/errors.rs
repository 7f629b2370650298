use super::Desk;
use crate::crud::{self, Expected, Listed, held};
use crate::keeping::Keeping;
use crate::listing::{self, Parameters};
use crate::refusal::Refusal;
use firma_auth::access::{PlatformGrant, Read, Update};
use firma_auth::keys::Key;
use firma_domain::platform::{ErrorState, InternalError};
use firma_domain::{Currency, Id, Record};

impl Keeping for InternalError {}

/// Errors on our side.
pub fn errors(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<InternalError, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let query = listing::query::<InternalError>(parameters, Id::NIL, Currency::default(), key)?;
    crud::list(&mut desk.system(), grant.system(), &query, key)
}

/// One of them.
pub fn find_error(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<InternalError, Read>,
    id: Id,
) -> Result<Record<InternalError>, Refusal> {
    crud::find(&mut desk.system(), grant.system(), id)
}

/// Says that one has been looked after. When it comes again it is open again.
pub fn resolve_error(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<InternalError, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<InternalError>, Refusal> {
    let (now, by) = (desk.tx.now(), desk.user());
    let (mut work, grant) = (desk.system(), grant.system());
    let found = held(&mut work, grant, expected, |rows| rows.find_for_change(id))?;
    if found.value.state == ErrorState::Resolved {
        return Ok(found);
    }
    let value = InternalError {
        state: ErrorState::Resolved,
        resolved_at: Some(now),
        resolved_by: Some(by),
        ..found.value.clone()
    };
    Ok(work.open(grant)?.change(&found, value)?)
}
