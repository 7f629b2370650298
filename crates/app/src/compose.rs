//! Puts the parts together.

use crate::archive::{self, BackupHandler};
use crate::config::Config;
use crate::database::{has_users, migrate, settings, sources, target};
use crate::secret::{NEW_SECRET, known, root_secret};
use firma_adapters::{
    BreachedFile, DnsNames, LocalFiles, OidcProvider, OidcSettings, OtlpSettings, OtlpTracer, OutboxFolder,
    SmtpMailer, SystemEntropy,
};
use firma_auth::keys::Keys;
use firma_auth::token::AccessTokens;
use firma_domain::identity::BreachedPasswords;
use firma_domain::platform::{Mailer, Tracer};
use firma_domain::source::{Clock, Entropy};
use firma_persistence::private::{make_file, make_folder};
use firma_persistence::{Database, Settings, Sources};
use firma_services::Hasher;
use firma_services::identity::{
    AccountHandler, ArchiveHandler, EraseHandler, Lifetimes, Links, NoticeHandler, Provider, Providers,
    Signer,
};
use firma_services::installation::{Errors, Writing};
use firma_services::organizations::Domains;
use firma_services::platform::imports::ImportHandler;
use firma_services::platform::{
    Breaker, CleanUp, Files, Guarded, Handler, Leased, MailHandler, Retention, VerifyLogs, Worker,
    WorkerSettings,
};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Parts {
    pub(crate) database: Database,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Signer,
    pub(crate) files: Files,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) providers: Providers,
    pub(crate) domains: Domains,
    pub(crate) errors: Errors,
    pub(crate) traces: Option<Traces>,
}

/// Where spans go, if they go anywhere.
#[derive(Clone)]
pub(crate) struct Traces {
    pub(crate) tracer: Arc<OtlpTracer>,
    pub(crate) breaker: Arc<Breaker>,
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// The keys, for commands that look: none where there is no secret, and none is made.
pub(crate) fn known_keys(config: &Config) -> Result<Option<Keys>, String> {
    let given = config.secret.as_ref().map(|secret| *secret.reveal());
    let root = known(given, &config.data_dir).map_err(|e| e.to_string())?;
    let previous = config.secret_previous.as_ref().map(|secret| secret.reveal());
    Ok(root.map(|root| Keys::rotated(&root, previous)))
}

/// What nobody may choose as a password, if there is a file of it.
fn breached(config: &Config) -> Result<Option<Arc<dyn BreachedPasswords>>, String> {
    let Some(path) = &config.breached_passwords else {
        return Ok(None);
    };
    let file = BreachedFile::new(path).map_err(|e| format!("FIRMA_BREACHED_PASSWORDS: {e}"))?;
    Ok(Some(Arc::new(file)))
}

pub(crate) fn compose(config: &Config) -> Result<Parts, String> {
    compose_with(config, sources())
}

/// The same where there is a database already: what works on what is there makes none.
pub(crate) fn compose_existing(config: &Config) -> Result<Parts, String> {
    target(&config.database())?.there()?;
    compose(config)
}

/// The same on other sources of time, ids and randomness.
pub(crate) fn compose_with(config: &Config, sources: Sources) -> Result<Parts, String> {
    put_together(config, sources, 0)
}

/// The same for what runs for long, and so keeps its connections and traces what it does.
pub(crate) fn compose_to_stay(config: &Config) -> Result<Parts, String> {
    let folder = &config.data_dir;
    make_folder(folder)
        .and_then(|()| is_writable(folder))
        .map_err(|e| format!("FIRMA_DATA_DIR: {}: {e}", folder.display()))?;
    let parts = put_together(config, sources(), config.least_connections())?;
    let traces = traces(config, &parts.database.sources.clock)?;
    Ok(Parts { traces, ..parts })
}

/// Files and mails would fail one by one.
fn is_writable(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join("writable");
    match make_file(&probe) {
        // Another looks, too, or was killed as it did.
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    let _ = std::fs::remove_file(probe);
    Ok(())
}

fn traces(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Traces>, String> {
    let Some(endpoint) = &config.otel_exporter_otlp_endpoint else {
        return Ok(None);
    };
    let headers = config.otel_exporter_otlp_headers.as_ref();
    let settings = OtlpSettings {
        endpoint: endpoint.clone(),
        headers: headers
            .map(|headers| headers.reveal().clone())
            .unwrap_or_default(),
        service_name: config.otel_service_name.clone(),
        attributes: config.otel_resource_attributes.clone().unwrap_or_default(),
    };
    log::info!(
        "traces go to {endpoint} by {}",
        config.otel_exporter_otlp_protocol
    );
    let breaker = Arc::new(Breaker::new(clock.clone()));
    let tracer = Arc::new(OtlpTracer::start(&settings, breaker.clone())?);
    Ok(Some(Traces { tracer, breaker }))
}

fn put_together(config: &Config, sources: Sources, least: u32) -> Result<Parts, String> {
    make_folder(&config.data_dir)
        .map_err(|e| format!("FIRMA_DATA_DIR: {}: {e}", config.data_dir.display()))?;
    // What is wrong by itself is found before the database is changed.
    let given = config.secret.as_ref().map(|secret| *secret.reveal());
    let was_known = known(given, &config.data_dir)
        .map_err(|e| e.to_string())?
        .is_some();
    let breached = breached(config)?;
    let target = migrate(config)?;
    let root = root_secret(given, &config.data_dir, &|bytes| SystemEntropy.fill(bytes))
        .map_err(|e| e.to_string())?;
    let previous = config.secret_previous.as_ref().map(|secret| secret.reveal());
    let keys = Arc::new(Keys::rotated(&root, previous));
    let settings = Settings {
        least,
        ..settings(config, target)
    };
    let database = Database::open(&settings, sources.clone())?;
    if !was_known && has_users(&database) {
        log::warn!(
            "people have accounts, and there was no secret in {}, so a new one was made: {NEW_SECRET}",
            config.data_dir.display()
        );
    }
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let hasher = Hasher::start(threads, config.bcrypt_cost, sources.entropy.clone())?.refusing(breached);
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
    let errors = Errors::new(sources.clock.clone());
    let names = Arc::new(DnsNames::new(config.dns_server));
    let domains = Domains::new(names, sources.clock.clone())?;
    let breaker = Arc::new(Breaker::new(sources.clock));
    Ok(Parts {
        errors,
        traces: None,
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

/// What goes on beside calls and jobs, and ends after them.
pub(crate) struct Beside {
    writing: Writing,
    traces: Option<Traces>,
}

impl Beside {
    /// Writes and sends what is left, each for so long at most.
    pub(crate) fn stop(self, patience: Duration) {
        self.writing.stop(patience);
        if let Some(traces) = self.traces {
            traces.tracer.stop(patience);
        }
    }
}

impl Parts {
    pub(crate) fn beside(&self) -> Result<Beside, String> {
        Ok(Beside {
            writing: self.errors.start(self.database.clone())?,
            traces: self.traces.clone(),
        })
    }

    /// A worker with all handlers.
    pub(crate) fn work(&self, config: &Config, threads: u32) -> Result<Worker, String> {
        let mut handlers: Vec<Arc<dyn Handler>> = vec![
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
            Arc::new(ImportHandler::new(self.files.clone())),
            Arc::new(CleanUp {
                store: self.files.store.clone(),
                keep: Retention {
                    sessions: seconds(config.keep_sessions),
                    security_events: seconds(config.keep_security_events),
                    jobs: seconds(config.keep_jobs),
                    errors: seconds(config.keep_errors),
                    invitations: seconds(config.keep_invitations),
                    deleted: seconds(config.keep_deleted),
                    uploads: seconds(config.keep_uploads),
                },
                key: self.signer.keys.audit.clone(),
            }),
            Arc::new(VerifyLogs {
                key: self.signer.keys.audit.clone(),
            }),
        ];
        if config.backup_schedule.is_some() {
            let config = config.clone();
            handlers.push(Arc::new(BackupHandler { config }));
        }
        let settings = WorkerSettings {
            threads: usize::try_from(threads).unwrap_or(1),
            lease: lease(config),
            recurring: vec![
                CleanUp::every(seconds(config.clean_up_every)),
                VerifyLogs::every(seconds(config.verify_every)),
                archive::recurring(config.backup_schedule.clone()),
            ],
            errors: Some(self.errors.clone()),
            tracer: self
                .traces
                .as_ref()
                .map(|traces| -> Arc<dyn Tracer> { traces.tracer.clone() }),
            ..WorkerSettings::default()
        };
        Worker::start(self.database.clone(), handlers, settings)
    }

    /// Does one job, which is leased already, on the thread that calls: for a command that needs it done.
    pub(crate) fn work_off(
        &self,
        leased: Leased,
        lease: i64,
        handler: impl Handler + 'static,
    ) -> Result<(), String> {
        let settings = WorkerSettings {
            threads: 0,
            lease,
            ..WorkerSettings::default()
        };
        let worker = Worker::start(self.database.clone(), vec![Arc::new(handler)], settings)?;
        worker.work_on(leased);
        worker.stop(Duration::ZERO);
        Ok(())
    }
}

/// For how many seconds a job is leased.
pub(crate) fn lease(config: &Config) -> i64 {
    seconds(config.job_lease)
}
