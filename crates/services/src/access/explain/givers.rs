use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Facts, Permission, SYSTEM_ROLES, Scope, Verb, resource_named};
use firma_domain::Id;
use firma_domain::access::RoleAssignment;
use firma_persistence::Value;
use serde::Serialize;

/// A member who could give what is missing.
#[derive(Debug, Clone, Serialize)]
pub struct Giver {
    pub user_id: Id,
    pub name: String,
}

/// So many are named.
const MOST: usize = 20;
/// Assignments that are looked at: of roles that give roles there are few.
const LOOKED_AT: i64 = 500;

/// Live members who hold a permission and may give roles, by all their roles together.
pub(super) fn givers(work: &mut Work<'_, '_>, missing: Permission) -> Result<Vec<Giver>, Refusal> {
    let Some(giving) = resource_named("role-assignments") else {
        return Ok(vec![]);
    };
    let may_give = Permission {
        resource: giving,
        verb: Verb::Create,
        scope: Scope::Org,
    };
    let organization = work.organization();
    let grant = work.facts().explaining().assignments();
    let mut roles: Vec<Id> = work.tx.custom_roles_giving(grant, &may_give.name())?;
    let system = SYSTEM_ROLES.iter().filter(|role| !role.platform);
    roles.extend(
        system
            .filter(|role| role.scope(giving.name, Verb::Create).is_some())
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
    let mut able = Vec::new();
    for user in users {
        let facts = work.tx.facts_of_owner(organization, user)?;
        if facts.is_some_and(|(facts, ..)| holds(&facts, may_give) && holds(&facts, missing)) {
            able.push(user);
        }
        if able.len() == MOST {
            break;
        }
    }
    let members = work.facts().explaining().members();
    let found = work.open(members)?.by_ids(&able)?;
    Ok(found
        .into_iter()
        .map(|member| Giver {
            user_id: member.id,
            name: member.value.name,
        })
        .collect())
}

fn holds(facts: &Facts, permission: Permission) -> bool {
    facts.scope(permission.resource.name, permission.verb) >= Some(permission.scope)
}
