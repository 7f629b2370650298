use crate::crud::Listed;
use crate::keeping::Keeping;
use crate::listing::{self, Parameters};
use crate::pages::{self, Row};
use crate::refusal::Refusal;
use crate::rows::{is, unless_any};
use crate::work::Work;
use firma_auth::access::{
    Action, Create, Delete, Given, Grant, Permission, Permissions, Read, Role as SystemRole, SYSTEM_ROLES,
    Touches, Update, Verb, Writes, permissions, role_by_id, role_by_name,
};
use firma_auth::keys::Key;
use firma_domain::access::{Role, RoleAssignment, RoleType};
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Invitation, InvitationStatus, Organization};
use firma_domain::{FieldError, Id, Instant, Invalid, Record};
use firma_persistence::{Col, Cond, Listing, Op, Position, Stored, Tx, Value};

/// The most roles that an organization has of its own.
const MOST: i64 = 200;

impl Row for Record<Role> {
    fn has(field: &str) -> bool {
        listing::has_field::<Role>(field)
    }
}

/// The roles that can be given in an organization: the system's, then its own as they were made. Or its own deleted
/// ones, the newest first.
pub fn roles(
    work: &mut Work<'_, '_>,
    grant: Grant<Role, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let mut deleted = false;
    let whose = work.organization();
    let page = pages::filtered::<Record<Role>>(parameters, whose, "roles", key, |name, value| {
        match name {
            "deleted" => deleted = listing::flag(name, value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let system = || SYSTEM_ROLES.iter().filter(move |role| !role.platform && !deleted);
    let total = page.total(|| {
        let own = work.tx.open(grant)?.count(&[], deleted)?;
        Ok(own.saturating_add(i64::try_from(system().count()).unwrap_or(i64::MAX)))
    })?;
    // The system's come first; a place among its own has the time by which these are sorted.
    let (of_system, of_own) = match &page.after {
        None => (0, None),
        Some(after) if after.key.is_none() => {
            let last = system().position(|role| role.id == after.id);
            (last.map_or(usize::MAX, |last| last + 1), None)
        }
        Some(after) => (usize::MAX, Some(after.clone())),
    };
    let listing = Listing {
        filters: vec![],
        sort: (0, deleted),
        after: of_own,
        limit: page.rows(),
        deleted,
    };
    let own = work.open(grant)?.list(&listing)?.rows;
    let all = system().skip(of_system).map(record).chain(own).collect();
    page.of(all, total, |role: &Record<Role>| Position {
        key: (!role.value.is_system).then(|| role.created_at.into()),
        id: role.id,
    })
}

/// The roles that can be given in an organization, with their names: the system's, then its own.
pub fn givable(work: &mut Work<'_, '_>) -> Result<Vec<(String, Given)>, Refusal> {
    work.may("roles", Verb::Read)?;
    let system = SYSTEM_ROLES.iter().filter(|role| !role.platform);
    let mut roles: Vec<_> = system
        .map(|role| (role.name.to_owned(), Given::System(role)))
        .collect();
    let grant = work.facts().explaining().assignments();
    let own = work.tx.custom_roles(grant)?;
    roles.extend(own.into_iter().map(|role| (role.name, role.given)));
    Ok(roles)
}

/// A role of the system's as one is answered. It is only ever added to, so how much it gives tells its versions apart.
fn record(role: &SystemRole) -> Record<Role> {
    let given = permissions().filter(|p| role.scope(p.resource.name, p.verb) >= Some(p.scope));
    Record {
        id: role.id,
        version: i32::try_from(given.count()).unwrap_or(i32::MAX),
        created_at: Instant::EPOCH,
        created_by: None,
        updated_at: Instant::EPOCH,
        deleted_at: None,
        deletion_id: None,
        value: Role {
            name: role.name.to_owned(),
            display_name: role.display_name.to_owned(),
            description: None,
            permissions: role.permissions().names(),
            role_type: RoleType::Organization,
            is_system: true,
        },
    }
}

impl Keeping for Role {
    fn fixed(id: Id) -> Option<Record<Self>> {
        role_by_id(id).filter(|role| !role.platform).map(record)
    }

    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        let value = settled(work, value, None)?;
        free(&value.name)?;
        room_for_one_more(work, grant)?;
        Ok(value)
    }

    fn created(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Create>,
        record: &Record<Self>,
    ) -> Result<(), Refusal> {
        work.tell(SecurityKind::RoleCreated, None, &record.value.name)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        let value = settled(work, value, Some(&before.value))?;
        held(work, &before.value)?;
        free(&value.name)?;
        Ok(value)
    }

    fn changed(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Update>,
        _: &Record<Self>,
        after: &Record<Self>,
    ) -> Result<(), Refusal> {
        work.tell(SecurityKind::RoleChanged, None, &after.value.name)
    }

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        held(work, &before.value)?;
        unused(work, grant, before.id)
    }

    fn deleted(work: &mut Work<'_, '_>, _: Grant<Self, Delete>, gone: &Record<Self>) -> Result<(), Refusal> {
        work.tell(SecurityKind::RoleDeleted, None, &gone.value.name)
    }

    fn restoring(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
    ) -> Result<Self, Refusal> {
        held(work, &before.value)?;
        room_for_one_more(work, grant)?;
        Ok(before.value.clone())
    }

    fn restored(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Delete>,
        record: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        work.tell(SecurityKind::RoleRestored, None, &record.value.name)
    }
}

/// What is wrong with one of the permissions that are given.
pub(super) fn no_permission(n: usize, code: &'static str, detail: &str) -> FieldError {
    FieldError {
        pointer: format!("#/permissions/{n}"),
        code: code.into(),
        detail: detail.into(),
    }
}

/// The role with each permission that it gives named once, all of them known and held by who makes it so; what wasn't
/// in it before is held for good, as it is put in.
fn settled(work: &Work<'_, '_>, value: Role, before: Option<&Role>) -> Result<Role, Refusal> {
    let mut given = Permissions::default();
    let mut errors = Vec::new();
    for (n, name) in value.permissions.iter().enumerate() {
        match Permission::parse(name) {
            Some(permission) => given.put(permission),
            None => errors.push(no_permission(
                n,
                "unknown_permission",
                "is not a permission of the catalogue",
            )),
        }
    }
    Invalid::unless_empty(errors)?;
    let value = Role {
        permissions: given.names(),
        ..value
    };
    held(work, &value)?;
    let before = before.map(permissions_of).unwrap_or_default();
    let added: Permissions = given
        .iter()
        .filter(|p| before.scope(p.resource, p.verb) < Some(p.scope))
        .collect();
    unless_lacking(&value, work.facts().lacks_until(&added, None).next())?;
    Ok(value)
}

/// Refuses who doesn't hold all that the role gives. So nobody puts in what they don't hold, and nobody changes or
/// deletes what was made by those who hold more.
fn held(work: &Work<'_, '_>, role: &Role) -> Result<(), Refusal> {
    let given = permissions_of(role);
    unless_lacking(role, work.facts().lacks(&given).next())
}

fn permissions_of(role: &Role) -> Permissions {
    let names = role.permissions.iter();
    names.filter_map(|name| Permission::parse(name)).collect()
}

fn unless_lacking(role: &Role, lacking: Option<Permission>) -> Result<(), Refusal> {
    match lacking {
        None => Ok(()),
        Some(lacking) => Err(Refusal::RoleNotHeld {
            role: role.name.clone(),
            permission: Some(lacking.name()),
        }),
    }
}

/// Refuses the name of a role of the system's.
fn free(name: &str) -> Result<(), Refusal> {
    match role_by_name(name) {
        None => Ok(()),
        Some(_) => Err(Refusal::Conflict {
            code: "not_unique",
            field: Some("name".into()),
            detail: "a role of the system has this name".into(),
        }),
    }
}

/// Holds the organization, so that two that come at once are counted.
fn room_for_one_more<A: Writes>(work: &mut Work<'_, '_>, grant: Grant<Role, A>) -> Result<(), Refusal>
where
    (Role, A): Touches<Organization, Update>,
{
    let organization = work.organization();
    work.open(grant.also::<Organization, Update>())?
        .lock(organization)?;
    match work.open(grant)?.count(&[], false)? < MOST {
        true => Ok(()),
        false => Err(Refusal::conflict(
            "role_limit",
            format!("an organization may have {MOST} roles of its own"),
        )),
    }
}

/// Refuses where somebody holds the role, or will when they come.
fn unused(work: &mut Work<'_, '_>, grant: Grant<Role, Delete>, role: Id) -> Result<(), Refusal> {
    let ends = Col {
        table: RoleAssignment::TABLE,
        name: "expires_at",
    };
    let lives = vec![
        is::<RoleAssignment>("role_id", role),
        is::<RoleAssignment>("is_active", Value::Bool(true)),
        Cond::Any(vec![Cond::Null(ends), Cond::Is(ends, Op::Gt, work.now().into())]),
    ];
    unless_any::<RoleAssignment>(work, grant.also(), lives, "somebody holds the role")?;
    // They are few, and the ids of their roles are no column to look by.
    let open = vec![is::<Invitation>("status", InvitationStatus::Open.as_str())];
    let now = work.now();
    let invited = work
        .open(grant.also::<Invitation, Read>())?
        .some(open, i64::MAX)?;
    let gives = |known: &Record<Invitation>| known.value.is_open(now) && known.value.role_ids.contains(&role);
    match invited.iter().any(gives) {
        false => Ok(()),
        true => Err(Refusal::conflict("in_use", "an open invitation gives the role")),
    }
}

/// The names of roles in their order; the id of one that is gone.
pub(crate) fn names<A: Action>(
    tx: &mut Tx<'_>,
    grant: Grant<RoleAssignment, A>,
    ids: &[Id],
) -> Result<Vec<String>, Refusal> {
    let known = tx.given_roles(grant, ids)?;
    let name = |id: &Id| {
        let found = known.iter().find(|role| role.given.id() == *id);
        found.map_or_else(|| id.to_string(), |role| role.name.clone())
    };
    Ok(ids.iter().map(name).collect())
}
