use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Create, Given, Grant, Joining, Update, role_by_id};
use firma_domain::access::RoleAssignment;
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Member, Organization};
use firma_domain::{Id, Record};
use firma_persistence::identity::SecurityEvent;
use firma_persistence::{Tx, Value};

/// Whether the caller may give the role: nobody gives what they don't hold.
pub(crate) fn may_give(work: &Work<'_, '_>, role: Id) -> Result<(), Refusal> {
    let known = role_by_id(role).filter(|role| !role.platform);
    let known = known.ok_or_else(|| Refusal::field("role_id", "not_found", "there is no such role"))?;
    // An owner is made by transfer and by owners alone, whatever else an administrator holds.
    let owners_only = known.name == "ceo" && !work.facts().holds_role(role);
    if owners_only || !work.facts().holds_all_of(&Given::System(known)) {
        return Err(Refusal::RoleNotHeld(known.name));
    }
    Ok(())
}

/// Gives a role. One that was given before and has ended is renewed: there is one row a member and role.
pub fn assign(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    value: RoleAssignment,
) -> Result<Record<RoleAssignment>, Refusal> {
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
    let assignment = RoleAssignment {
        user_id: user,
        role_id: role,
        role_organization_id: None,
        assigned_by: None,
        assigned_at: None,
        expires_at: None,
        is_active: true,
        reason: None,
    };
    assign(work, grant, assignment).map(drop)
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
        const LINKS: &[Link<RoleAssignment>] = &[Link::to::<Member>("user_id", "member", |assignment| {
            Some(assignment.user_id)
        })];
        LINKS
    }

    fn creating(work: &mut Work<'_, '_>, _: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        may_give(work, value.role_id)?;
        not_past(work, &value)?;
        Ok(RoleAssignment {
            assigned_by: Some(work.user()),
            assigned_at: Some(work.now()),
            ..value
        })
    }

    fn created(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Create>,
        record: &Record<Self>,
    ) -> Result<(), Refusal> {
        told(work, SecurityKind::RoleAssigned, &record.value)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        if (value.user_id, value.role_id) != (before.value.user_id, before.value.role_id) {
            return Err(Refusal::field("role_id", "fixed", "give another role instead"));
        }
        may_give(work, value.role_id)?;
        if value.expires_at != before.value.expires_at {
            not_past(work, &value)?;
        }
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
        _: Grant<Self, Update>,
        _: &Record<Self>,
        after: &Record<Self>,
    ) -> Result<(), Refusal> {
        told(
            work,
            if after.value.is_active {
                SecurityKind::RoleAssigned
            } else {
                SecurityKind::RoleRevoked
            },
            &after.value,
        )
    }
}

fn not_past(work: &Work<'_, '_>, value: &RoleAssignment) -> Result<(), Refusal> {
    match value.expires_at {
        Some(end) if end <= work.now() => Err(Refusal::field("expires_at", "past", "is in the past")),
        _ => Ok(()),
    }
}

fn told(work: &mut Work<'_, '_>, kind: SecurityKind, assignment: &RoleAssignment) -> Result<(), Refusal> {
    let role = role_by_id(assignment.role_id).map_or("?", |role| role.name);
    let event = SecurityEvent {
        organization: Some(work.organization()),
        user: Some(assignment.user_id),
        kind,
        details: Some(role.to_owned()),
    };
    Ok(work.tx.security_event(event)?)
}
