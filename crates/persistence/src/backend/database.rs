//! The database as the layers above see it: two ways in, reading and writing.

use super::call::{Call, Work};
use super::manager::Manager;
use super::meter::{Load, Meter, Refusals};
use super::queue::{self, Full};
use super::seat::Seat;
use super::target::Target;
use super::threads::{self, Rest};
use super::trace::Timed;
use crate::access::{Hits, Memory};
use crate::fault::{Failure, Fault};
use crate::sql::Sql;
use crate::store::{Origin, Tx};
use crossbeam_channel::{Sender, TrySendError, bounded};
use diesel::sql_types::{Bool, Text};
use firma_domain::identity::SecurityKind;
use firma_domain::source::{Clock, Entropy, IdSource};
use prometheus_client::metrics::histogram::Histogram;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::sync::oneshot::Receiver;

/// Time, ids and randomness, given.
#[derive(Clone)]
pub struct Sources {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub entropy: Arc<dyn Entropy>,
}

/// How to open a database.
#[derive(Debug, Clone)]
pub struct Settings {
    pub target: Target,
    /// The role that the server takes on, on PostgreSQL
    pub role: String,
    /// Connections on PostgreSQL, readers on SQLite; two a core and at least four, or one a core
    pub connections: Option<u32>,
    /// So many of PostgreSQL's connections are opened at once and stay open
    pub least: u32,
    /// One more of PostgreSQL's is closed when there was nothing to do for so long
    pub idle_timeout: Duration,
    pub connect_timeout: Duration,
    pub statement_timeout: Duration,
    /// Whether nobody is let into an organization, or onto the platform, without a second factor, whatever the
    /// organization says
    pub needs_factor: bool,
}

impl Settings {
    /// The usual settings for a target.
    pub fn new(target: Target) -> Settings {
        Settings {
            target,
            role: "firma_app".into(),
            connections: None,
            least: 0,
            idle_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            needs_factor: false,
        }
    }
}

/// Connections to PostgreSQL where nobody says how many: two a core, and at least four.
pub fn usual_connections() -> u32 {
    (cores() * 2).max(4)
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(2, |n| u32::try_from(n.get()).unwrap_or(2))
}

/// A call that looks at many rows is waited for so many times as long as another: it has many statements.
const WIDE: u32 = 10;
/// Calls that may wait; one more is refused as busy.
const WAITING: usize = 1_024;

/// An open database. Cheap to clone; the threads end with the last one.
#[derive(Clone)]
pub struct Database {
    calls: Arc<queue::Sender>,
    /// To SQLite's one writer; on PostgreSQL writes are calls like others
    writes: Option<Sender<Box<dyn Work>>>,
    meter: Arc<Meter>,
    memory: Arc<Memory>,
    /// Places for calls that look at many rows
    wide: Arc<Semaphore>,
    /// How long who asks waits for an answer
    patience: Option<Duration>,
    /// Time, ids and randomness, for what happens outside a transaction.
    pub sources: Sources,
}

impl Database {
    /// Opens a database that has been migrated and starts its threads.
    ///
    /// # Errors
    /// It can't be reached, or, on PostgreSQL, the role that was taken on could see past row-level security.
    pub fn open(settings: &Settings, sources: Sources) -> Result<Database, String> {
        let (count, postgres) = match &settings.target {
            Target::Sqlite(_) => (settings.connections.unwrap_or(cores().max(2)), false),
            Target::Postgres(_) => (settings.connections.unwrap_or_else(usual_connections), true),
        };
        // SQLite's writer has a connection of its own.
        let meter = Arc::new(Meter::new(count + u32::from(!postgres)));
        let pool = |read_only: bool, size: u32| {
            let manager = Manager {
                target: settings.target.clone(),
                role: settings.role.clone(),
                connect_timeout: settings.connect_timeout,
                statement_timeout: settings.statement_timeout,
                read_only,
            };
            r2d2::Pool::builder()
                .max_size(size)
                .min_idle(Some(0))
                .test_on_check_out(false)
                .max_lifetime(None)
                .idle_timeout(None)
                .connection_timeout(settings.connect_timeout)
                .error_handler(Box::new(Refusals(meter.clone())))
                .build_unchecked(manager)
        };
        let memory = Arc::new(Memory::default());
        let seat = |pool: r2d2::Pool<Manager>| {
            let seat = Seat::new(pool, sources.clone(), meter.clone(), memory.clone());
            seat.needing_factor(settings.needs_factor)
        };
        let threads = usize::try_from(count).map_err(|e| e.to_string())?;
        let (calls, receivers) = queue::queue(WAITING, threads);
        let readers = pool(!postgres, count);
        for (n, receiver) in (0..).zip(receivers) {
            let seat = seat(readers.clone());
            let rest = match postgres {
                false => Rest::Stay,
                true if n < settings.least => Rest::Keep(settings.idle_timeout),
                true => Rest::Close(settings.idle_timeout),
            };
            let meter = meter.clone();
            spawn(&format!("db-{n}"), move || {
                threads::serve(seat, &receiver, &meter, rest)
            })?;
        }
        let writes = if postgres {
            None
        } else {
            let (writes, calls) = bounded(WAITING);
            let seat = seat(pool(false, 1));
            let meter = meter.clone();
            spawn("db-writer", move || threads::write_in_groups(seat, calls, &meter))?;
            Some(writes)
        };
        let database = Database {
            calls: Arc::new(calls),
            writes,
            meter,
            memory,
            wide: Arc::new(Semaphore::new((threads / 2).max(1))),
            patience: None,
            sources,
        };
        if postgres {
            database.check_role()?;
        }
        Ok(database)
    }

    /// The same for who doesn't wait longer than this for an answer: a database that stands still, and a disk that does,
    /// end no statement. What was under way then may still be stored; what no thread had taken isn't begun any more.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Database {
        Database {
            patience: Some(patience),
            ..self
        }
    }

    /// How often the roles that a member holds were found in memory.
    pub fn role_hits(&self) -> Hits {
        self.memory.counted.load()
    }

    /// How often the figures of a report were.
    pub fn report_hits(&self) -> Hits {
        self.memory.computed.counted.load()
    }

    /// How busy it is.
    pub fn load(&self) -> Load {
        let writes = self.writes.as_ref().map_or(0, Sender::len);
        self.meter.load(self.calls.waiting() + writes)
    }

    /// A fault for who runs the server: where there is no connection, why the last attempt at one failed.
    pub fn said(&self, fault: &Fault) -> String {
        match (fault, self.meter.why_away()) {
            (Fault::Away, Some(why)) => format!("no connection: {why}"),
            _ => fault.to_string(),
        }
    }

    /// How many security events of each kind this process has written down.
    pub fn security_events(&self) -> Vec<(SecurityKind, u64)> {
        self.meter.events()
    }

    /// The times of all statements so far, in seconds; it goes on counting.
    pub fn query_times(&self) -> Histogram {
        self.meter.queries.clone()
    }

    /// A call that stores nothing. It may be run again, as one that writes may.
    pub async fn read<T, E, F>(&self, run: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let waiting = self.send(run, None)?;
        self.answer(waiting, self.patience).await
    }

    /// [`Database::read`] of so many rows that it takes its time: of these only so many are made at once that half of
    /// the connections, where there are several, are left to others. A call that nobody waits for any more keeps its
    /// place until it is done.
    pub async fn read_widely<T, E, F>(&self, run: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let place = self.wide.clone().acquire_owned();
        let place = within(self.patience, place).await.ok_or(Fault::Busy)?;
        let run = move |tx: &mut Tx<'_>| {
            let _held = &place;
            run(tx)
        };
        let waiting = self.send(run, None)?;
        self.answer(waiting, self.patience.map(|patience| patience * WIDE))
            .await
    }

    /// A call in one transaction. It may be run again, up to three times, so it only looks at what it is given.
    pub async fn write<T, E, F>(&self, origin: Origin, run: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let waiting = self.send(run, Some(origin))?;
        self.answer(waiting, self.patience).await
    }

    async fn answer<T, E: Failure>(
        &self,
        waiting: Receiver<Result<T, E>>,
        patience: Option<Duration>,
    ) -> Result<T, E> {
        let Some(answered) = within(patience, waiting).await else {
            log::warn!("a call has had no answer of the database for {patience:?}");
            return Err(Fault::Away.into());
        };
        answered.map_err(|_| E::from(ended()))?
    }

    /// [`Database::read`] for a thread that may wait; not for one that runs a task.
    pub fn read_waiting<T, E, F>(&self, run: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let waiting = self.send(run, None)?;
        waiting.blocking_recv().map_err(|_| E::from(ended()))?
    }

    /// [`Database::write`] for a thread that may wait; not for one that runs a task.
    pub fn write_waiting<T, E, F>(&self, origin: Origin, run: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let waiting = self.send(run, Some(origin))?;
        waiting.blocking_recv().map_err(|_| E::from(ended()))?
    }

    fn send<T, E, F>(&self, run: F, origin: Option<Origin>) -> Result<Receiver<Result<T, E>>, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let writer = self.writes.as_ref().filter(|_| origin.is_some());
        let (call, answer) = Call::asked(run, origin, Timed::asked(&self.sources));
        let sent = match writer {
            Some(writer) => writer.try_send(call).map_err(|error| match error {
                TrySendError::Full(_) => Full::Busy,
                TrySendError::Disconnected(_) => Full::Away,
            }),
            None => self.calls.send(call),
        };
        match sent {
            Ok(()) => Ok(answer),
            Err(Full::Busy) => Err(Fault::Busy.into()),
            Err(Full::Away) => Err(Fault::Away.into()),
        }
    }

    /// The second fence is worth nothing to who may climb it.
    fn check_role(&self) -> Result<(), String> {
        let (call, answer) = Call::asked(
            |tx: &mut Tx<'_>| {
                Sql::<(Text, Bool)>::text(
                    // Whoever has the owner's privileges is let past, not only the owner.
                    "SELECT current_user::text, rolsuper OR rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c \
                     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) \
                     AND c.relrowsecurity AND pg_has_role(r.oid, c.relowner, 'USAGE')) \
                     FROM pg_roles r WHERE rolname = current_user",
                )
                .one::<(String, bool)>(tx)
            },
            None,
            None,
        );
        self.calls
            .send(call)
            .map_err(|_| "the threads did not start".to_owned())?;
        match answer.blocking_recv() {
            Ok(Ok((_, false))) => Ok(()),
            Ok(Ok((role, true))) => Err(format!(
                "the role {role} could see past row-level security; not serving with it"
            )),
            Ok(Err(fault)) => Err(format!("PostgreSQL: {}", self.said(&fault))),
            Err(_) => Err("a database thread ended".into()),
        }
    }
}

/// What comes in time; none where that is over.
async fn within<T>(patience: Option<Duration>, asked: impl Future<Output = T>) -> Option<T> {
    match patience {
        None => Some(asked.await),
        Some(patience) => tokio::time::timeout(patience, asked).await.ok(),
    }
}

fn ended() -> Fault {
    Fault::internal("the thread ended")
}

/// How many threads of this process have a connection, or may still have one.
static THREADS: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// Counts a thread as long as it runs.
struct Running;

impl Running {
    fn one() -> Running {
        *THREADS.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *THREADS.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        THREADS.1.notify_all();
    }
}

/// Waits until the threads of all databases have closed their connections, for so long at most: with the last one
/// SQLite puts its log into the database. They end once nobody has the database any more.
pub fn wait_for_threads(most: Duration) {
    let running = THREADS.0.lock().unwrap_or_else(PoisonError::into_inner);
    drop(
        THREADS
            .1
            .wait_timeout_while(running, most, |running| *running > 0),
    );
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let running = Running::one();
    let started = std::thread::Builder::new().name(name.into()).spawn(move || {
        run();
        drop(running);
    });
    started
        .map(drop)
        .map_err(|e| format!("a database thread did not start: {e}"))
}
