//! Who is to own an organization: a member who has accepted, and who holds `ceo` for good.

use super::places::role_id;
use crate::access;
use crate::identity::active;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Delete, Grant, Update};
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
    let ceo = role_id("ceo")?;
    match work.open(grant.also::<Member, Update>())?.find_for_change(user) {
        Ok(member) if member.value.is_live() => {}
        Ok(_) | Err(Fault::Missing) => return Ok(None),
        Err(fault) => return Err(fault.into()),
    }
    if active(work.tx, user)?.is_none() {
        return Ok(None);
    }
    let renewal = grant.also::<RoleAssignment, Update>();
    let held = match access::known(work.tx, renewal, user, ceo)? {
        Some(held) => Some(work.open(renewal)?.find_for_change(held.id)?),
        None => None,
    };
    Ok(Some(Heir { id: user, ceo, held }))
}

impl Heir {
    /// Sees to it that the heir holds `ceo`, without an end.
    pub(super) fn make_ceo(
        self,
        work: &mut Work<'_, '_>,
        grant: Grant<Organization, Delete>,
    ) -> Result<(), Refusal> {
        let before = self.held.as_ref().map(|held| held.value.clone());
        if let Some(before) = &before
            && before.is_active
            && before.expires_at.is_none()
        {
            return Ok(());
        }
        let value = RoleAssignment {
            expires_at: None,
            is_active: true,
            reason: Some(REASON.into()),
            ..before.unwrap_or_else(|| RoleAssignment::of(self.id, self.ceo))
        };
        access::renew(work, grant.also(), self.held, value).map(drop)
    }
}
