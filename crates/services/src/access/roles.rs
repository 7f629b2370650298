use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{SYSTEM_ROLES, Verb, permissions, role_by_id};
use firma_domain::Id;
use firma_persistence::Tx;
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

/// The names of roles; the id of one that is gone.
pub(crate) fn names(_: &mut Work<'_, '_>, roles: &[Id]) -> Result<Vec<String>, Refusal> {
    let name = |id: &Id| role_by_id(*id).map_or_else(|| id.to_string(), |role| role.name.to_owned());
    Ok(roles.iter().map(name).collect())
}

/// The names of roles for people; of those that are there.
pub(crate) fn display_names(_: &mut Tx<'_>, _organization: Id, roles: &[Id]) -> Result<Vec<String>, Refusal> {
    let name = |id: &Id| role_by_id(*id).map(|role| role.display_name.to_owned());
    Ok(roles.iter().filter_map(name).collect())
}
