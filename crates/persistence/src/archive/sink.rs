use super::catalogue::{Column, Table, quoted, tables};
use super::source::each_row;
use crate::backend::{AnyConnection, Target};
use crate::migrations::{Lock, Migrator};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use firma_domain::Instant;
use std::path::PathBuf;

/// An empty database that is being filled, in one transaction. Dropped before it is finished, it is empty again.
pub struct Sink {
    migrator: Migrator,
    lock: Option<Lock>,
    /// SQLite's file, where it wasn't there before
    made: Option<PathBuf>,
    tables: Vec<Table>,
    /// PostgreSQL: what takes each foreign key away, and what brings it back
    references: Vec<(String, String)>,
    open: bool,
}

fn said(e: impl std::fmt::Display) -> String {
    e.to_string()
}

const REFERENCES: &str = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) || E'\\n' || \
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY oid";

impl Sink {
    /// Brings an empty database to the schema that the rows are of.
    ///
    /// # Errors
    /// It can't be reached, there is something in it, another process migrates it, or this binary doesn't know one
    /// of the migrations.
    pub fn open(target: &Target, now: Instant, migrations: &[String]) -> Result<Sink, String> {
        let made = match target {
            Target::Sqlite(path) if !path.exists() => Some(path.clone()),
            _ => None,
        };
        let mut migrator = Migrator::connect(target, now).map_err(said)?;
        let lock = migrator.lock().map_err(said)?;
        if !migrator.is_empty().map_err(said)? {
            return Err("the database isn't empty, and nothing was done: name another one".into());
        }
        let mut sink = Sink {
            migrator,
            lock: Some(lock),
            made,
            tables: Vec::new(),
            references: Vec::new(),
            open: true,
        };
        sink.migrator.run_just(migrations).map_err(said)?;
        sink.begin()?;
        Ok(sink)
    }

    /// Without references, which are checked at the end, tables and rows come in any order.
    fn begin(&mut self) -> Result<(), String> {
        let conn = self.migrator.conn();
        self.tables = tables(conn)?;
        match conn {
            AnyConnection::Sqlite(_) => conn.batch("BEGIN IMMEDIATE").map_err(said)?,
            AnyConnection::Pg(c) => {
                let lines: Vec<String> = sql::<Text>(REFERENCES).load(c).map_err(said)?;
                let both = |line: &String| {
                    line.split_once('\n')
                        .map(|(drop, add)| (drop.to_owned(), add.to_owned()))
                };
                self.references = lines.iter().filter_map(both).collect();
                conn.batch("SET TIME ZONE 'UTC'; SET datestyle = 'ISO'; SET statement_timeout = 0; BEGIN")
                    .map_err(said)?;
                for (drop, _) in &self.references {
                    conn.batch(drop).map_err(said)?;
                }
            }
        }
        // What the migrations put in comes with the rows.
        for table in &self.tables {
            let name = quoted(&table.name);
            let some = sql::<Text>(&format!("SELECT 'some' FROM {name} LIMIT 1"));
            let some: Option<String> = match conn {
                AnyConnection::Pg(c) => some.get_result(c).optional(),
                AnyConnection::Sqlite(c) => some.get_result(c).optional(),
            }
            .map_err(said)?;
            if some.is_some() {
                conn.batch(&format!("DELETE FROM {name}")).map_err(said)?;
            }
        }
        Ok(())
    }

    /// The table of that name, if it has just these columns.
    ///
    /// # Errors
    /// It hasn't.
    pub fn table(&self, name: &str, columns: &[(String, String)]) -> Result<Table, String> {
        let there = self.tables.iter().find(|table| table.name == name);
        let there = there.ok_or_else(|| format!("there is no table {name}"))?;
        let find = |(name, kind): &(String, String)| {
            let same = |column: &&Column| column.name == *name && column.kind == kind;
            there.columns.iter().find(same).cloned()
        };
        let found: Option<Vec<_>> = columns.iter().map(find).collect();
        match found.filter(|found| found.len() == there.columns.len()) {
            Some(columns) => Ok(Table {
                name: name.to_owned(),
                columns,
            }),
            None => Err(format!("{name} has other columns here")),
        }
    }

    /// Adds rows: a JSON array of them.
    ///
    /// # Errors
    /// A row doesn't fit the table.
    pub fn insert(&mut self, table: &Table, rows: &str) -> Result<(), String> {
        let conn = self.migrator.conn();
        let postgres = matches!(conn, AnyConnection::Pg(_));
        let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        let values = table.columns.iter().enumerate();
        let values: Vec<_> = values.map(|(at, column)| column.write(at, postgres)).collect();
        let from = match postgres {
            true => "json_array_elements($1::json) AS r",
            // Else SQLite takes what follows for an upsert's condition.
            false => "json_each(?) AS r WHERE true",
        };
        let statement = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {from}",
            quoted(&table.name),
            names.join(", "),
            values.join(", ")
        );
        let insert = diesel::sql_query(statement).bind::<Text, _>(rows);
        match conn {
            AnyConnection::Pg(c) => insert.execute(c),
            AnyConnection::Sqlite(c) => insert.execute(c),
        }
        .map(drop)
        .map_err(|e| format!("{}: {e}", table.name))
    }

    /// Each row that is in a table now.
    ///
    /// # Errors
    /// The database goes away, or `each` fails.
    pub fn rows(
        &mut self,
        table: &Table,
        each: impl FnMut(&[Option<String>]) -> Result<(), String>,
    ) -> Result<(), String> {
        each_row(self.migrator.conn(), table, each)
    }

    /// Checks the references, commits, and brings the database to this binary's schema. What was migrated.
    ///
    /// # Errors
    /// A row refers to one that isn't there; or a migration fails, after which the rows stay as they came.
    pub fn finish(mut self) -> Result<Vec<String>, String> {
        for (_, add) in &self.references {
            self.migrator.conn().batch(add).map_err(said)?;
        }
        self.migrator.check_references().map_err(said)?;
        self.migrator.conn().batch("COMMIT").map_err(said)?;
        self.open = false;
        self.lock = None;
        Ok(self.migrator.run().map_err(said)?.steps)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let _ = self.migrator.conn().batch("ROLLBACK");
        match &self.made {
            Some(path) => {
                for end in ["", "-wal", "-shm", ".migrating"] {
                    let _ = std::fs::remove_file(format!("{}{end}", path.display()));
                }
            }
            None => {
                if let Err(e) = self.migrator.revert_all() {
                    log::warn!("the database isn't empty again: {e}");
                }
            }
        }
    }
}
