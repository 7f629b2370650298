use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Facts, Permission, SYSTEM_ROLES, Scope, Verb, resource_named};
use firma_domain::Id;
use firma_domain::Record;
use firma_domain::access::RoleAssignment;
use firma_domain::organizations::Member;
use firma_persistence::Value;
use serde::Serialize;

/// A member who could give what is missing, or change what stands in the way.
#[derive(Debug, Clone, Serialize)]
pub struct Giver {
    pub user_id: Id,
    pub name: String,
}

/// So many are named.
const MOST: usize = 20;
/// Assignments that are looked at: of roles that give roles there are few.
const LOOKED_AT: i64 = 500;

/// The right to do something to all rows of a kind.
pub(super) fn all(resource: &str, verb: Verb) -> Option<Permission> {
    Some(Permission {
        resource: resource_named(resource)?,
        verb,
        scope: Scope::Org,
    })
}

/// Live members who hold a permission and may give roles.
pub(super) fn givers(work: &mut Work<'_, '_>, missing: Permission) -> Result<Vec<Giver>, Refusal> {
    able(work, all("role-assignments", Verb::Create), Some(missing))
}

/// Live members who are let in and hold a permission, and another one too if it is asked for, by all their roles
/// together.
pub(super) fn able(
    work: &mut Work<'_, '_>,
    to: Option<Permission>,
    and: Option<Permission>,
) -> Result<Vec<Giver>, Refusal> {
    let Some(to) = to else {
        return Ok(vec![]);
    };
    let organization = work.organization();
    let grant = work.facts().explaining().assignments();
    let mut roles: Vec<Id> = work.tx.custom_roles_giving(grant, &to.name())?;
    let system = SYSTEM_ROLES.iter().filter(|role| !role.platform);
    roles.extend(
        system
            .filter(|role| role.scope(to.resource.name, to.verb) >= Some(to.scope))
            .map(|role| role.id),
    );
    let mut users = Vec::new();
    for role in roles {
        let held = vec![
            is::<RoleAssignment>("role_id", role),
            is::<RoleAssignment>("is_active", Value::Bool(true)),
        ];
        let held = work.open(grant)?.some(held, LOOKED_AT)?;
        users.extend(held.iter().map(|assignment| assignment.value.user_id));
    }
    users.sort();
    users.dedup();
    let mut found = Vec::new();
    for user in users {
        let Some((mut facts, ..)) = work.tx.facts_of_owner(organization, user)? else {
            continue;
        };
        if !holds(&facts, to) || and.is_some_and(|and| !holds(&facts, and)) {
            continue;
        }
        facts.lacks_factor = work.tx.lacks_factor(user, organization)?;
        if facts.enter().is_ok() {
            found.push(user);
        }
        if found.len() == MOST {
            break;
        }
    }
    // The factors were looked for as theirs; the call goes on as the caller's.
    let caller = work.user();
    work.tx.identify(caller)?;
    named(work, &found)
}

/// Members by their ids, for who may read members.
pub(super) fn named(work: &mut Work<'_, '_>, ids: &[Id]) -> Result<Vec<Giver>, Refusal> {
    let Some(members) = work.facts().may_read::<Member>() else {
        return Ok(Vec::new());
    };
    let found = work.open(members)?.by_ids(ids)?;
    let giver = |member: Record<Member>| Giver {
        user_id: member.id,
        name: member.value.name,
    };
    Ok(found.into_iter().map(giver).collect())
}

fn holds(facts: &Facts, permission: Permission) -> bool {
    facts.scope(permission.resource.name, permission.verb) >= Some(permission.scope)
}
