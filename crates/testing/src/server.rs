//! A server over HTTP on a port of its own.

use crate::client::Client;
use crate::database::TestDatabase;
use actix_web::{HttpServer, web};
use firma_adapters::{Ids, LocalFiles, SystemClock, SystemEntropy};
use firma_auth::keys::Keys;
use firma_auth::token::AccessTokens;
use firma_domain::Id;
use firma_domain::identity::Signup;
use firma_domain::organizations::{Names, NamesAway};
use firma_domain::source::Clock;
use firma_http::{Breakers, Draining, Limits, Metrics, Site, State, app};
use firma_persistence::identity::NewSession;
use firma_persistence::{Database, Origin, Settings, Sources, Tx};
use firma_services::Hasher;
use firma_services::identity::{LastUsed, Lifetimes, Providers, Signer};
use firma_services::installation::{Errors, Watch};
use firma_services::organizations::Domains;
use firma_services::platform::{Breaker, Files};
use std::sync::Arc;
use tempfile::TempDir;

/// Runs until it is dropped.
pub struct Server {
    pub database: Database,
    pub base: TestDatabase,
    pub signer: Signer,
    pub hasher: Hasher,
    /// What went wrong on its side; written down when the test says so
    pub errors: Errors,
    pub url: String,
    pub files: Files,
    /// Where the bytes of files are
    pub folder: TempDir,
    handle: actix_web::dev::ServerHandle,
}

/// What a test server asks of who wants its metrics.
pub const METRICS_TOKEN: &str = "a-token-for-the-metrics-of-a-test";

/// The most bytes of a body on a test server.
pub const MAX_BODY: usize = 2_000_000;
/// The most bytes of files there.
pub const MAX_IMAGE: u64 = 50_000;
pub const MAX_DOCUMENT: u64 = 200_000;

/// Where only this machine reaches it.
fn here() -> Site {
    Site {
        is_local: true,
        ..Site::default()
    }
}

/// A domain name system in which nobody has set a record.
struct Empty;

impl Names for Empty {
    fn texts(&self, _: &str) -> Result<Vec<String>, NamesAway> {
        Ok(vec![])
    }
}

/// No provider.
fn nobody() -> Providers {
    Providers::new(vec![]).unwrap()
}

/// Neither.
fn alone() -> (Providers, Arc<dyn Names>) {
    (nobody(), Arc::new(Empty))
}

impl Server {
    /// Starts one over a database.
    pub fn start(base: TestDatabase) -> Server {
        Server::start_by(base, Arc::new(SystemClock))
    }

    /// Starts one with other pages than those of the server.
    pub fn start_with(base: TestDatabase, pages: fn(&mut web::ServiceConfig)) -> Server {
        let rules = (Limits::wide(), Signup::Open);
        Server::serve(
            base,
            Arc::new(SystemClock),
            pages,
            here(),
            Keys::derive(&[7; 32]),
            rules,
            alone(),
        )
    }

    /// Starts one that goes by a clock of the test's own.
    pub fn start_by(base: TestDatabase, clock: Arc<dyn Clock>) -> Server {
        Server::start_at(base, clock, here(), Keys::derive(&[7; 32]))
    }

    /// Starts another on the same database, by the same clock.
    pub fn beside(&self) -> Server {
        Server::start_by(self.base.shared(), self.database.sources.clock.clone())
    }

    /// Starts one that stands somewhere else, with keys of its own.
    pub fn start_at(base: TestDatabase, clock: Arc<dyn Clock>, site: Site, keys: Keys) -> Server {
        let rules = (Limits::wide(), Signup::Open);
        Server::serve(base, clock, firma_console::mount, site, keys, rules, alone())
    }

    /// The same with limits, and rules for who gets an account.
    pub fn start_for(
        base: TestDatabase,
        clock: Arc<dyn Clock>,
        site: Site,
        keys: Keys,
        rules: (Limits, Signup),
    ) -> Server {
        Server::serve(base, clock, firma_console::mount, site, keys, rules, alone())
    }

    /// Starts one where people sign in by others, too.
    pub fn start_beside(
        base: TestDatabase,
        clock: Arc<dyn Clock>,
        signup: Signup,
        providers: Providers,
    ) -> Server {
        let (keys, rules) = (Keys::derive(&[7; 32]), (Limits::wide(), signup));
        Server::serve(
            base,
            clock,
            firma_console::mount,
            here(),
            keys,
            rules,
            (providers, Arc::new(Empty)),
        )
    }

    /// Starts one that asks a domain name system.
    pub fn start_asking(base: TestDatabase, clock: Arc<dyn Clock>, names: Arc<dyn Names>) -> Server {
        let (keys, rules) = (Keys::derive(&[7; 32]), (Limits::wide(), Signup::Open));
        let others = (nobody(), names);
        Server::serve(base, clock, firma_console::mount, here(), keys, rules, others)
    }

    fn serve(
        base: TestDatabase,
        clock: Arc<dyn Clock>,
        pages: fn(&mut web::ServiceConfig),
        site: Site,
        keys: Keys,
        (limits, signup): (Limits, Signup),
        (providers, names): (Providers, Arc<dyn Names>),
    ) -> Server {
        let sources = Sources {
            clock,
            ids: Arc::new(Ids::default()),
            entropy: Arc::new(SystemEntropy),
        };
        let database = Database::open(&Settings::new(base.target().clone()), sources.clone()).unwrap();
        let keys = Arc::new(keys);
        let signer = Signer {
            access: Arc::new(AccessTokens::new(&keys.access)),
            keys,
            lifetimes: Lifetimes {
                access: 900,
                refresh: 7 * 86_400,
                session: 30 * 86_400,
            },
            entropy: sources.entropy.clone(),
        };
        // A low cost: tests sign in often.
        let hasher = Hasher::start(2, 4, sources.entropy.clone()).unwrap();
        let folder = TempDir::new().unwrap();
        let files = Files {
            store: Arc::new(LocalFiles::new(folder.path().join("files"))),
            max_image: MAX_IMAGE,
            max_document: MAX_DOCUMENT,
        };
        let mail = Arc::new(Breaker::new(sources.clock.clone()));
        let domains = Domains::new(names, sources.clock.clone()).unwrap();
        let breakers = Breakers {
            mail: mail.clone(),
            domains: domains.clone(),
            traces: None,
            providers: providers.clone(),
        };
        let errors = Errors::new(sources.clock.clone());
        let state = web::Data::new(State {
            database: database.clone(),
            hasher: hasher.clone(),
            signer: signer.clone(),
            max_body: MAX_BODY,
            draining: Draining::default(),
            used: LastUsed::default(),
            watch: Watch::default(),
            errors: errors.clone(),
            traces: None,
            limits,
            signup,
            metrics: Metrics::new(&database, Some(METRICS_TOKEN), breakers, errors.clone()),
            site,
            files: files.clone(),
            mail,
            providers,
            domains,
        });
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || app(state.clone(), pages))
                    .workers(2)
                    .disable_signals()
                    .bind("127.0.0.1:0")
                    .unwrap();
                let port = server.addrs()[0].port();
                let server = server.run();
                sender.send((port, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (port, handle) = receiver.recv().unwrap();
        Server {
            database,
            base,
            signer,
            hasher,
            errors,
            url: format!("http://127.0.0.1:{port}"),
            files,
            folder,
            handle,
        }
    }

    /// Runs a use case directly, as a call that writes.
    pub fn write<T, F>(&self, run: F) -> T
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, firma_services::Refusal> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime
            .block_on(self.database.write(Origin::default(), run))
            .unwrap()
    }

    /// Runs something directly, as a call that reads.
    pub fn read<T, F>(&self, run: F) -> T
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, firma_services::Refusal> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.database.read(run)).unwrap()
    }

    /// A session of a user that lives for an hour; none where the user isn't active.
    pub fn sign_in(&self, user: Id) -> Option<Id> {
        self.write(move |tx| {
            let (id, now) = (tx.new_id(), tx.now());
            let end = now.plus_seconds(3_600);
            let new = NewSession {
                id,
                user,
                refresh_hash: [0; 32],
                expires_at: end,
                ends_at: end,
            };
            Ok(tx.add_session(new)?.then_some(id))
        })
    }

    /// The same of a user who is active.
    pub fn session(&self, user: Id) -> Id {
        self.sign_in(user).unwrap()
    }

    /// An access token of a session that lives, for `seconds` from now.
    pub fn token(&self, user: Id, seconds: i64) -> String {
        let (session, now) = (self.session(user), self.database.sources.clock.now());
        self.signer.access.issue(user, session, now, seconds).unwrap()
    }

    /// A client who is signed in.
    pub fn client(&self, user: Id) -> Client {
        Client::new(&self.url, Some(self.token(user, 900)))
    }

    /// A client who isn't.
    pub fn nobody(&self) -> Client {
        Client::new(&self.url, None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}
