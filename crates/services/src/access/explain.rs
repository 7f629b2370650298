//! Why a member may do something, or may not: which assignment, which role, how far; or what is missing, and who
//! could give it.

mod givers;
mod keys;
mod reason;
mod rows;

use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Facts, Permission, Resource, Scope, Verb, resource_named};
use firma_domain::access::RoleAssignment;
use firma_domain::{Id, Instant, Record};
use givers::{Giver, givers};
use keys::KeyLimits;
pub use reason::Reason;
pub use rows::explained;
use rows::{Place, place};
use serde::Serialize;

/// What is asked: may the member do this, to that row if one is named?
#[derive(Debug, Clone)]
pub struct Question {
    /// The caller, unless another is named
    pub user: Option<Id>,
    /// `deals:update`, or as far as a scope: `deals:update:team`
    pub permission: String,
    /// A row of the permission's collection
    pub resource: Option<Id>,
    /// An API key: what is asked is whether it may, in the place of the member who made it
    pub key: Option<Id>,
}

/// One role that the member has or had, and what it gives of what is asked.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    pub assignment_id: Id,
    pub role_id: Id,
    pub role: String,
    pub is_active: bool,
    pub expires_at: Option<Instant>,
    /// How far the role gives it; none where it doesn't
    pub scope: Option<&'static str>,
    /// Whether it does now
    pub gives: bool,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    pub user_id: Id,
    pub permission: String,
    pub allowed: bool,
    pub reason: Option<Reason>,
    /// How far the member may do it now, by all roles together
    pub scope: Option<&'static str>,
    pub because: Vec<Source>,
    /// Where the row stands for the member
    pub row: Option<Place>,
    /// The narrowest permission that is missing
    pub missing: Option<String>,
    /// Members who hold it and may give roles; at most 20
    pub given_by: Vec<Giver>,
    /// Members who could change what stands in the way where no role does; at most 20
    pub changed_by: Vec<Giver>,
    /// The limits of the API key that was asked about
    pub key: Option<KeyLimits>,
}

struct Asked {
    resource: &'static Resource,
    verb: Verb,
    scope: Option<Scope>,
}

/// Explains it. Of oneself everybody may ask, of others who may read members, roles and who holds them, of a key who may
/// read keys.
pub fn explain(work: &mut Work<'_, '_>, question: &Question) -> Result<Explanation, Refusal> {
    let caller = work.user();
    let key = match question.key {
        Some(key) => Some(keys::asked(work, key, question.user)?),
        None => None,
    };
    let maker = key.as_ref().and_then(|key| key.created_by);
    let user = maker.or(question.user).unwrap_or(caller);
    if user != caller {
        work.may("members", Verb::Read)?;
        work.may("roles", Verb::Read)?;
        work.may("role-assignments", Verb::Read)?;
    }
    let asked = asked(&question.permission)?;
    let members = work.facts().explaining().members();
    if work.open(members)?.by_ids(&[user])?.is_empty() {
        return Err(Refusal::NotFound);
    }
    let because = sources(work, user, &asked)?;
    let row = match question.resource {
        Some(row) => Some(place(work, asked.resource, row, user)?),
        None => None,
    };
    let organization = work.organization();
    let known = work.tx.facts_of_owner(organization, user)?;
    let lacks_factor = work.tx.lacks_factor(user, organization)?;
    // The question was asked about somebody; the call goes on as the caller's.
    work.tx.identify(caller)?;
    let facts = known.map(|(mut facts, ..)| {
        facts.lacks_factor = lacks_factor;
        facts.key = key.as_ref().map(keys::as_called);
        facts
    });
    let asked = seen(asked, facts.as_ref(), row.as_ref());
    let scope = facts
        .as_ref()
        .and_then(|facts| facts.scope(asked.resource.name, asked.verb));
    let needed = row.as_ref().map(|row| row.needs).or(asked.scope);
    let over = key.as_ref().and_then(|key| keys::over(key, work.now()));
    let reason = over.or_else(|| reason::reason(facts.as_ref(), &asked, needed));
    let missing = reason
        .filter(|reason| reason.is_of_roles())
        .and_then(|_| missing(&asked, scope, needed));
    let given_by = match missing {
        Some(missing) if reason != Some(Reason::KeyTooNarrow) => givers(work, missing)?,
        _ => vec![],
    };
    let owner = facts.as_ref().and_then(|facts| facts.tenant.owner);
    let changed_by = match reason {
        Some(reason) => reason.changed_by(work, user, owner, missing)?,
        None => vec![],
    };
    Ok(Explanation {
        user_id: user,
        permission: question.permission.clone(),
        allowed: reason.is_none(),
        reason,
        scope: scope.map(Scope::as_str),
        because,
        row,
        missing: missing.map(|missing| missing.name()),
        given_by,
        changed_by,
        key: key.map(|key| KeyLimits::of(key, &asked)),
    })
}

/// What is to be explained of a row that might be changed, but may not be read, by who may read others: it isn't there to
/// be changed.
fn seen(asked: Asked, facts: Option<&Facts>, row: Option<&Place>) -> Asked {
    let scope = |verb| facts.and_then(|facts| facts.scope(asked.resource.name, verb));
    let is_hidden = row.is_some_and(|row| {
        scope(Verb::Read).is_some_and(|read| read < row.needs) && scope(asked.verb) >= Some(row.needs)
    });
    match matches!(asked.verb, Verb::Update | Verb::Delete) && is_hidden {
        true => Asked {
            verb: Verb::Read,
            ..asked
        },
        false => asked,
    }
}

fn asked(name: &str) -> Result<Asked, Refusal> {
    let wrong = || Refusal::parameter("permission", "invalid_value", "is no permission of the catalogue");
    if let Some(permission) = Permission::parse(name) {
        return Ok(Asked {
            resource: permission.resource,
            verb: permission.verb,
            scope: Some(permission.scope),
        });
    }
    let (resource, verb) = name.split_once(':').ok_or_else(wrong)?;
    let resource = resource_named(resource).ok_or_else(wrong)?;
    let verb = Verb::parse(verb).filter(|verb| resource.verbs.contains(verb));
    Ok(Asked {
        resource,
        verb: verb.ok_or_else(wrong)?,
        scope: None,
    })
}

fn sources(work: &mut Work<'_, '_>, user: Id, asked: &Asked) -> Result<Vec<Source>, Refusal> {
    let now = work.now();
    let grant = work.facts().explaining().assignments();
    let held = work
        .open(grant)?
        .some(vec![is::<RoleAssignment>("user_id", user)], 1_000)?;
    let ids: Vec<_> = held.iter().map(|assignment| assignment.value.role_id).collect();
    let roles = work.tx.given_roles(grant, &ids)?;
    let source = |assignment: Record<RoleAssignment>| {
        let value = &assignment.value;
        // A role that was deleted since gives nothing and isn't called anything.
        let role = roles.iter().find(|role| role.given.id() == value.role_id)?;
        let scope = role.given.scope(asked.resource, asked.verb);
        Some(Source {
            assignment_id: assignment.id,
            role_id: value.role_id,
            role: role.name.clone(),
            is_active: value.is_active,
            expires_at: value.expires_at,
            scope: scope.map(Scope::as_str),
            gives: scope.is_some() && value.gives(now),
        })
    };
    Ok(held.into_iter().filter_map(source).collect())
}

/// The narrowest permission that would do; none where no permission would.
fn missing(asked: &Asked, scope: Option<Scope>, needed: Option<Scope>) -> Option<Permission> {
    let scopes = asked.resource.scopes();
    let enough = |candidate: &&Scope| needed <= Some(**candidate) && scope < Some(**candidate);
    Some(Permission {
        resource: asked.resource,
        verb: asked.verb,
        scope: *scopes.iter().find(enough)?,
    })
}
