//! Puts the parts together.

use crate::config::{Config, Database as Url, Migrate};
use crate::secret::{make_folder, root_secret};
use firma_adapters::{Ids, SystemClock, SystemEntropy};
use firma_auth::keys::Keys;
use firma_auth::token::AccessTokens;
use firma_domain::source::{Clock, Entropy};
use firma_persistence::migrations::{MigrationError, Migrator};
use firma_persistence::{Database, Settings, Sources, Target};
use firma_services::Hasher;
use firma_services::identity::{Lifetimes, Signer};
use std::sync::Arc;

/// However often it is refreshed, a session ends after so many seconds: 30 days.
const SESSION: i64 = 30 * 24 * 3_600;

pub(crate) struct Parts {
    pub(crate) database: Database,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Signer,
}

fn sources() -> Sources {
    Sources {
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::default()),
        entropy: Arc::new(SystemEntropy),
    }
}

fn target(url: &Url) -> Result<Target, String> {
    match url {
        Url::Sqlite(path) => Ok(Target::Sqlite(path.clone())),
        Url::Postgres(url) => Target::parse(url.reveal()),
    }
}

/// Migrates where that may be done without asking: SQLite, an empty PostgreSQL, or where it is said.
fn migrate(config: &Config) -> Result<Target, String> {
    let target = target(&config.database())?;
    let owner = match &config.migrate_database_url {
        Some(url) => self::target(url)?,
        None => target.clone(),
    };
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

pub(crate) fn compose(config: &Config) -> Result<Parts, String> {
    make_folder(&config.data_dir).map_err(|e| format!("{}: {e}", config.data_dir.display()))?;
    let target = migrate(config)?;
    let given = config.secret.as_ref().map(|secret| *secret.reveal());
    let root = root_secret(given, &config.data_dir, &|bytes| SystemEntropy.fill(bytes))
        .map_err(|e| e.to_string())?;
    let keys = Arc::new(Keys::derive(&root));
    let sources = sources();
    let settings = Settings {
        role: config.db_role.clone(),
        connections: config.db_pool_max,
        connect_timeout: config.db_connect_timeout,
        statement_timeout: config.db_statement_timeout,
        ..Settings::new(target)
    };
    let database = Database::open(&settings, sources.clone())?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let hasher = Hasher::start(threads, config.bcrypt_cost, sources.entropy.clone())?;
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let signer = Signer {
        access: Arc::new(AccessTokens::new(&keys.access)),
        keys,
        lifetimes: Lifetimes {
            access: seconds(config.access_ttl),
            refresh: seconds(config.refresh_ttl),
            session: SESSION,
        },
        entropy: sources.entropy,
    };
    Ok(Parts {
        database,
        hasher,
        signer,
    })
}
