use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Grant, Read};
use firma_auth::keys::Key;
use firma_domain::organizations::Organization;
use firma_persistence::Verification;

/// Whether the organization's log is whole.
pub fn verify(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Read>,
    key: &Key,
) -> Result<Verification, Refusal> {
    Ok(work.tx.verify_log(grant, Some(key))?)
}
