use super::held::outdate_members;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Col, Cond, Sql};
use crate::store::columns::*;
use crate::store::{Parts, Tx, actor, id_or_null, stored};
use firma_auth::access::{Permission, Permissions};
use firma_domain::access::Role;
use firma_domain::{Id as RowId, Record};
use std::collections::HashMap;

stored! {
    Role in roles,
    columns { name: Text, display_name: Text, description: Nullable<Text>, role_type: Text, is_system: Bool }
    parts { permissions: PERMISSIONS }
    outdates { outdate_members }
    filter {}
    sort {}
}

/// They stand in `role_permissions`, each with who put it in, and when.
const PERMISSIONS: Parts<Role> = Parts { read, write };

fn read(tx: &mut Tx<'_>, organization: RowId, roles: &mut [Record<Role>]) -> Result<(), Fault> {
    let ids: Vec<_> = roles.iter().map(|role| role.id).collect();
    let given = tx.permissions_of(organization, &ids)?;
    for role in roles {
        role.value.permissions = given.get(&role.id).map(Permissions::names).unwrap_or_default();
    }
    Ok(())
}

fn write(
    tx: &mut Tx<'_>,
    (organization, by): (RowId, RowId),
    before: Option<&Role>,
    after: &Record<Role>,
) -> Result<(), Fault> {
    let (was, is) = (
        before.map_or(&[][..], |role| &role.permissions),
        &after.value.permissions,
    );
    let gone: Vec<_> = was.iter().filter(|name| !is.contains(name)).collect();
    let new: Vec<_> = is.iter().filter(|name| !was.contains(name)).collect();
    if !gone.is_empty() {
        Sql::<()>::text("DELETE FROM role_permissions WHERE organization_id = ")
            .bind(organization)
            .then(" AND role_id = ")
            .bind(after.id)
            .then(" AND permission_id IN (SELECT id FROM permissions WHERE ")
            .cond(named(&gone))
            .then(")")
            .run(tx)?;
    }
    if new.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let stored = Sql::<()>::text(
        "INSERT INTO role_permissions (organization_id, role_id, permission_id, granted_by, granted_at) SELECT ",
    )
    .binds(vec![organization.into(), after.id.into()])
    .then(", id, ")
    .binds(vec![id_or_null(actor(by)), now.into()])
    .then(" FROM permissions WHERE ")
    .cond(named(&new))
    .run(tx)?;
    match stored == new.len() {
        true => Ok(()),
        false => Err(Fault::internal(
            "the table of permissions isn't that of the code: it has to be seeded",
        )),
    }
}

fn named(names: &[&String]) -> Cond {
    let name = Col {
        table: "permissions",
        name: "name",
    };
    Cond::one_of(name, names.iter().map(|name| name.as_str().into()).collect())
}

impl Tx<'_> {
    /// What each of an organization's own roles gives. What the catalogue doesn't know any more gives nothing.
    pub(super) fn permissions_of(
        &mut self,
        organization: RowId,
        roles: &[RowId],
    ) -> Result<HashMap<RowId, Permissions>, Fault> {
        let role = Col {
            table: "g",
            name: "role_id",
        };
        let rows = Sql::<(IdType, Text)>::text(
            "SELECT g.role_id, p.name FROM role_permissions g JOIN permissions p ON p.id = g.permission_id \
             WHERE g.organization_id = ",
        )
        .bind(organization)
        .then(" AND ")
        .cond(Cond::one_of(role, roles.iter().map(|id| (*id).into()).collect()))
        .rows_on::<(Uid, String)>(self.looking()?)?;
        let mut given: HashMap<RowId, Permissions> = HashMap::new();
        for (role, name) in rows {
            let permission = Permission::parse(&name);
            permission
                .into_iter()
                .for_each(|p| given.entry(role.0).or_default().put(p));
        }
        Ok(given)
    }
}
