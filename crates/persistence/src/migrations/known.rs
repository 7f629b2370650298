//! What this binary knows of migrations, what a database has of them, and which database it is.

use super::{MigrationError, Outcome, POSTGRES, SQLITE, failed};
use crate::backend::{AnyConnection, Target, connect_owner};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use std::path::Path;

/// Whether both are one database, however they name it.
///
/// # Errors
/// One of them can't be reached.
pub fn is_same(one: &Target, other: &Target) -> Result<bool, MigrationError> {
    match (one, other) {
        (Target::Sqlite(one), Target::Sqlite(other)) => {
            let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            // One that isn't there yet is called what it is called.
            let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| absolute(path));
            Ok(place(one) == place(other))
        }
        (Target::Postgres(_), Target::Postgres(_)) => Ok(one == other || place(one)? == place(other)?),
        _ => Ok(false),
    }
}

/// The server, by when it was started, and the database in it.
fn place(of: &Target) -> Result<String, MigrationError> {
    let mut conn = connect_owner(of).map_err(MigrationError::Connect)?;
    let place = Sql::<Text>::text(
        "SELECT current_database()::text || ' ' || EXTRACT(EPOCH FROM pg_postmaster_start_time())::text",
    );
    place.one_on(&mut conn).map_err(failed)
}

impl Tx<'_> {
    /// Whether the database has just the migrations of this binary.
    ///
    /// # Errors
    /// The database can't be asked.
    pub fn is_current(&mut self) -> Result<bool, Fault> {
        let conn = self.looking()?;
        let applied = applied(conn)?;
        let known = known(conn).map_err(|e| Fault::Internal(e.to_string()))?;
        Ok(known.iter().map(|(version, _)| version).eq(&applied))
    }
}

/// The versions that the database has.
pub(crate) fn applied(conn: &mut AnyConnection) -> Result<Vec<String>, Fault> {
    // Diesel's own look would make the table, and who only serves may not.
    let there = Sql::<Bool>::either(
        "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL",
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')",
    );
    if !there.one_on::<bool>(conn)? {
        return Ok(vec![]);
    }
    let versions = Sql::<Text>::text("SELECT version FROM __diesel_schema_migrations ORDER BY version");
    versions.rows_on(conn)
}

pub(crate) fn known(conn: &AnyConnection) -> Outcome<Vec<(String, String)>> {
    fn names<DB: diesel::backend::Backend>(all: Vec<Box<dyn Migration<DB>>>) -> Vec<(String, String)> {
        let mut names: Vec<_> = all
            .iter()
            .map(|m| (m.name().version().to_string(), m.name().to_string()))
            .collect();
        names.sort();
        names
    }
    match conn {
        AnyConnection::Pg(_) => MigrationSource::<Pg>::migrations(&POSTGRES)
            .map(names)
            .map_err(failed),
        AnyConnection::Sqlite(_) => MigrationSource::<Sqlite>::migrations(&SQLITE)
            .map(names)
            .map_err(failed),
    }
}
