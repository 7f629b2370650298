use super::memory::At;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{Integer, Text};
use firma_auth::access::{Action, Given, Grant, role_by_id};
use firma_domain::Id;
use firma_domain::access::RoleAssignment;

/// A role that can be given in an organization: what it is called, and what it gives.
#[derive(Debug, Clone)]
pub struct GivenRole {
    pub name: String,
    pub given: Given,
}

const CUSTOM: &str = "SELECT id, name, version FROM roles WHERE deleted_at IS NULL AND organization_id = ";

impl Tx<'_> {
    /// The organization's own roles that give the permission of that name.
    pub fn custom_roles_giving<A: Action>(
        &mut self,
        grant: Grant<RoleAssignment, A>,
        permission: &str,
    ) -> Result<Vec<Id>, Fault> {
        let rows = Sql::<IdType>::text(
            "SELECT g.role_id FROM role_permissions g JOIN permissions p ON p.id = g.permission_id \
             JOIN roles r ON r.organization_id = g.organization_id AND r.id = g.role_id AND r.deleted_at IS NULL \
             WHERE g.organization_id = ",
        )
        .bind(grant.organization())
        .then(" AND p.name = ")
        .bind(permission)
        .rows::<Uid>(self)?;
        Ok(rows.into_iter().map(|role| role.0).collect())
    }

    /// Those of the roles that can be given in the grant's organization: the system's, but for the platform's,
    /// and its own, as they are now.
    pub fn given_roles<A: Action>(
        &mut self,
        grant: Grant<RoleAssignment, A>,
        ids: &[Id],
    ) -> Result<Vec<GivenRole>, Fault> {
        let system = ids.iter().filter_map(|id| role_by_id(*id));
        let mut roles: Vec<_> = system
            .filter(|role| !role.platform)
            .map(|role| GivenRole {
                name: role.name.to_owned(),
                given: Given::System(role),
            })
            .collect();
        let custom: Vec<Value> = ids
            .iter()
            .filter(|id| role_by_id(**id).is_none())
            .map(|id| (*id).into())
            .collect();
        if custom.is_empty() {
            return Ok(roles);
        }
        // Until the end of a transaction that gives one it isn't deleted.
        let held = if self.writes() { ") FOR KEY SHARE" } else { ")" };
        let only = Sql::<(IdType, Text, Integer)>::text(CUSTOM)
            .bind(grant.organization())
            .then(" AND id IN (")
            .binds(custom)
            .then_either(held, ")");
        roles.extend(self.given_by(grant.organization(), only)?);
        Ok(roles)
    }

    /// The organization's own roles.
    pub fn custom_roles<A: Action>(
        &mut self,
        grant: Grant<RoleAssignment, A>,
    ) -> Result<Vec<GivenRole>, Fault> {
        let all = Sql::<(IdType, Text, Integer)>::text(CUSTOM)
            .bind(grant.organization())
            .then(" ORDER BY name");
        self.given_by(grant.organization(), all)
    }

    fn given_by(
        &mut self,
        organization: Id,
        statement: Sql<(IdType, Text, Integer)>,
    ) -> Result<Vec<GivenRole>, Fault> {
        let rows = statement.rows::<(Uid, String, i32)>(self)?;
        let at = |(id, _, version): &(Uid, String, i32)| At {
            organization,
            of: id.0,
            version: *version,
        };
        let at: Vec<_> = rows.iter().map(at).collect();
        let permissions = self.role_permissions(&at)?;
        let role = |(id, name, _): (Uid, String, i32)| {
            let given = Given::Custom(id.0, permissions.get(&id.0)?.clone());
            Some(GivenRole { name, given })
        };
        Ok(rows.into_iter().filter_map(role).collect())
    }
}
