//! Who is to own an organization: a member who has accepted, and who holds `ceo` for good.

use super::members::person;
use crate::crud;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant, Update, role_by_name};
use firma_domain::access::RoleAssignment;
use firma_domain::organizations::{Member, Organization};
use firma_domain::{Id, Record};
use firma_persistence::Fault;

const REASON: &str = "the organization was handed over";

/// Who is to own it, held, with the role `ceo` if it was given before.
pub(super) struct Heir {
    pub id: Id,
    ceo: Id,
    held: Option<Record<RoleAssignment>>,
}

/// The member, if there is such a one who may sign in and enter. Held before the organization: in the order in which
/// those hold both who deactivate a member, or take a role away.
pub(super) fn heir(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
    user: Id,
) -> Result<Option<Heir>, Refusal> {
    let ceo = role_by_name("ceo").ok_or_else(|| Fault::Internal("there is no role ceo".into()))?;
    match work.open(grant.also::<Member, Update>())?.find_for_change(user) {
        Ok(member) if member.value.is_live() => {}
        Ok(_) | Err(Fault::Missing) => return Ok(None),
        Err(fault) => return Err(fault.into()),
    }
    if !person(work.tx, user)?.is_some_and(|person| person.is_active) {
        return Ok(None);
    }
    let same = vec![
        is::<RoleAssignment>("user_id", user),
        is::<RoleAssignment>("role_id", ceo.id),
    ];
    let mut assignments = work.open(grant.also::<RoleAssignment, Update>())?;
    let held = match assignments.first(same)? {
        Some(held) => Some(assignments.find_for_change(held.id)?),
        None => None,
    };
    Ok(Some(Heir {
        id: user,
        ceo: ceo.id,
        held,
    }))
}

impl Heir {
    /// Sees to it that the heir holds `ceo`, without an end.
    pub(super) fn make_ceo(
        self,
        work: &mut Work<'_, '_>,
        grant: Grant<Organization, Delete>,
    ) -> Result<(), Refusal> {
        let Some(before) = self.held else {
            let assignment = RoleAssignment {
                reason: Some(REASON.into()),
                ..RoleAssignment::of(self.id, self.ceo)
            };
            let making = grant.also::<RoleAssignment, Create>();
            return crud::add(work, making, assignment, false).map(drop);
        };
        if before.value.is_active && before.value.expires_at.is_none() {
            return Ok(());
        }
        let value = RoleAssignment {
            expires_at: None,
            is_active: true,
            reason: Some(REASON.into()),
            ..before.value.clone()
        };
        let renewal = grant.also::<RoleAssignment, Update>();
        crud::change(work, renewal, before, value).map(drop)
    }
}
