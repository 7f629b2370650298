//! Who is to own an organization: a member who has accepted, and who holds `ceo` for good.

use crate::crud;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant, Update, role_by_name};
use firma_domain::Id;
use firma_domain::access::RoleAssignment;
use firma_domain::organizations::{Member, Organization};
use firma_persistence::Fault;

/// The member, held, if there is such a one who may enter.
pub(super) fn heir(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
    user: Id,
) -> Result<Option<Id>, Refusal> {
    let member = work.open(grant.also::<Member, Update>())?.find_for_change(user);
    match member {
        Ok(member) => Ok(member.value.is_live().then_some(member.id)),
        Err(Fault::Missing) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Sees to it that a member holds `ceo`, without an end. The organization has to be held, so that nobody takes it away
/// at once.
pub(super) fn make_ceo(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
    user: Id,
) -> Result<(), Refusal> {
    let role = role_by_name("ceo").ok_or_else(|| Fault::Internal("there is no role ceo".into()))?;
    let same = vec![
        is::<RoleAssignment>("user_id", user),
        is::<RoleAssignment>("role_id", role.id),
    ];
    let renewal = grant.also::<RoleAssignment, Update>();
    let Some(held) = work.open(renewal)?.first(same)? else {
        let assignment = RoleAssignment {
            user_id: user,
            role_id: role.id,
            role_organization_id: None,
            assigned_by: None,
            assigned_at: None,
            expires_at: None,
            is_active: true,
            reason: Some(REASON.into()),
        };
        let making = grant.also::<RoleAssignment, Create>();
        return crud::add(work, making, assignment, false).map(drop);
    };
    let before = work.open(renewal)?.find_for_change(held.id)?;
    if before.value.is_active && before.value.expires_at.is_none() {
        return Ok(());
    }
    let value = RoleAssignment {
        expires_at: None,
        is_active: true,
        reason: Some(REASON.into()),
        ..before.value.clone()
    };
    crud::change(work, renewal, before, value).map(drop)
}

const REASON: &str = "the organization was handed over";
