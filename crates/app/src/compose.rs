//! Puts the parts together.

use crate::config::{Config, Database as Url, Migrate};
use crate::secret::{make_folder, root_secret};
use firma_adapters::{
    DnsNames, Ids, LocalFiles, OidcProvider, OidcSettings, OutboxFolder, SmtpMailer, SystemClock,
    SystemEntropy,
};
use firma_auth::keys::Keys;
use firma_auth::token::AccessTokens;
use firma_domain::platform::Mailer;
use firma_domain::source::{Clock, Entropy};
use firma_persistence::migrations::{MigrationError, Migrator};
use firma_persistence::{Database, Settings, Sources, Target};
use firma_services::identity::{
    AccountHandler, ArchiveHandler, EraseHandler, Lifetimes, Links, NoticeHandler, Provider, Providers,
    Signer,
};
use firma_services::organizations::Domains;
use firma_services::platform::imports::ImportHandler;
use firma_services::platform::{
    Breaker, CleanUp, Files, Guarded, Handler, MailHandler, Retention, Worker, WorkerSettings,
};
use firma_services::{Hasher, Tx};
use std::sync::Arc;
use std::time::Duration;

/// One statement of a command that looks at everything may take so long.
const PATIENCE: Duration = Duration::from_secs(3_600);

pub(crate) struct Parts {
    pub(crate) database: Database,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Signer,
    pub(crate) files: Files,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) providers: Providers,
    pub(crate) domains: Domains,
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) fn sources() -> Sources {
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

/// The database with the login that owns its tables.
pub(crate) fn owner(config: &Config) -> Result<Target, String> {
    match &config.migrate_database_url {
        Some(url) => target(url),
        None => target(&config.database()),
    }
}

/// Migrates where that may be done without asking: SQLite, an empty PostgreSQL, or where it is said.
fn migrate(config: &Config) -> Result<Target, String> {
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

fn settings(config: &Config, target: Target) -> Settings {
    Settings {
        role: config.db_role.clone(),
        connections: config.db_pool_max,
        connect_timeout: config.db_connect_timeout,
        statement_timeout: config.db_statement_timeout,
        ..Settings::new(target)
    }
}

/// Refuses a database that isn't there: to open SQLite's file would make one.
pub(crate) fn there(target: Target) -> Result<Target, String> {
    match &target {
        Target::Sqlite(path) if !path.exists() => Err(format!("there is no database {}", path.display())),
        _ => Ok(target),
    }
}

/// The database as it is, for commands that look at all of it: nothing is made and nothing migrated.
pub(crate) fn opened(config: &Config) -> Result<Database, String> {
    let settings = Settings {
        statement_timeout: PATIENCE,
        ..settings(config, there(target(&config.database())?)?)
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
            "the database can't be asked: {fault}; see `firma doctor`"
        )),
    }
}

/// Waits for what a command asks for.
pub(crate) fn wait<T>(asked: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|e| e.to_string())?;
    Ok(runtime.block_on(asked))
}

pub(crate) fn compose(config: &Config) -> Result<Parts, String> {
    compose_with(config, sources())
}

/// The same on other sources of time, ids and randomness.
pub(crate) fn compose_with(config: &Config, sources: Sources) -> Result<Parts, String> {
    make_folder(&config.data_dir).map_err(|e| format!("{}: {e}", config.data_dir.display()))?;
    let target = migrate(config)?;
    let given = config.secret.as_ref().map(|secret| *secret.reveal());
    let root = root_secret(given, &config.data_dir, &|bytes| SystemEntropy.fill(bytes))
        .map_err(|e| e.to_string())?;
    let previous = config.secret_previous.as_ref().map(|secret| secret.reveal());
    let keys = Arc::new(Keys::rotated(&root, previous));
    let database = Database::open(&settings(config, target), sources.clone())?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let hasher = Hasher::start(threads, config.bcrypt_cost, sources.entropy.clone())?;
    let signer = Signer {
        access: Arc::new(AccessTokens::new(&keys.access)),
        keys,
        lifetimes: Lifetimes {
            access: seconds(config.access_ttl),
            refresh: seconds(config.refresh_ttl),
            session: seconds(config.session_ttl),
        },
        entropy: sources.entropy,
    };
    let providers = providers(config, &sources.clock)?;
    let names = Arc::new(DnsNames::new(config.dns_server));
    let domains = Domains::new(names, sources.clock.clone())?;
    let breaker = Arc::new(Breaker::new(sources.clock));
    Ok(Parts {
        database,
        hasher,
        signer,
        files: files(config),
        mailer: mailer(config, breaker.clone())?,
        breaker,
        providers,
        domains,
    })
}

fn providers(config: &Config, clock: &Arc<dyn Clock>) -> Result<Providers, String> {
    let mut all = Vec::new();
    for provider in &config.providers {
        let settings = OidcSettings {
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            client_secret: provider
                .client_secret
                .as_ref()
                .map(|secret| secret.reveal().clone()),
            scopes: provider.scopes.clone(),
        };
        let port = Arc::new(OidcProvider::new(settings, clock.clone())?);
        let (name, label) = (provider.name.clone(), provider.label.clone());
        all.push(Provider::new(name, label, port, clock.clone()));
    }
    Providers::new(all)
}

fn files(config: &Config) -> Files {
    let most = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    Files {
        store: Arc::new(LocalFiles::new(config.data_dir.join("files"))),
        max_image: most(config.max_image),
        max_document: most(config.max_document),
    }
}

fn mailer(config: &Config, breaker: Arc<Breaker>) -> Result<Arc<dyn Mailer>, String> {
    match &config.smtp_url {
        Some(url) => Ok(Arc::new(Guarded {
            mailer: Arc::new(SmtpMailer::new(url.reveal(), &config.mail_from)?),
            breaker,
        })),
        None => {
            let folder = config.data_dir.join("outbox");
            Ok(Arc::new(OutboxFolder::new(folder, &config.mail_from)?))
        }
    }
}

impl Parts {
    /// A worker with all handlers.
    pub(crate) fn work(&self, config: &Config, threads: u32) -> Result<Worker, String> {
        let handlers: Vec<Arc<dyn Handler>> = vec![
            Arc::new(MailHandler {
                mailer: self.mailer.clone(),
            }),
            Arc::new(AccountHandler {
                signer: self.signer.clone(),
                links: Links {
                    server: config.public_url.clone(),
                    // No page takes a token yet: the mails say which call does.
                    pages: None,
                },
            }),
            Arc::new(NoticeHandler),
            Arc::new(ArchiveHandler {
                files: self.files.clone(),
            }),
            Arc::new(EraseHandler),
            Arc::new(ImportHandler {
                files: self.files.clone(),
            }),
            Arc::new(CleanUp {
                store: self.files.store.clone(),
                keep: Retention {
                    sessions: seconds(config.keep_sessions),
                    security_events: seconds(config.keep_security_events),
                    jobs: seconds(config.keep_jobs),
                    invitations: seconds(config.keep_invitations),
                    deleted: seconds(config.keep_deleted),
                    uploads: seconds(config.keep_uploads),
                },
            }),
        ];
        let settings = WorkerSettings {
            threads: usize::try_from(threads).unwrap_or(1),
            lease: seconds(config.job_lease),
            clean_up_every: seconds(config.clean_up_every),
            ..WorkerSettings::default()
        };
        Worker::start(self.database.clone(), handlers, settings)
    }
}
