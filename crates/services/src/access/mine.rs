use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Given, role_by_id};
use firma_domain::{Id, Instant};
use serde::Serialize;

/// A role that gives something now.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    pub role_id: Id,
    /// Its name, of a system role; a custom one's is read with the roles
    pub name: Option<&'static str>,
    pub expires_at: Option<Instant>,
}

/// What the caller may do in the organization.
#[derive(Debug, Clone, Serialize)]
pub struct Mine {
    pub user_id: Id,
    pub roles: Vec<Held>,
    /// Names of permissions, the widest scope of each
    pub permissions: Vec<String>,
}

/// What the caller may do now, by all their roles together.
pub fn mine(work: &Work<'_, '_>) -> Result<Mine, Refusal> {
    let facts = work.facts();
    let held = |role: &Given, expires_at| Held {
        role_id: role.id(),
        name: role_by_id(role.id()).map(|role| role.name),
        expires_at,
    };
    Ok(Mine {
        user_id: work.user(),
        roles: facts.live().map(|a| held(&a.role, a.expires_at)).collect(),
        permissions: facts.permissions().iter().map(|p| p.name()).collect(),
    })
}
