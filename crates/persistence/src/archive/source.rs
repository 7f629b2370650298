use super::catalogue::{Table, quoted, tables};
use crate::backend::{AnyConnection, Target, connect_owner};
use crate::migrations::{applied, known};
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::Text;

/// One state of a database, to be read from beginning to end while others write.
pub struct Source {
    conn: AnyConnection,
    /// The migrations that it has
    pub migrations: Vec<String>,
    pub tables: Vec<Table>,
}

fn said(e: impl std::fmt::Display) -> String {
    e.to_string()
}

impl Source {
    /// Takes hold of the state that the database is in now. On PostgreSQL it has to be the tables' owner: a row
    /// that row-level security would hide is an error, not a gap.
    ///
    /// # Errors
    /// The database can't be reached, is damaged, or has migrations that this binary doesn't know.
    pub fn open(target: &Target) -> Result<Source, String> {
        let mut conn = connect_owner(target)?;
        match &mut conn {
            AnyConnection::Pg(_) => conn.batch(
                "SET row_security = off; SET TIME ZONE 'UTC'; SET datestyle = 'ISO'; SET statement_timeout = 0; \
                 BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            ),
            AnyConnection::Sqlite(_) => conn.batch("PRAGMA query_only = ON; BEGIN"),
        }
        .map_err(said)?;
        if let AnyConnection::Sqlite(c) = &mut conn {
            let found: Vec<String> = sql::<Text>("PRAGMA integrity_check").load(c).map_err(said)?;
            if found != ["ok"] {
                return Err(format!("the database is damaged: {}", found.join("; ")));
            }
        }
        let migrations = applied(&mut conn).map_err(said)?;
        let known = known(&conn).map_err(said)?;
        if let Some(newer) = migrations
            .iter()
            .find(|one| known.iter().all(|(version, _)| version != *one))
        {
            return Err(format!(
                "the database has the migration {newer}, which this binary doesn't know: use a newer one"
            ));
        }
        let tables = tables(&mut conn)?;
        Ok(Source {
            conn,
            migrations,
            tables,
        })
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self.conn {
            AnyConnection::Pg(_) => "postgres",
            AnyConnection::Sqlite(_) => "sqlite",
        }
    }

    /// Each row of a table, one at a time, however many there are.
    ///
    /// # Errors
    /// The database goes away, or `each` fails.
    pub fn rows(
        &mut self,
        table: &Table,
        each: impl FnMut(&[Option<String>]) -> Result<(), String>,
    ) -> Result<(), String> {
        each_row(&mut self.conn, table, each)
    }
}

/// The rows of a table as texts, in the order of its columns here.
pub(super) fn each_row(
    conn: &mut AnyConnection,
    table: &Table,
    mut each: impl FnMut(&[Option<String>]) -> Result<(), String>,
) -> Result<(), String> {
    let postgres = matches!(conn, AnyConnection::Pg(_));
    let columns: Vec<_> = table.columns.iter().map(|column| column.read(postgres)).collect();
    let array = match postgres {
        true => format!("json_build_array({})::text", columns.join(", ")),
        false => format!("json_array({})", columns.join(", ")),
    };
    let query = sql::<Text>(&format!("SELECT {array} FROM {}", quoted(&table.name)));
    let mut each = |row: diesel::QueryResult<String>| {
        let row: Vec<Option<String>> = serde_json::from_str(&row.map_err(said)?).map_err(said)?;
        each(&row)
    };
    match conn {
        AnyConnection::Pg(c) => {
            let rows = query
                .load_iter::<String, PgRowByRowLoadingMode>(c)
                .map_err(said)?;
            rows.into_iter().try_for_each(&mut each)
        }
        AnyConnection::Sqlite(c) => {
            let mut rows = query.load_iter::<String, DefaultLoadingMode>(c).map_err(said)?;
            rows.try_for_each(&mut each)
        }
    }
}
