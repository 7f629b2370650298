use crate::keeping::Keeping;
use crate::link::Link;
use crate::organizations;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Create, Given, Grant, Joining, Read, Update, role_by_id};
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

/// The same for several, each by its place in `role_ids`.
pub(crate) fn may_give_all(work: &Work<'_, '_>, roles: &[Id]) -> Result<(), Refusal> {
    for (n, role) in roles.iter().enumerate() {
        may_give(work, *role).map_err(|refusal| match refusal {
            Refusal::Invalid(mut invalid) => {
                for error in &mut invalid.0 {
                    error.pointer = format!("#/role_ids/{n}");
                }
                Refusal::Invalid(invalid)
            }
            other => other,
        })?;
    }
    Ok(())
}

/// Gives a role. One that was given before and has ended is renewed: there is one row a member and role.
pub fn assign(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    value: RoleAssignment,
) -> Result<Record<RoleAssignment>, Refusal> {
    let renewal: Grant<RoleAssignment, Update> = grant.also();
    let ended = one(work, grant, value.user_id, value.role_id)?;
    let ended = ended.filter(|before| !before.value.gives(work.now()));
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

/// Gives a role for good, also to who holds it for a time.
pub(crate) fn give(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    user: Id,
    role: Id,
) -> Result<(), Refusal> {
    let value = for_good(user, role);
    match one(work, grant, user, role)? {
        None => crate::crud::add(work, grant, value, false).map(drop),
        Some(before) => {
            let value = RoleAssignment {
                expires_at: None,
                is_active: true,
                ..before.value.clone()
            };
            crate::crud::change(work, grant.also(), before, value).map(drop)
        }
    }
}

/// The role that the system gives to who would have none otherwise; which one it was.
pub(crate) fn give_least(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    user: Id,
) -> Result<Option<Id>, Refusal> {
    let now = work.now();
    let held = vec![is::<RoleAssignment>("user_id", user)];
    let held = work
        .open(grant.also::<RoleAssignment, Read>())?
        .some(held, i64::MAX)?;
    if held.iter().any(|known| known.value.gives(now)) {
        return Ok(None);
    }
    let role = organizations::least()?;
    let value = RoleAssignment {
        assigned_at: Some(now),
        ..for_good(user, role)
    };
    let before = held.into_iter().find(|known| known.value.role_id == role);
    let record = match before {
        None => work.open(grant)?.add(value)?,
        Some(before) => work
            .open(grant.also::<RoleAssignment, Update>())?
            .change(&before, value)?,
    };
    told(work, SecurityKind::RoleAssigned, &record.value)?;
    takes_place(work, grant.also(), grant.also(), &record)?;
    Ok(Some(role))
}

fn for_good(user: Id, role: Id) -> RoleAssignment {
    RoleAssignment {
        user_id: user,
        role_id: role,
        role_organization_id: None,
        assigned_by: None,
        assigned_at: None,
        expires_at: None,
        is_active: true,
        reason: None,
    }
}

/// The one row of a member and a role.
fn one(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    user: Id,
    role: Id,
) -> Result<Option<Record<RoleAssignment>>, Refusal> {
    let same = vec![
        is::<RoleAssignment>("user_id", user),
        is::<RoleAssignment>("role_id", role),
    ];
    Ok(work.open(grant.also::<RoleAssignment, Update>())?.first(same)?)
}

/// Refuses a role that makes somebody who so far was a client, or held nothing, one member more than there may be.
fn takes_place(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Read>,
    organization: Grant<Organization, Update>,
    given: &Record<RoleAssignment>,
) -> Result<(), Refusal> {
    let (client, now) = (organizations::client()?, work.now());
    let counts = |value: &RoleAssignment| value.role_id != client && value.gives(now);
    if !counts(&given.value) {
        return Ok(());
    }
    let held = vec![is::<RoleAssignment>("user_id", given.value.user_id)];
    let held = work.open(grant)?.some(held, i64::MAX)?;
    if held
        .iter()
        .any(|other| other.id != given.id && counts(&other.value))
    {
        return Ok(());
    }
    let of = organizations::hold(work.tx, organization)?;
    organizations::room_for(work.tx, organization, &of, 0)
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
        grant: Grant<Self, Create>,
        record: &Record<Self>,
    ) -> Result<(), Refusal> {
        takes_place(work, grant.also(), grant.also(), record)?;
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
            .open(grant.also::<Organization, Read>())?
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
        before: &Record<Self>,
        after: &Record<Self>,
    ) -> Result<(), Refusal> {
        if !before.value.gives(work.now()) {
            takes_place(work, grant.also(), grant.also(), after)?;
        }
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
