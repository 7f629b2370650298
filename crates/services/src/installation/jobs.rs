use super::Desk;
use crate::crud::{self, Expected, Listed};
use crate::listing::{self, Parameters};
use crate::platform;
use crate::refusal::Refusal;
use firma_auth::access::{PlatformGrant, Read, Update};
use firma_auth::keys::Key;
use firma_domain::platform::Job;
use firma_domain::{Currency, Id, Record};

/// The system's jobs.
pub fn jobs(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Job, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let query = listing::query::<Job>(parameters, Id::NIL, Currency::default(), key)?;
    crud::list(&mut desk.system(), grant.system(), &query, key)
}

/// One of them.
pub fn find_job(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Job, Read>,
    id: Id,
) -> Result<Record<Job>, Refusal> {
    crud::find(&mut desk.system(), grant.system(), id)
}

/// Calls one off.
pub fn cancel_job(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Job, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Job>, Refusal> {
    platform::cancel_job(&mut desk.system(), grant.system(), id, expected)
}

/// Tries one again that was given up.
pub fn retry_job(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Job, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Job>, Refusal> {
    platform::retry_job(&mut desk.system(), grant.system(), id, expected)
}
