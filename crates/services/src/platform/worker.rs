//! Threads that work jobs off: lease, run the handler of the kind, end.

use super::running::{Done, Running, Stop};
use firma_domain::platform::backoff;
use firma_persistence::platform::{Lease, Leased, NewJob, Outcome};
use firma_persistence::{Database, Fault, Origin, Tx};
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
    /// When the next one is due that nobody asks for; none of a kind that somebody does. The queue takes one
    /// at a time.
    fn due(&self, _tx: &mut Tx<'_>) -> Result<Option<firma_domain::Instant>, Fault> {
        Ok(None)
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
}

impl Default for WorkerSettings {
    fn default() -> Self {
        WorkerSettings {
            threads: 2,
            lease: 30,
            first_wait: 5,
            longest_wait: 3_600,
            idle: Duration::from_millis(500),
        }
    }
}

/// How often it is seen to that what is due by itself is queued.
const SCHEDULE: Duration = Duration::from_secs(60);

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
        };
        let begun = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| handler.run(&job)));
        let ran = ran.unwrap_or_else(|_| Err(Stop::Again("something went wrong on our side".into())));
        let (kind, id, ms) = (handler.kind(), lease.job.to_string(), begun.elapsed().as_millis());
        match ran {
            Ok(Done { .. }) => log::info!(kind = kind, job = id.as_str(), ms = ms; "a job is done"),
            Err(stop) => {
                log::warn!(kind = kind, job = id.as_str(), ms = ms; "a job stopped: {stop:?}");
                if let Some(outcome) = self.outcome(&job.leased, stop)
                    && let Err(stop) = job.end(outcome)
                {
                    log::warn!(kind = kind, job = id.as_str(); "its end was not stored: {stop:?}");
                }
            }
        }
        self.held().retain(|held| *held != lease);
    }

    fn outcome(&self, leased: &Leased, stop: Stop) -> Option<Outcome> {
        let sources = &self.database.sources;
        match stop {
            Stop::Lost => None,
            Stop::Cancelled => Some(Outcome::Cancelled),
            Stop::Yielded => Some(Outcome::Yielded),
            Stop::Failed(problem) => Some(Outcome::Failed(problem)),
            Stop::Again(problem) if leased.attempts >= leased.max_attempts => Some(Outcome::Failed(problem)),
            Stop::Again(problem) => {
                let mut chance = [0; 2];
                sources.entropy.fill(&mut chance);
                let (first, most) = (self.settings.first_wait, self.settings.longest_wait);
                let wait = backoff(leased.attempts, first, most, u16::from_be_bytes(chance));
                Some(Outcome::Again(sources.clock.now().plus_seconds(wait), problem))
            }
        }
    }

    /// Keeps the leases of the jobs under way, and sees to it that what is due by itself is queued.
    fn keep(&self) {
        let often = Duration::from_secs(u64::try_from(self.settings.lease / 3).unwrap_or(1).max(1));
        let mut scheduled: Option<Instant> = None;
        while !self.stopping.load(Ordering::Relaxed) {
            if scheduled.is_none_or(|at| at.elapsed() >= SCHEDULE) {
                self.schedule();
                scheduled = Some(Instant::now());
            }
            self.rest(often);
            let (held, seconds) = (self.held().clone(), self.settings.lease);
            for lease in held {
                let extend = move |tx: &mut Tx<'_>| tx.extend_lease(lease, seconds);
                match self.database.write_waiting(Origin::default(), extend) {
                    Ok(true) => {}
                    // Either it just ended, or another worker has it, which the job's next step finds out.
                    Ok(false) => log::debug!("the lease of job {} is gone", lease.job),
                    Err(fault) => log::warn!("the lease of job {} was not kept: {fault}", lease.job),
                }
            }
        }
    }

    fn schedule(&self) {
        for handler in &self.handlers {
            let due = handler.clone();
            let schedule = move |tx: &mut Tx<'_>| {
                let Some(run_at) = due.due(tx)? else {
                    return Ok(false);
                };
                tx.enqueue_unless_queued(NewJob {
                    kind: due.kind(),
                    payload: "{}".into(),
                    run_at: Some(run_at),
                    max_attempts: 3,
                })
            };
            match self.database.write_waiting(Origin::default(), schedule) {
                // Another process was faster.
                Ok(_) | Err(Fault::Conflict(_)) => {}
                Err(fault) => log::warn!("{} was not scheduled: {fault}", handler.kind()),
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
