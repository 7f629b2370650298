//! What this binary knows of migrations, what a database has of them, and which database it is.

use super::{Outcome, POSTGRES, SQLITE, failed};
use crate::backend::AnyConnection;
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;

/// On PostgreSQL the server, by when it was started, and the database in it.
pub(super) fn place() -> Sql<Text> {
    Sql::either(
        "SELECT current_database()::text || ' ' || EXTRACT(EPOCH FROM pg_postmaster_start_time())::text",
        "SELECT file FROM pragma_database_list WHERE name = 'main'",
    )
}

impl Tx<'_> {
    /// Which database it is, however it is named.
    ///
    /// # Errors
    /// The database can't be asked.
    pub fn place(&mut self) -> Result<String, Fault> {
        place().one(self)
    }

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
