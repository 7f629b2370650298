use super::Desk;
use crate::access;
use crate::crud::{self, Expected, Listed};
use crate::listing::{self, Parameters};
use crate::organizations;
use crate::pages::{self, by_id, listed};
use crate::refusal::Refusal;
use crate::rows::{self, is};
use firma_auth::access::{
    Action, Create, Delete, Founding, Grant, Joining, PlatformGrant, Read, Role, SYSTEM_ROLES, Update,
    platform_permissions, role_by_id,
};
use firma_auth::keys::Key;
use firma_domain::access::RoleAssignment;
use firma_domain::identity::{SecurityKind, User};
use firma_domain::{Currency, Id, Instant, Record, input};
use firma_persistence::{Fault, Tx, Value};
use serde::{Deserialize, Serialize};

/// A system role, and what it gives.
#[derive(Debug, Clone, Serialize)]
pub struct PlatformRole {
    pub id: Id,
    pub name: &'static str,
    pub display_name: &'static str,
    /// `platform` or `organization`: where it is given
    pub role_type: &'static str,
    /// Names of permissions, the widest scope of each
    pub permissions: Vec<String>,
}

listed! {
    PlatformRole { "id", "name", "display_name", "role_type", "permissions" }
}

/// The system roles.
pub fn roles(
    _: PlatformGrant<RoleAssignment, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let page = pages::page::<PlatformRole>(parameters, Id::NIL, "roles", key)?;
    let on_platform = |role: &Role| {
        let given = platform_permissions().filter(|permission| role.gives_on_platform(*permission));
        given.map(|permission| permission.name()).collect()
    };
    let shown = |role: &Role| PlatformRole {
        id: role.id,
        name: role.name,
        display_name: role.display_name,
        role_type: if role.platform { "platform" } else { "organization" },
        permissions: match role.platform {
            true => on_platform(role),
            false => role
                .permissions()
                .iter()
                .map(|permission| permission.name())
                .collect(),
        },
    };
    let at = |id: Id| SYSTEM_ROLES.iter().position(|role| role.id == id);
    page.cut(
        SYSTEM_ROLES.iter().map(shown).collect(),
        |role| by_id(role.id),
        |role, after| at(role.id) > at(after.id),
    )
}

/// Who holds platform roles, or held them.
pub fn assignments(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<RoleAssignment, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let query = listing::query::<RoleAssignment>(parameters, Id::NIL, Currency::default(), key)?;
    crud::list(&mut desk.system(), grant.system(), &query, key)
}

/// A platform role to be given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenRole {
    pub user_id: Id,
    pub role_id: Id,
    #[serde(default)]
    pub expires_at: Option<Instant>,
    #[serde(default)]
    pub reason: Option<String>,
}

/// Gives a platform role. One that has ended is renewed: there is one row a user and role.
pub fn give(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<RoleAssignment, Create>,
    given: GivenRole,
) -> Result<Record<RoleAssignment>, Refusal> {
    let role = role_by_id(given.role_id).filter(|role| role.platform);
    let role =
        role.ok_or_else(|| Refusal::field("role_id", "not_found", "there is no such platform role"))?;
    let now = desk.tx.now();
    if given.expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::field("expires_at", "past", "is in the past"));
    }
    let value = RoleAssignment {
        assigned_by: Some(desk.user()),
        assigned_at: Some(now),
        expires_at: given.expires_at,
        reason: given.reason,
        ..RoleAssignment::of(given.user_id, role.id)
    };
    input::check(&value)?;
    if let Some(lacking) = desk.facts().lacks_until(role, given.expires_at) {
        return Err(Refusal::RoleNotHeld {
            role: role.name.into(),
            permission: Some(lacking.name()),
        });
    }
    desk.tx.hold_platform()?;
    let person = desk
        .tx
        .user_for_change(given.user_id)
        .map_err(|fault| match fault {
            Fault::Missing => Refusal::field("user_id", "not_found", "there is no such user"),
            other => other.into(),
        })?;
    let seated = (person.id, person.value);
    organizations::seat(desk.tx, grant.system(), grant.system(), seated)?;
    let before = access::known(desk.tx, grant.system(), value.user_id, value.role_id)?;
    if before.as_ref().is_some_and(|before| before.value.gives(now)) {
        return Err(Refusal::Conflict {
            code: "not_unique",
            field: Some("role_id".into()),
            detail: "the user holds this role".into(),
        });
    }
    let record = access::put(desk.tx, grant.system(), grant.system(), before, value)?;
    desk.tell(SecurityKind::RoleAssigned, record.value.user_id, role.name)?;
    Ok(record)
}

/// Takes a platform role away.
pub fn take(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<RoleAssignment, Delete>,
    id: Id,
    expected: &Expected,
) -> Result<(), Refusal> {
    desk.tx.hold_platform()?;
    let change: Grant<RoleAssignment, Update> = grant.system();
    let before = desk.tx.open(change)?.find_for_change(id)?;
    expected.check(&before)?;
    if !before.value.is_active {
        return Err(Refusal::NotFound);
    }
    let role = role_by_id(before.value.role_id).ok_or(Refusal::NotFound)?;
    if role.name == "website_owner" {
        unless_last_owner(desk.tx, change, before.value.user_id)?;
    }
    let value = RoleAssignment {
        is_active: false,
        assigned_by: Some(desk.user()),
        assigned_at: Some(desk.tx.now()),
        ..before.value.clone()
    };
    desk.tx.open(change)?.change(&before, value)?;
    desk.tell(SecurityKind::RoleRevoked, before.value.user_id, role.name)
}

/// The assignments by which the platform is owned now, whether or not those who hold them may sign in.
fn owners<A: Action>(
    tx: &mut Tx<'_>,
    grant: Grant<RoleAssignment, A>,
) -> Result<Vec<RoleAssignment>, Refusal> {
    let held = vec![
        is::<RoleAssignment>("role_id", organizations::role_id("website_owner")?),
        is::<RoleAssignment>("is_active", Value::Bool(true)),
    ];
    let now = tx.now();
    let found = tx.open(grant)?.some(held, i64::MAX)?.into_iter();
    Ok(found
        .map(|held| held.value)
        .filter(|held| held.gives(now))
        .collect())
}

/// Those of them who own it for good.
fn lasting<A: Action>(tx: &mut Tx<'_>, grant: Grant<RoleAssignment, A>) -> Result<Vec<Id>, Refusal> {
    let lasting = owners(tx, grant)?
        .into_iter()
        .filter(|held| held.expires_at.is_none());
    Ok(lasting.map(|held| held.user_id).collect())
}

/// Whether a user owns the platform now.
pub(super) fn holds_owner<A: Action>(
    tx: &mut Tx<'_>,
    grant: Grant<RoleAssignment, A>,
    user: Id,
) -> Result<bool, Refusal> {
    Ok(owners(tx, grant)?.iter().any(|held| held.user_id == user))
}

/// Whether anybody owns the platform for good. Of all the calls that ask, one goes on at a time.
pub(crate) fn is_owned(tx: &mut Tx<'_>) -> Result<bool, Refusal> {
    tx.hold_platform()?;
    let nobody = Founding::of(Id::NIL, Id::NIL).grant::<RoleAssignment>();
    Ok(!lasting(tx, nobody)?.is_empty())
}

/// Refuses who goes, and would leave the platform without anybody who owns it.
pub(crate) fn unless_needed(tx: &mut Tx<'_>, user: Id) -> Result<(), Refusal> {
    let own = Joining::of(Id::NIL, user).roles();
    if !lasting(tx, own)?.contains(&user) {
        return Ok(());
    }
    tx.hold_platform()?;
    unless_last_owner(tx, own, user)
}

/// Refuses where nobody else would be left who owns the platform for good and can sign in. Who asks holds the platform.
pub(super) fn unless_last_owner<A: Action>(
    tx: &mut Tx<'_>,
    grant: Grant<RoleAssignment, A>,
    user: Id,
) -> Result<(), Refusal> {
    // Who has never proved an address has no way in yet.
    let has_way_in = |person: User| person.is_active && person.email_verified_at.is_some();
    for other in lasting(tx, grant)? {
        let other = (other != user).then(|| rows::there(tx.user(other)));
        if let Some(found) = other.transpose()?.flatten()
            && has_way_in(found.value)
        {
            return Ok(());
        }
    }
    Err(Refusal::conflict(
        "last_owner",
        "nobody else would own the platform",
    ))
}
