use crate::keeping::Keeping;
use crate::link::{Link, not_found};
use crate::organizations;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Action, Create, Given, Grant, Joining, Read, Update, role_by_id};
use firma_domain::access::{Role, RoleAssignment};
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Member, Organization};
use firma_domain::{Id, Instant, Invalid, Record};
use firma_persistence::access::GivenRole;
use firma_persistence::{Fault, Tx, Value};

/// The role, if the caller may give it until `end`, or for good where that is none, and so take it: nobody hands on
/// what they don't hold, nor for longer. In a call that writes it is held, so that it isn't deleted meanwhile.
pub(crate) fn may_give<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, A>,
    role: Id,
    end: Option<Instant>,
) -> Result<GivenRole, Refusal> {
    work.not_by_key()?;
    let known = named(work, grant, role)?;
    let known = known.ok_or_else(|| Refusal::field("role_id", "not_found", "there is no such role"))?;
    let given = known.given.permissions();
    let lacking = work.facts().lacks_until(&given, end).next();
    // An owner is made by transfer and by owners alone, whatever else an administrator holds.
    let owners_only = known.name == "ceo" && !work.facts().holds_role_until(role, end);
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

/// The same for several, each by its place in `role_ids`.
pub(crate) fn may_give_all<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, A>,
    roles: &[Id],
    end: Option<Instant>,
) -> Result<(), Refusal> {
    for (n, role) in roles.iter().enumerate() {
        may_give(work, grant, *role, end).map_err(|refusal| match refusal {
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
    not_past(work, &value)?;
    let known = known(work.tx, grant.also(), value.user_id, value.role_id)?;
    let ended = known.filter(|before| !before.value.gives(work.now()));
    renew(work, grant, ended, value)
}

/// Gives a role, for good or until an instant; who holds it for longer keeps it so.
pub(crate) fn give(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    user: Id,
    role: Id,
    expires_at: Option<Instant>,
) -> Result<(), Refusal> {
    let known = known(work.tx, grant.also(), user, role)?;
    let before = known.as_ref().map(|before| before.value.clone());
    if let Some(before) = &before
        && before.gives(work.now())
        && before.ends_after(expires_at)
    {
        return Ok(());
    }
    let value = RoleAssignment {
        expires_at,
        is_active: true,
        ..before.unwrap_or_else(|| RoleAssignment::of(user, role))
    };
    renew(work, grant, known, value).map(drop)
}

/// Stores what a member gives: over the row of before, where there is one.
pub(crate) fn renew(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    before: Option<Record<RoleAssignment>>,
    value: RoleAssignment,
) -> Result<Record<RoleAssignment>, Refusal> {
    let Some(before) = before else {
        return crate::crud::add(work, grant, value, false);
    };
    let value = RoleAssignment {
        role_organization_id: before.value.role_organization_id,
        assigned_by: before.value.assigned_by,
        assigned_at: before.value.assigned_at,
        ..value
    };
    // It was renewed at once, by another: looked at anew it is held.
    crate::crud::change(work, grant.also(), before, value).map_err(|refusal| match refusal {
        Refusal::PreconditionFailed => Fault::Again.into(),
        other => other,
    })
}

/// The same for the system and the platform, which ask no rule of an organization.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    making: Grant<RoleAssignment, Create>,
    renewal: Grant<RoleAssignment, Update>,
    before: Option<Record<RoleAssignment>>,
    value: RoleAssignment,
) -> Result<Record<RoleAssignment>, Refusal> {
    Ok(match before {
        Some(before) => tx.open(renewal)?.change(&before, value)?,
        None => tx.open(making)?.add(value)?,
    })
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
        ..RoleAssignment::of(user, role)
    };
    let before = held.into_iter().find(|known| known.value.role_id == role);
    let record = put(work.tx, grant, grant.also(), before, value)?;
    tell(work, grant, &record.value)?;
    takes_place(work, grant.also(), grant.also(), None, &record)?;
    Ok(Some(role))
}

/// The one row of a member and a role, if it was ever given.
pub(crate) fn known(
    tx: &mut Tx<'_>,
    renewal: Grant<RoleAssignment, Update>,
    user: Id,
    role: Id,
) -> Result<Option<Record<RoleAssignment>>, Refusal> {
    let same = vec![
        is::<RoleAssignment>("user_id", user),
        is::<RoleAssignment>("role_id", role),
    ];
    Ok(tx.open(renewal)?.first(same)?)
}

/// Refuses a change that makes somebody who so far was a client, or held nothing, one member more than there may be.
fn takes_place(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Read>,
    organization: Grant<Organization, Update>,
    before: Option<&RoleAssignment>,
    after: &Record<RoleAssignment>,
) -> Result<(), Refusal> {
    let now = work.now();
    let (gave, gives) = (
        before.is_some_and(|value| value.gives(now)),
        after.value.gives(now),
    );
    if gave == gives {
        return Ok(());
    }
    // Held first: of two roles that are given at once the second sees the first.
    let of = organizations::hold(work.tx, organization)?;
    let held = vec![is::<RoleAssignment>("user_id", after.value.user_id)];
    let held = work.open(grant)?.some(held, i64::MAX)?.into_iter();
    let others = held.filter(|other| other.id != after.id && other.value.gives(now));
    let others: Vec<_> = others.map(|other| other.value.role_id).collect();
    let roles = |own: bool| -> Vec<Id> {
        let own = own.then_some(after.value.role_id);
        others.iter().copied().chain(own).collect()
    };
    let client = organizations::client()?;
    let had_place = roles(gave).iter().any(|role| *role != client);
    if had_place || organizations::is_for_client(&roles(gives))? {
        return Ok(());
    }
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
        const LINKS: &[Link<RoleAssignment>] = &[
            Link::changing::<Member>("user_id", "member", |assignment| Some(assignment.user_id)),
            Link::ruled::<Role>("role_id", "role", |assignment| Some(assignment.role_id)),
        ];
        LINKS
    }

    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        not_past(work, &value)?;
        let role = may_give(work, grant, value.role_id, value.expires_at)?;
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
        takes_place(work, grant.also(), grant.also(), None, record)?;
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
        // Who takes it has to hold it now, and no longer.
        let end = match value.is_active {
            true => value.expires_at,
            false => Some(work.now()),
        };
        may_give(work, grant, value.role_id, end)?;
        let organization = work.organization();
        // Both held, in the order in which who gives a role holds them: the member, whose roles will be others, and the
        // organization, so that who loses the role doesn't become the owner at once.
        let member = work
            .open(grant.also::<Member, Update>())?
            .find_for_change(value.user_id)?;
        let now = work.now();
        if value.gives(now) && !before.value.gives(now) && !member.value.is_active {
            return Err(Invalid(vec![not_found("user_id")]).into());
        }
        let parent = grant.also::<Organization, Update>();
        let owner = work.open(parent)?.find_for_change(organization)?.value.owner_id;
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
        let members = grant.also::<Member, Update>();
        // Who isn't active has no place, whatever they hold.
        if work.open(members)?.find(after.value.user_id)?.value.is_active {
            takes_place(work, grant.also(), grant.also(), Some(&before.value), after)?;
        }
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
    work.tell(kind, Some(assignment.user_id), &role.unwrap_or_default())
}
