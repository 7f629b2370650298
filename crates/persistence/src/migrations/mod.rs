//! Brings a database to the schema that this binary knows, and back.

mod copy;
mod known;
mod lock;
mod seed;
mod statistics;

use crate::backend::{AnyConnection, Target, connect_owner};
use crate::private::{make_file, make_folder};
use copy::whole;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use firma_domain::Instant;
pub use known::is_same;
pub(crate) use known::{applied, known};
pub(crate) use lock::Lock;
use std::path::{Path, PathBuf};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Why a migration can't be done.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database can't be reached.
    #[error("the database can't be reached: {0}")]
    Connect(String),
    /// Another process is migrating.
    #[error("another process is migrating this database")]
    Locked,
    /// The database was migrated by a newer binary.
    #[error("the database has migrations that this binary doesn't know ({}): use a newer one", .0.join(", "))]
    Newer(Vec<String>),
    /// The database lacks migrations that this binary has.
    #[error("the database lacks the migrations {}: run `firma-migrate run`", .0.join(", "))]
    Older(Vec<String>),
    /// Who migrated it was stopped before its end.
    #[error("the database lacks permissions or system roles: run `firma-migrate seed`")]
    Unseeded,
    /// A step failed, and nothing of that step stays; on SQLite, nothing of those before it either.
    #[error("{0}")]
    Failed(String),
}

type Outcome<T> = Result<T, MigrationError>;

impl From<diesel::result::Error> for MigrationError {
    fn from(error: diesel::result::Error) -> MigrationError {
        failed(error)
    }
}

fn failed(e: impl std::fmt::Display) -> MigrationError {
    MigrationError::Failed(e.to_string())
}

/// One migration and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub applied: bool,
    /// Whether this binary has it; of another one only the version is known
    pub known: bool,
}

/// What was done: the migrations, and the copy of the file that was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub steps: Vec<String>,
    pub backup: Option<PathBuf>,
}

/// A database to be migrated, as its owner.
pub struct Migrator {
    target: Target,
    conn: AnyConnection,
    now: Instant,
}

impl Migrator {
    /// Connects. A SQLite file that isn't there is made, with its folder.
    ///
    /// # Errors
    /// The database can't be reached.
    pub fn connect(target: &Target, now: Instant) -> Outcome<Migrator> {
        if let Target::Sqlite(path) = target
            && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            make_folder(folder).map_err(|e| MigrationError::Connect(format!("{}: {e}", folder.display())))?;
        }
        if let Target::Sqlite(path) = target {
            make_private(path).map_err(|e| MigrationError::Connect(format!("{}: {e}", path.display())))?;
        }
        let conn = connect_owner(target).map_err(MigrationError::Connect)?;
        Ok(Migrator {
            target: target.clone(),
            conn,
            now,
        })
    }

    /// All migrations of this binary, in order, and then those that only the database has.
    ///
    /// # Errors
    /// The database can't be asked.
    pub fn status(&mut self) -> Outcome<Vec<Step>> {
        let (known, applied) = (known(&self.conn)?, self.applied()?);
        let newer = applied
            .iter()
            .filter(|version| known.iter().all(|(one, _)| one != *version));
        let newer = newer.map(|version| Step {
            applied: true,
            known: false,
            name: version.clone(),
        });
        let step = |(version, name): &(String, String)| Step {
            applied: applied.contains(version),
            known: true,
            name: name.clone(),
        };
        Ok(known.iter().map(step).chain(newer).collect())
    }

    /// Whether there is nothing in the database, neither ours nor another program's.
    ///
    /// # Errors
    /// The database can't be asked.
    pub fn is_empty(&mut self) -> Outcome<bool> {
        use diesel::prelude::*;
        use diesel::{dsl::sql, sql_types::BigInt};
        let tables = match &mut self.conn {
            AnyConnection::Pg(c) => sql::<BigInt>(
                "SELECT COUNT(*) FROM pg_tables WHERE schemaname = ANY (current_schemas(false)) \
                 AND tablename <> '__diesel_schema_migrations'",
            )
            .get_result::<i64>(c),
            AnyConnection::Sqlite(c) => sql::<BigInt>(
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' \
                 AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> '__diesel_schema_migrations'",
            )
            .get_result::<i64>(c),
        };
        Ok(tables.map_err(failed)? == 0 && self.applied()?.is_empty())
    }

    /// Whether the database has just the schema of this binary, and what every installation needs.
    ///
    /// # Errors
    /// [`MigrationError::Newer`], [`MigrationError::Older`] or [`MigrationError::Unseeded`].
    pub fn check(&mut self) -> Outcome<()> {
        self.check_schema()?;
        match seed::is_seeded(&mut self.conn).map_err(failed)? {
            true => Ok(()),
            false => Err(MigrationError::Unseeded),
        }
    }

    fn check_schema(&mut self) -> Outcome<()> {
        self.refuse_newer()?;
        let missing: Vec<_> = self.missing()?;
        if missing.is_empty() {
            Ok(())
        } else {
            Err(MigrationError::Older(missing))
        }
    }

    /// Applies what is missing and seeds.
    ///
    /// # Errors
    /// Locked by another, migrated by a newer binary, or a step that fails.
    pub fn run(&mut self) -> Outcome<Done> {
        let _lock = Lock::take(&self.target, &mut self.conn)?;
        self.run_locked()
    }

    fn run_locked(&mut self) -> Outcome<Done> {
        self.refuse_newer()?;
        let steps = self.missing()?;
        let backup = match steps.first() {
            Some(first) if !self.is_empty()? => self.back_up(first)?,
            _ => None,
        };
        if !steps.is_empty() {
            let applied = match &mut self.conn {
                AnyConnection::Pg(c) => c.run_pending_migrations(POSTGRES).map(drop).map_err(failed),
                AnyConnection::Sqlite(c) => {
                    whole(c, |c| c.run_pending_migrations(SQLITE).map(drop).map_err(failed))
                }
            };
            applied.inspect_err(|_| self.drop_copy(&steps, backup.as_deref()))?;
        }
        statistics::tell(&mut self.conn).map_err(failed)?;
        seed::seed(&mut self.conn, self.now).map_err(failed)?;
        Ok(Done { steps, backup })
    }

    /// Takes the last migration back.
    ///
    /// # Errors
    /// As [`Migrator::run`]; or there is none.
    pub fn revert(&mut self) -> Outcome<Done> {
        let _lock = Lock::take(&self.target, &mut self.conn)?;
        self.revert_locked()
    }

    /// Takes the last migration back and applies it again.
    ///
    /// # Errors
    /// As [`Migrator::run`].
    pub fn redo(&mut self) -> Outcome<Done> {
        // One lock for both: else another process could migrate in between.
        let _lock = Lock::take(&self.target, &mut self.conn)?;
        let back = self.revert_locked()?;
        let done = self.run_locked()?;
        // All that was applied: more than one where others were missing before.
        Ok(Done {
            backup: back.backup,
            ..done
        })
    }

    /// Puts in what every installation needs; again and again without change.
    ///
    /// # Errors
    /// The schema isn't this binary's.
    pub fn seed(&mut self) -> Outcome<()> {
        let _lock = Lock::take(&self.target, &mut self.conn)?;
        self.check_schema()?;
        seed::seed(&mut self.conn, self.now).map_err(failed)
    }

    fn revert_locked(&mut self) -> Outcome<Done> {
        self.refuse_newer()?;
        let last = self.status()?.into_iter().rfind(|step| step.applied);
        let last = last
            .ok_or_else(|| failed("there is no migration to take back"))?
            .name;
        let backup = self.back_up(&last)?;
        match &mut self.conn {
            AnyConnection::Pg(c) => c.revert_last_migration(POSTGRES).map(drop).map_err(failed)?,
            AnyConnection::Sqlite(c) => {
                whole(c, |c| c.revert_last_migration(SQLITE).map(drop).map_err(failed))?;
            }
        }
        Ok(Done {
            steps: vec![last],
            backup,
        })
    }

    fn missing(&mut self) -> Outcome<Vec<String>> {
        Ok(self
            .status()?
            .into_iter()
            .filter(|step| !step.applied)
            .map(|step| step.name)
            .collect())
    }

    fn refuse_newer(&mut self) -> Outcome<()> {
        let newer = self.status()?.into_iter().filter(|step| !step.known);
        let newer: Vec<_> = newer.map(|step| step.name).collect();
        match newer.is_empty() {
            true => Ok(()),
            false => Err(MigrationError::Newer(newer)),
        }
    }

    fn applied(&mut self) -> Outcome<Vec<String>> {
        applied(&mut self.conn).map_err(failed)
    }

    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.conn
    }

    pub(crate) fn lock(&mut self) -> Outcome<Lock> {
        Lock::take(&self.target, &mut self.conn)
    }

    /// Applies just these migrations, and seeds nothing: the rows come from elsewhere.
    pub(crate) fn run_just(&mut self, versions: &[String]) -> Outcome<()> {
        let known = known(&self.conn)?;
        let is_known = |version: &&String| known.iter().any(|(one, _)| one == *version);
        let newer: Vec<_> = versions
            .iter()
            .filter(|version| !is_known(version))
            .cloned()
            .collect();
        if !newer.is_empty() {
            return Err(MigrationError::Newer(newer));
        }
        match &mut self.conn {
            AnyConnection::Pg(c) => these(c, &POSTGRES, versions),
            AnyConnection::Sqlite(c) => these(c, &SQLITE, versions),
        }
    }

    /// Takes all migrations back.
    pub(crate) fn revert_all(&mut self) -> Outcome<()> {
        match &mut self.conn {
            AnyConnection::Pg(c) => c.revert_all_migrations(POSTGRES).map(drop).map_err(failed),
            AnyConnection::Sqlite(c) => c.revert_all_migrations(SQLITE).map(drop).map_err(failed),
        }
    }
}

/// An empty file for its owner alone, which SQLite fills. One that is there already stays as it is; SQLite gives its
/// mode to the files beside it.
fn make_private(path: &Path) -> std::io::Result<()> {
    match make_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

fn these<DB, C>(conn: &mut C, source: &EmbeddedMigrations, versions: &[String]) -> Outcome<()>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    // Makes the table of what is applied.
    conn.applied_migrations().map_err(failed)?;
    let mut all = MigrationSource::<DB>::migrations(source).map_err(failed)?;
    all.sort_by_key(|one| one.name().version().to_string());
    for one in all {
        if versions.contains(&one.name().version().to_string()) {
            conn.run_migration(&one).map_err(failed)?;
        }
    }
    Ok(())
}
