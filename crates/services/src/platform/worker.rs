//! Threads that work jobs off: lease, run the handler of the kind, end.

use super::running::{Broken, Done, Running, Stop};
use super::traced::traced;
use crate::installation::{Errors, Incident};
use firma_domain::platform::{ErrorKind, Tracer, backoff};
use firma_persistence::platform::{Lease, Leased, NewJob, Outcome};
use firma_persistence::{Database, Fault, Origin, Panicked, Tx, caught};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Does one kind of job.
pub trait Handler: Send + Sync + 'static {
    /// The kind, as it stands in the job
    fn kind(&self) -> &'static str;
    /// Does it, and ends with [`Running::commit`].
    fn run(&self, job: &Running<'_>) -> Result<Done, Stop>;
}

/// The instant at which something is due next.
pub type Next = dyn Fn(&mut Tx<'_>) -> Result<Option<firma_domain::Instant>, Fault> + Send + Sync;

/// A job of the system that comes again and again, one at a time.
#[derive(Clone)]
pub struct Recurring {
    /// Its kind; a unique index keeps two processes from putting in two
    pub kind: &'static str,
    /// When it is due next; none where it is turned off
    pub next: Arc<Next>,
}

impl Recurring {
    /// So many seconds after it was done last.
    pub fn every(kind: &'static str, seconds: i64) -> Recurring {
        Recurring {
            kind,
            next: Arc::new(move |tx| Ok(Some(tx.now().plus_seconds(seconds)))),
        }
    }
}

impl std::fmt::Debug for Recurring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recurring({})", self.kind)
    }
}

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Jobs at once
    pub threads: usize,
    /// Seconds after which the job of a worker that is gone is taken by another
    pub lease: i64,
    /// Seconds before the second attempt; doubled with each
    pub first_wait: i64,
    /// The longest wait between two attempts, in seconds
    pub longest_wait: i64,
    /// How often it looks for work while there is none
    pub idle: Duration,
    /// What comes again and again
    pub recurring: Vec<Recurring>,
    /// Where errors on our side are gathered
    pub errors: Option<Errors>,
    /// Who takes the spans of attempts
    pub tracer: Option<Arc<dyn Tracer>>,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        WorkerSettings {
            threads: 2,
            lease: 30,
            first_wait: 5,
            longest_wait: 3_600,
            idle: Duration::from_millis(500),
            recurring: vec![],
            errors: None,
            tracer: None,
        }
    }
}

/// What an internal error says of a job that was given up.
const GIVEN_UP: &str = "given up after the last attempt; the job says why";
/// How often it is seen to that what recurs is queued.
const SCHEDULE: Duration = Duration::from_secs(60);
/// Attempts at what recurs; after the last one it waits for its next time.
const ATTEMPTS: i32 = 3;
/// After so many seconds nobody is expected to take what is turned off here.
const UNTAKEN: i64 = 600;

struct Shared {
    database: Database,
    handlers: Vec<Arc<dyn Handler>>,
    settings: WorkerSettings,
    stopping: AtomicBool,
    /// The jobs under way
    held: Mutex<Vec<Lease>>,
    resting: Condvar,
}

/// A worker; its threads run until it is stopped.
pub struct Worker {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Worker {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        database: Database,
        handlers: Vec<Arc<dyn Handler>>,
        settings: WorkerSettings,
    ) -> Result<Worker, String> {
        let shared = Arc::new(Shared {
            database,
            handlers,
            settings,
            stopping: AtomicBool::new(false),
            held: Mutex::default(),
            resting: Condvar::new(),
        });
        let mut worker = Worker {
            shared,
            threads: vec![],
        };
        worker.spawn("jobs-keeper".into(), Shared::keep)?;
        for n in 0..worker.shared.settings.threads {
            worker.spawn(format!("jobs-{n}"), Shared::work)?;
        }
        Ok(worker)
    }

    fn spawn(&mut self, name: String, run: fn(&Shared)) -> Result<(), String> {
        let shared = self.shared.clone();
        let started = std::thread::Builder::new().name(name).spawn(move || run(&shared));
        self.threads
            .push(started.map_err(|e| format!("a thread for jobs did not start: {e}"))?);
        Ok(())
    }

    /// Does a job that is leased already, on the thread that calls.
    pub fn work_on(&self, leased: Leased) {
        self.shared.run(leased);
    }

    /// Takes no more jobs, waits for those under way, and gives back what isn't done in time.
    pub fn stop(self, grace: Duration) {
        let begun = Instant::now();
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.resting.notify_all();
        while begun.elapsed() < grace && !self.threads.iter().all(JoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let left = std::mem::take(&mut *self.shared.held());
        for lease in left {
            let give_back = move |tx: &mut Tx<'_>| match tx.hold_lease(lease)? {
                true => tx.end_job(lease, Outcome::Yielded),
                false => Ok(()),
            };
            if let Err(fault) = self.shared.database.write_waiting(Origin::default(), give_back) {
                log::warn!("a job was not given back: {fault}");
            }
        }
    }
}

impl Shared {
    fn work(&self) {
        while !self.stopping.load(Ordering::Relaxed) {
            match self.take() {
                Ok(Some(leased)) => self.run(leased),
                Ok(None) => self.rest(self.settings.idle),
                Err(fault) => {
                    log::warn!("no job could be taken: {fault}");
                    self.rest(Duration::from_secs(1));
                }
            }
        }
    }

    fn take(&self) -> Result<Option<Leased>, Fault> {
        let kinds: Vec<_> = self.handlers.iter().map(|handler| handler.kind()).collect();
        let asked = kinds.clone();
        if !self
            .database
            .read_waiting(move |tx: &mut Tx<'_>| tx.job_is_due(&asked))?
        {
            return Ok(None);
        }
        let seconds = self.settings.lease;
        let lease = move |tx: &mut Tx<'_>| tx.lease_job(&kinds, seconds);
        self.database.write_waiting(Origin::default(), lease)
    }

    fn run(&self, leased: Leased) {
        let Some(handler) = self.handlers.iter().find(|handler| handler.kind() == leased.kind) else {
            return;
        };
        let lease = leased.lease;
        self.held().push(lease);
        let job = Running {
            leased,
            database: &self.database,
            stopping: &self.stopping,
            kept: self.settings.lease,
        };
        let begun = Instant::now();
        let attempt = || {
            let ran = catch_unwind(AssertUnwindSafe(|| handler.run(&job)));
            ran.unwrap_or_else(|payload| Err(Stop::Broken(caught(&*payload).into())))
        };
        let ran = match &self.settings.tracer {
            None => attempt(),
            Some(tracer) => traced(tracer.clone(), &job, attempt),
        };
        let (kind, id, ms) = (handler.kind(), lease.job.to_string(), begun.elapsed().as_millis());
        let trace = lease.job.0.simple().to_string();
        match ran {
            Ok(Done { .. }) => {
                log::info!(kind = kind, job = id.as_str(), trace_id = trace.as_str(), ms = ms; "a job is done");
            }
            Err(stop) => {
                let stop = self.unbroken(&job.leased, &trace, stop);
                log::warn!(kind = kind, job = id.as_str(), trace_id = trace.as_str(), ms = ms; "a job stopped: {stop:?}");
                if let Some(outcome) = self.outcome(&job.leased, stop)
                    && let Err(stop) = job.end(outcome)
                {
                    log::warn!(kind = kind, job = id.as_str(); "its end was not stored: {stop:?}");
                }
            }
        }
        self.held().retain(|held| *held != lease);
    }

    /// What is told to people where something went wrong on our side; that is noted.
    fn unbroken(&self, leased: &Leased, trace: &str, stop: Stop) -> Stop {
        let Stop::Broken(broken) = stop else {
            return stop;
        };
        let (kind, id) = (leased.kind.as_str(), leased.lease.job.to_string());
        log::error!(kind = kind, job = id.as_str(), trace_id = trace; "a job broke: {}", broken.message);
        self.note(leased, ErrorKind::Job, broken.message, broken.panicked.as_ref());
        Stop::Again("something went wrong on our side".into())
    }

    fn note(&self, leased: &Leased, kind: ErrorKind, message: String, panicked: Option<&Panicked>) {
        let Some(errors) = &self.settings.errors else {
            return;
        };
        let incident = Incident {
            kind,
            place: leased.kind.clone(),
            message,
            request_id: Some(leased.lease.job.to_string()),
            route: None,
        };
        errors.note(incident.unless_panicked(panicked));
    }

    fn outcome(&self, leased: &Leased, stop: Stop) -> Option<Outcome> {
        let sources = &self.database.sources;
        match stop {
            Stop::Lost => None,
            Stop::Cancelled => Some(Outcome::Cancelled),
            Stop::Yielded => Some(Outcome::Yielded),
            Stop::Failed(problem) => Some(Outcome::Failed(problem)),
            Stop::Again(problem) if leased.attempts >= leased.max_attempts => {
                // The problem may be what another server said, of a person too: it stands with the job alone.
                self.note(leased, ErrorKind::DeadLetter, GIVEN_UP.into(), None);
                Some(Outcome::Failed(problem))
            }
            Stop::Broken(Broken { message: problem, .. }) | Stop::Again(problem) => {
                let mut chance = [0; 2];
                sources.entropy.fill(&mut chance);
                let (first, most) = (self.settings.first_wait, self.settings.longest_wait);
                let wait = backoff(leased.attempts, first, most, u16::from_be_bytes(chance));
                Some(Outcome::Again(sources.clock.now().plus_seconds(wait), problem))
            }
        }
    }

    /// Keeps the leases of the jobs under way, and sees to it that what recurs is queued.
    fn keep(&self) {
        // In parts of a second: else a lease of one second is over before it is kept.
        let often = Duration::from_secs(u64::try_from(self.settings.lease).unwrap_or(1).max(1)) / 3;
        let mut scheduled: Option<Instant> = None;
        while !self.stopping.load(Ordering::Relaxed) {
            if scheduled.is_none_or(|at| at.elapsed() >= SCHEDULE) {
                self.schedule();
                scheduled = Some(Instant::now());
            }
            self.rest(often);
            let (held, seconds) = (self.held().clone(), self.settings.lease);
            if held.is_empty() {
                continue;
            }
            // One that another worker has by now is found out by the job's next step.
            let extend = move |tx: &mut Tx<'_>| tx.extend_leases(&held, seconds);
            if let Err(fault) = self.database.write_waiting(Origin::default(), extend) {
                log::warn!("the leases of jobs were not kept: {fault}");
            }
        }
    }

    fn schedule(&self) {
        for Recurring { kind, next } in self.settings.recurring.iter().cloned() {
            let is_on = self.handlers.iter().any(|handler| handler.kind() == kind);
            let schedule = move |tx: &mut Tx<'_>| {
                let at = if is_on { next(tx)? } else { None };
                match at {
                    Some(at) => tx.keep_queued(NewJob {
                        kind,
                        payload: "{}".into(),
                        run_at: Some(at),
                        max_attempts: ATTEMPTS,
                    }),
                    None => tx.drop_untaken(kind, tx.now().plus_seconds(-UNTAKEN)),
                }
            };
            match self.database.write_waiting(Origin::default(), schedule) {
                // Another process was faster.
                Ok(()) | Err(Fault::Conflict(_)) => {}
                Err(fault) => log::warn!("{kind} was not scheduled: {fault}"),
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Vec<Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the time is over, or the worker stops.
    fn rest(&self, time: Duration) {
        let stopping = |_: &mut Vec<Lease>| !self.stopping.load(Ordering::Relaxed);
        drop(self.resting.wait_timeout_while(self.held(), time, stopping));
    }
}
