//! What every installation needs: the catalogue of permissions and the system roles, as the code has them.

use crate::backend::AnyConnection;
use crate::fault::Fault;
use crate::sql::{Kind, Sql, Value};
use firma_auth::access::{Permission, Role, SYSTEM_ROLES, permissions};
use firma_domain::{Id, Instant};
use sha2::{Digest, Sha256};

pub(super) fn seed(conn: &mut AnyConnection, now: Instant) -> Result<(), Fault> {
    conn.batch("BEGIN")?;
    match seed_all(conn, now) {
        Ok(()) => Ok(conn.batch("COMMIT")?),
        Err(fault) => {
            let _ = conn.batch("ROLLBACK");
            Err(fault)
        }
    }
}

/// From the name, so that it stays whatever else comes into the catalogue.
fn permission_id(name: &str) -> Id {
    let digest = Sha256::digest(name);
    let mut random = [0; 10];
    random.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Id::from_parts(0, &random)
}

fn seed_all(conn: &mut AnyConnection, now: Instant) -> Result<(), Fault> {
    for permission in permissions() {
        upsert_permission(conn, &permission)?;
    }
    for role in SYSTEM_ROLES {
        upsert_role(conn, role)?;
        for permission in permissions() {
            if role.scope(permission.resource.name, permission.verb) >= Some(permission.scope) {
                Sql::<()>::text(
                    "INSERT INTO role_permissions (organization_id, role_id, permission_id, granted_at) \
                     SELECT ",
                )
                .binds(vec![Id::NIL.into(), role.id.into()])
                .then(", p.id, ")
                .bind(now)
                .then(" FROM permissions p WHERE p.name = ")
                .bind(Value::Text(permission.name()))
                .then(" ON CONFLICT DO NOTHING")
                .run_on(conn)?;
            }
        }
    }
    Ok(())
}

fn upsert_permission(conn: &mut AnyConnection, permission: &Permission) -> Result<(), Fault> {
    let what = format!(
        "{} {} ({})",
        permission.verb.as_str(),
        permission.resource.name.replace('-', " "),
        permission.scope.as_str()
    );
    Sql::<()>::text(
        "INSERT INTO permissions (id, name, resource, action, scope, description, category, is_system) VALUES (",
    )
    .binds(vec![
        permission_id(&permission.name()).into(),
        Value::Text(permission.name()),
        permission.resource.name.into(),
        permission.verb.as_str().into(),
        permission.scope.as_str().into(),
        Value::Text(what),
        permission.resource.module.into(),
        Value::Bool(true),
    ])
    .then(") ON CONFLICT (name) DO UPDATE SET description = excluded.description, category = excluded.category")
    .run_on(conn)?;
    Ok(())
}

fn upsert_role(conn: &mut AnyConnection, role: &Role) -> Result<(), Fault> {
    let named = |is: bool| {
        if is {
            Value::from(role.name)
        } else {
            Value::Null(Kind::Text)
        }
    };
    Sql::<()>::text(
        "INSERT INTO roles (organization_id, id, name, display_name, role_type, platform_role, organization_role, \
         is_system) VALUES (",
    )
    .binds(vec![
        Id::NIL.into(),
        role.id.into(),
        role.name.into(),
        role.display_name.into(),
        if role.platform { "platform" } else { "organization" }.into(),
        named(role.platform),
        named(!role.platform),
        Value::Bool(true),
    ])
    .then(") ON CONFLICT (organization_id, id) DO UPDATE SET display_name = excluded.display_name")
    .run_on(conn)?;
    Ok(())
}
