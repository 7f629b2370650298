//! What every installation needs: the catalogue of permissions and the system roles, as the code has them. And the
//! words of users who were there before these were kept.

use crate::backend::AnyConnection;
use crate::fault::Fault;
use crate::identity::users::{COLUMNS, Columns, Row, found};
use crate::identity::words::words_of;
use crate::sql::{Kind, Sql, Value};
use diesel::sql_types::Text;
use firma_auth::access::{Role, SYSTEM_ROLES, Verb, permissions, platform_permissions};
use firma_domain::{Id, Instant};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

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

/// What the table has of a permission.
struct Told {
    name: String,
    resource: &'static str,
    verb: Verb,
    scope: &'static str,
    category: &'static str,
}

fn told() -> impl Iterator<Item = Told> {
    let inside = permissions().map(|p| Told {
        name: p.name(),
        resource: p.resource.name,
        verb: p.verb,
        scope: p.scope.as_str(),
        category: p.resource.module,
    });
    let platform = platform_permissions().map(|p| Told {
        name: p.name(),
        resource: p.resource,
        verb: p.verb,
        scope: "platform",
        category: "platform",
    });
    inside.chain(platform)
}

/// The names of all permissions that a role gives, the narrower ones too.
fn given_by(role: &Role) -> impl Iterator<Item = String> {
    let inside = permissions()
        .filter(|p| role.scope(p.resource.name, p.verb) >= Some(p.scope))
        .map(|p| p.name());
    let platform = platform_permissions()
        .filter(|p| role.gives_on_platform(*p))
        .map(|p| p.name());
    inside.chain(platform)
}

fn seed_all(conn: &mut AnyConnection, now: Instant) -> Result<(), Fault> {
    upsert_permissions(conn)?;
    for role in SYSTEM_ROLES {
        upsert_role(conn, role, now)?;
        let given = given_by(role).map(|name| {
            vec![
                Id::NIL.into(),
                role.id.into(),
                permission_id(&name).into(),
                now.into(),
            ]
        });
        rows(
            "INSERT INTO role_permissions (organization_id, role_id, permission_id, granted_at) VALUES (",
            given,
        )
        .then(") ON CONFLICT DO NOTHING")
        .run_on(conn)?;
    }
    name_users(conn)
}

/// Whether every permission is there, and every system role gives what it gives in the code.
pub(super) fn is_seeded(conn: &mut AnyConnection) -> Result<bool, Fault> {
    let names = Sql::<Text>::text("SELECT name FROM permissions").rows_on::<String>(conn)?;
    let given = Sql::<(Text, Text)>::text(
        "SELECT r.name, p.name FROM role_permissions g JOIN permissions p ON p.id = g.permission_id \
         JOIN roles r ON r.organization_id = g.organization_id AND r.id = g.role_id WHERE g.organization_id = ",
    )
    .bind(Id::NIL)
    .rows_on::<(String, String)>(conn)?;
    let (names, given): (HashSet<_>, HashSet<_>) = (names.into_iter().collect(), given.into_iter().collect());
    let gives_all = |role: &Role| given_by(role).all(|name| given.contains(&(role.name.to_owned(), name)));
    Ok(told().all(|permission| names.contains(&permission.name)) && SYSTEM_ROLES.iter().all(gives_all))
}

/// Folding is no matter of SQL, so this is none of a migration's.
fn name_users(conn: &mut AnyConnection) -> Result<(), Fault> {
    let nameless = Sql::<Columns>::text("SELECT ")
        .then(COLUMNS)
        .then(
            " FROM users WHERE deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM user_words w WHERE w.user_id = users.id)",
        )
        .rows_on::<Row>(conn)?;
    for row in nameless {
        let user = found(row)?;
        for word in words_of(&user.value) {
            Sql::<()>::text("INSERT INTO user_words (user_id, word) VALUES (")
                .binds(vec![user.id.into(), Value::Text(word)])
                .then(")")
                .run_on(conn)?;
        }
    }
    Ok(())
}

/// One statement for many rows: on a server elsewhere each would be a round trip.
fn rows(insert: &'static str, rows: impl Iterator<Item = Vec<Value>>) -> Sql<()> {
    let mut statement = Sql::<()>::text(insert);
    for (n, row) in rows.enumerate() {
        if n > 0 {
            statement = statement.then("), (");
        }
        statement = statement.binds(row);
    }
    statement
}

fn upsert_permissions(conn: &mut AnyConnection) -> Result<(), Fault> {
    let told = told().map(|permission| {
        let what = format!(
            "{} {} ({})",
            permission.verb.as_str(),
            permission.resource.replace('-', " "),
            permission.scope
        );
        vec![
            permission_id(&permission.name).into(),
            Value::Text(permission.name),
            permission.resource.into(),
            permission.verb.as_str().into(),
            permission.scope.into(),
            Value::Text(what),
            permission.category.into(),
            Value::Bool(true),
        ]
    });
    rows(
        "INSERT INTO permissions (id, name, resource, action, scope, description, category, is_system) VALUES (",
        told,
    )
    .then(") ON CONFLICT (name) DO UPDATE SET description = excluded.description, category = excluded.category")
    .run_on(conn)?;
    Ok(())
}

fn upsert_role(conn: &mut AnyConnection, role: &Role, now: Instant) -> Result<(), Fault> {
    let named = |is: bool| {
        if is {
            Value::from(role.name)
        } else {
            Value::Null(Kind::Text)
        }
    };
    Sql::<()>::text(
        "INSERT INTO roles (organization_id, id, name, display_name, role_type, platform_role, organization_role, \
         is_system, version, created_at, updated_at) VALUES (",
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
        Value::Int(1),
        now.into(),
        now.into(),
    ])
    .then(") ON CONFLICT (organization_id, id) DO UPDATE SET display_name = excluded.display_name")
    .run_on(conn)?;
    Ok(())
}
