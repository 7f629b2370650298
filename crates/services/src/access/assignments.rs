use super::told::told;
use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Action, Create, Given, Grant, Joining, Update, role_by_id};
use firma_domain::access::{Role, RoleAssignment};
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Member, Organization};
use firma_domain::{Id, Record};
use firma_persistence::access::GivenRole;
use firma_persistence::{Tx, Value};

/// The role, if the caller may give it, and so take it: nobody hands on what they don't hold. In a call that writes it
/// is held, so that it isn't deleted meanwhile.
pub(crate) fn may_give<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, A>,
    role: Id,
) -> Result<GivenRole, Refusal> {
    let known = named(work, grant, role)?;
    let known = known.ok_or_else(|| Refusal::field("role_id", "not_found", "there is no such role"))?;
    let lacking = work.facts().lacks(&known.given.permissions()).next();
    // An owner is made by transfer and by owners alone, whatever else an administrator holds.
    let owners_only = known.name == "ceo" && !work.facts().holds_role(role);
    match lacking {
        None if !owners_only => Ok(known),
        _ => Err(Refusal::RoleNotHeld {
            role: known.name,
            permission: lacking.map(|permission| permission.name()),
        }),
    }
}

fn named<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, A>,
    role: Id,
) -> Result<Option<GivenRole>, Refusal> {
    Ok(work.tx.given_roles(grant, &[role])?.pop())
}

/// Gives a role. One that was given before and has ended is renewed: there is one row a member and role.
pub fn assign(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    value: RoleAssignment,
) -> Result<Record<RoleAssignment>, Refusal> {
    not_past(work, &value)?;
    let same = vec![
        is::<RoleAssignment>("user_id", value.user_id),
        is::<RoleAssignment>("role_id", value.role_id),
    ];
    let renewal: Grant<RoleAssignment, Update> = grant.also();
    let ended = work
        .open(renewal)?
        .first(same)?
        .filter(|before| !before.value.gives(work.now()));
    match ended {
        None => crate::crud::add(work, grant, value, false),
        Some(before) => {
            let value = RoleAssignment {
                expires_at: value.expires_at,
                is_active: value.is_active,
                reason: value.reason,
                metadata: value.metadata,
                ..before.value.clone()
            };
            crate::crud::change(work, renewal, before, value)
        }
    }
}

/// Gives a role for good.
pub(crate) fn give(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    user: Id,
    role: Id,
) -> Result<(), Refusal> {
    assign(work, grant, RoleAssignment::of(user, role)).map(drop)
}

/// Ends all roles of a user who leaves an organization by themselves.
pub(crate) fn give_up(tx: &mut Tx<'_>, organization: Id, user: Id) -> Result<(), Refusal> {
    let mut assignments = tx.open(Joining::of(organization, user).roles())?;
    let held = vec![
        is::<RoleAssignment>("user_id", user),
        is::<RoleAssignment>("is_active", Value::Bool(true)),
    ];
    for before in assignments.some(held, i64::MAX)? {
        let value = RoleAssignment {
            is_active: false,
            ..before.value.clone()
        };
        assignments.change(&before, value)?;
    }
    Ok(())
}

impl Keeping for RoleAssignment {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<RoleAssignment>] = &[
            Link::to::<Member>("user_id", "member", |assignment| Some(assignment.user_id)),
            Link::ruled::<Role>("role_id", "role", |assignment| Some(assignment.role_id)),
        ];
        LINKS
    }

    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        not_past(work, &value)?;
        let role = may_give(work, grant, value.role_id)?;
        let is_custom = matches!(role.given, Given::Custom(..));
        Ok(RoleAssignment {
            role_organization_id: is_custom.then(|| work.organization()),
            assigned_by: Some(work.user()),
            assigned_at: Some(work.now()),
            ..value
        })
    }

    fn created(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Create>,
        record: &Record<Self>,
    ) -> Result<(), Refusal> {
        tell(work, grant, &record.value)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        for (field, same) in [
            ("user_id", value.user_id == before.value.user_id),
            ("role_id", value.role_id == before.value.role_id),
        ] {
            if !same {
                return Err(Refusal::field(field, "fixed", "give another role instead"));
            }
        }
        if value.expires_at != before.value.expires_at || (value.is_active && !before.value.is_active) {
            not_past(work, &value)?;
        }
        may_give(work, grant, value.role_id)?;
        let organization = work.organization();
        let owner = work
            .open(grant.also::<Organization, _>())?
            .find(organization)?
            .value
            .owner_id;
        let is_ceo = role_by_id(value.role_id).is_some_and(|role| role.name == "ceo");
        if is_ceo && owner == Some(value.user_id) && (!value.is_active || value.expires_at.is_some()) {
            return Err(Refusal::conflict(
                "last_owner",
                "the owner can't lose the role ceo",
            ));
        }
        Ok(RoleAssignment {
            assigned_by: Some(work.user()),
            assigned_at: Some(work.now()),
            ..value
        })
    }

    fn changed(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        _: &Record<Self>,
        after: &Record<Self>,
    ) -> Result<(), Refusal> {
        tell(work, grant, &after.value)
    }
}

fn not_past(work: &Work<'_, '_>, value: &RoleAssignment) -> Result<(), Refusal> {
    match value.expires_at {
        Some(end) if end <= work.now() => Err(Refusal::field("expires_at", "past", "is in the past")),
        _ => Ok(()),
    }
}

fn tell<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, A>,
    assignment: &RoleAssignment,
) -> Result<(), Refusal> {
    let kind = match assignment.is_active {
        true => SecurityKind::RoleAssigned,
        false => SecurityKind::RoleRevoked,
    };
    let role = named(work, grant, assignment.role_id)?.map(|role| role.name);
    told(work, kind, Some(assignment.user_id), &role.unwrap_or_default())
}
