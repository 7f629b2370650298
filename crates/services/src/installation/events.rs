use super::Desk;
use crate::crud::Listed;
use crate::listing::Parameters;
use crate::pages::by_id;
use crate::platform::{Verified, log_page};
use crate::refusal::Refusal;
use firma_auth::access::{PlatformGrant, Read};
use firma_auth::keys::Key;
use firma_domain::Id;
use firma_domain::identity::SecurityEvent;
use firma_domain::platform::{AuditEntry, Stats};

/// What concerned anybody's safety, the newest first.
pub fn security_events(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<SecurityEvent, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let (page, log) = log_page::<SecurityEvent>(parameters, Id::NIL, key, &[])?;
    let total = page.total(|| desk.tx.count_all_security_events(grant, &log))?;
    let found = desk.tx.all_security_events(grant, &log)?;
    page.of(found, total, |event| by_id(event.id))
}

/// The system's log, the newest first: what was done about no organization.
pub fn audit_entries(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<AuditEntry, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let (page, log) = log_page::<AuditEntry>(parameters, Id::NIL, key, &[])?;
    let total = page.total(|| desk.tx.count_audit_entries(grant.system(), &log))?;
    let found = desk.tx.audit_entries(grant.system(), &log)?;
    page.of(found, total, |entry| by_id(entry.id))
}

/// Whether the system's log is whole.
pub fn verify(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<AuditEntry, Read>,
    key: &Key,
) -> Result<Verified, Refusal> {
    Ok(desk.tx.verify_still(grant.system(), key)?.into())
}

/// How much there is.
pub fn stats(desk: &mut Desk<'_, '_>, grant: PlatformGrant<Stats, Read>) -> Result<Stats, Refusal> {
    Ok(desk.tx.stats(grant)?)
}
