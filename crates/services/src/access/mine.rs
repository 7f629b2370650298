use crate::refusal::Refusal;
use crate::work::Work;
use firma_domain::{Id, Instant};
use serde::Serialize;

/// A role that gives something now.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    pub role_id: Id,
    pub name: String,
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

/// What the caller may do now, by all their roles together; a key, what is left of that.
pub fn mine(work: &mut Work<'_, '_>) -> Result<Mine, Refusal> {
    let facts = work.facts();
    let permissions = facts.permissions().iter().map(|p| p.name()).collect();
    let grant = facts.explaining().assignments();
    // A key holds permissions, and no role.
    let held: Vec<_> = match facts.key {
        None => facts.live().map(|a| (a.role.id(), a.expires_at)).collect(),
        Some(_) => vec![],
    };
    let ids: Vec<_> = held.iter().map(|(id, _)| *id).collect();
    let named = work.tx.given_roles(grant, &ids)?;
    let name = |(role_id, expires_at): (Id, Option<Instant>)| {
        let role = named.iter().find(|role| role.given.id() == role_id)?;
        Some(Held {
            role_id,
            name: role.name.clone(),
            expires_at,
        })
    };
    Ok(Mine {
        user_id: work.user(),
        roles: held.into_iter().filter_map(name).collect(),
        permissions,
    })
}
