use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Given, SYSTEM_ROLES, Verb, permissions};
use firma_domain::Id;
use serde::Serialize;

/// A role and what it gives.
#[derive(Debug, Clone, Serialize)]
pub struct RoleView {
    pub id: Id,
    pub name: &'static str,
    pub display_name: &'static str,
    /// Names of permissions, the widest scope of each
    pub permissions: Vec<String>,
}

/// The roles that can be given in an organization.
pub fn roles(work: &Work<'_, '_>) -> Result<Vec<RoleView>, Refusal> {
    work.may("roles", Verb::Read)?;
    let view = |role: &firma_auth::access::Role| RoleView {
        id: role.id,
        name: role.name,
        display_name: role.display_name,
        permissions: permissions()
            .filter(|p| role.scope(p.resource.name, p.verb) == Some(p.scope))
            .map(|p| p.name())
            .collect(),
    };
    Ok(SYSTEM_ROLES
        .iter()
        .filter(|role| !role.platform)
        .map(view)
        .collect())
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
