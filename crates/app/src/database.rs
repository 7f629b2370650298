//! The database: which one it is, migrated where that may be done, and opened.

use crate::config::{Config, Database as Url, Migrate};
use firma_adapters::{Ids, SystemClock, SystemEntropy};
use firma_domain::source::Clock;
use firma_persistence::migrations::{MigrationError, Migrator, is_same};
use firma_persistence::{Database, Settings, Sources, Target};
use firma_services::Tx;
use firma_services::identity::has_no_user;
use std::sync::Arc;
use std::time::Duration;

/// One statement of a command that looks at everything may take so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3_600);

pub(crate) fn sources() -> Sources {
    Sources {
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::default()),
        entropy: Arc::new(SystemEntropy),
    }
}

pub(crate) fn target(url: &Url) -> Result<Target, String> {
    match url {
        Url::Sqlite(path) => Ok(Target::Sqlite(path.clone())),
        Url::Postgres(url) => Target::parse(url.reveal()),
    }
}

/// The database with the login that owns its tables.
///
/// # Errors
/// Another URL names that login, and it is of another database.
pub(crate) fn owner(config: &Config) -> Result<Target, String> {
    let served = target(&config.database())?;
    let Some(url) = &config.migrate_database_url else {
        return Ok(served);
    };
    let owner = target(url)?;
    match is_same(&served, &owner).map_err(|e| e.to_string())? {
        true => Ok(owner),
        false => Err("DATABASE_URL and FIRMA_MIGRATE_DATABASE_URL name two databases".into()),
    }
}

/// Migrates where that may be done without asking: SQLite, an empty PostgreSQL, or where it is said. What is to be served.
pub(crate) fn migrate(config: &Config) -> Result<Target, String> {
    let target = target(&config.database())?;
    let owner = owner(config)?;
    let mut migrator = Migrator::connect(&owner, SystemClock.now()).map_err(|e| e.to_string())?;
    let unasked = matches!(owner, Target::Sqlite(_)) || config.migrate == Migrate::Auto;
    let run = |migrator: &mut Migrator| -> Result<(), MigrationError> {
        if !unasked && !migrator.is_empty()? {
            return migrator.check();
        }
        let done = migrator.run()?;
        done.steps.iter().for_each(|step| log::info!("migrated: {step}"));
        if let Some(backup) = done.backup {
            log::info!("the database as it was before is in {}", backup.display());
        }
        Ok(())
    };
    run(&mut migrator).map_err(|e| e.to_string())?;
    Ok(target)
}

pub(crate) fn settings(config: &Config, target: Target) -> Settings {
    Settings {
        role: config.db_role.clone(),
        connections: config.db_pool_max,
        idle_timeout: config.db_idle_timeout,
        connect_timeout: config.db_connect_timeout,
        statement_timeout: config.db_statement_timeout,
        needs_factor: config.second_factor,
        ..Settings::new(target)
    }
}

/// The database as it is, for commands that look at all of it: nothing is made and nothing migrated.
pub(crate) fn opened(config: &Config) -> Result<Database, String> {
    let settings = Settings {
        statement_timeout: PATIENCE,
        ..settings(config, target(&config.database())?.there()?)
    };
    Database::open(&settings, sources())
}

/// The same, with the schema of this binary.
pub(crate) fn existing(config: &Config) -> Result<Database, String> {
    let database = opened(config)?;
    let current = wait(database.read(|tx: &mut Tx<'_>| tx.is_current()))?;
    match current {
        Ok(true) => Ok(database),
        Ok(false) => {
            Err("the database hasn't just the migrations of this binary: see `firma-migrate status`".into())
        }
        Err(fault) => Err(format!(
            "the database can't be asked: {}; see `firma doctor`",
            database.said(&fault)
        )),
    }
}

pub(crate) fn has_users(database: &Database) -> bool {
    let nobody = database.read_waiting(|tx: &mut Tx<'_>| has_no_user(tx));
    nobody.is_ok_and(|nobody| !nobody)
}

/// Waits for what a command asks for.
pub(crate) fn wait<T>(asked: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|e| e.to_string())?;
    Ok(runtime.block_on(asked))
}
