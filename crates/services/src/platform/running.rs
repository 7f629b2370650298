//! A job as its handler sees it.

use crate::refusal::Refusal;
use crate::work::Asker;
use firma_domain::Id;
use firma_persistence::platform::{Lease, Leased, Outcome, Step};
use firma_persistence::{Database, Fault, Origin, Panicked, Tx};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

/// A job under way.
pub struct Running<'w> {
    pub(super) leased: Leased,
    pub(super) database: &'w Database,
    pub(super) stopping: &'w AtomicBool,
    /// How long its lease is kept from one step to the next, in seconds
    pub(super) kept: i64,
}

/// That a job is done. Only [`Running::commit`] gives it.
#[derive(Debug)]
pub struct Done(());

/// How far a job has come.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    pub done: i32,
    /// Of how much, once that is known
    pub total: Option<i32>,
    /// Where the next attempt goes on if this one is killed; null leaves it where it was
    pub place: Value,
}

/// Why an attempt ended before the job was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Somebody called it off
    Cancelled,
    /// Another worker has it, or will
    Lost,
    /// The worker stops; another goes on from the job's place
    Yielded,
    /// It may work later. The text is shown to who asked for the job.
    Again(String),
    /// It never will. The text is shown to who asked for the job.
    Failed(String),
    /// Something went wrong on our side. It may work later, and nobody is shown the text.
    Broken(Broken),
}

/// What went wrong on our side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub message: String,
    /// Where the code panicked, if it did
    pub panicked: Option<Panicked>,
}

impl From<Panicked> for Broken {
    fn from(panicked: Panicked) -> Broken {
        Broken {
            message: format!("it panicked: {}", panicked.message),
            panicked: Some(panicked),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        match refusal {
            Refusal::Fault(Fault::Busy | Fault::Away | Fault::Again | Fault::Timeout) => {
                Stop::Again("the database is busy or away".into())
            }
            Refusal::Fault(fault @ Fault::Unwritable(_)) => {
                log::error!("{fault}");
                Stop::Again("the database can't be written to".into())
            }
            Refusal::Fault(Fault::Panicked(panicked)) => Stop::Broken((*panicked).into()),
            Refusal::Fault(fault) => Stop::Broken(Broken {
                message: fault.to_string(),
                panicked: None,
            }),
            Refusal::Suspended => Stop::Again("the organization is suspended".into()),
            Refusal::Archived => Stop::Again("the organization is closed".into()),
            other => Stop::Failed(other.to_string()),
        }
    }
}

impl Running<'_> {
    /// The job's id.
    pub fn job(&self) -> Id {
        self.leased.lease.job
    }
    /// The organization; the nil one for a job of the system.
    pub fn organization(&self) -> Id {
        self.leased.lease.organization
    }
    /// Who asked for it; none for the system.
    pub fn owner(&self) -> Option<Id> {
        self.leased.owner
    }
    /// Whom to go on for, by `Work::go_on`.
    pub fn asker(&self) -> Result<Asker, Stop> {
        let owner = self
            .owner()
            .ok_or_else(|| Stop::Failed("nobody asked for it".into()))?;
        Ok(Asker {
            organization: self.organization(),
            user: owner,
            key: self.leased.key,
        })
    }

    /// What it works on.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Stop> {
        read(&self.leased.payload)
    }
    /// Where an earlier attempt got to; none in the first.
    pub fn place<T: DeserializeOwned>(&self) -> Result<Option<T>, Stop> {
        self.leased.place.as_deref().map(read).transpose()
    }

    /// Whether it should end, for work that takes long between two steps.
    pub fn should_end(&self) -> Result<(), Stop> {
        let lease = self.lease();
        let read = self
            .database
            .read_waiting(move |tx: &mut Tx<'_>| tx.job_is_cancelled(lease));
        match read {
            Ok(true) => Err(Stop::Cancelled),
            Ok(false) if self.stopping.load(Ordering::Relaxed) => Err(Stop::Yielded),
            Ok(false) => Ok(()),
            Err(fault) => Err(Refusal::from(fault).into()),
        }
    }

    /// Reads something, unless the job should end.
    pub fn read<T, F>(&self, run: F) -> Result<T, Stop>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        self.should_end()?;
        self.database.read_waiting(run).map_err(Stop::from)
    }

    /// A part of the work: its effect and how far the job has come are stored together or not at all, and only while
    /// the job is still this worker's. The effect may be run again, so it only looks at what it is given.
    pub fn step<T, F>(&self, effect: F) -> Result<T, Stop>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<(Progress, T), Refusal> + Send + 'static,
    {
        let kept = self.kept;
        let (value, cancelled) = self.while_held(move |tx, lease| {
            let (progress, value) = effect(tx)?;
            let step = Step {
                done: progress.done,
                total: progress.total,
                place: (!progress.place.is_null()).then(|| progress.place.to_string()),
            };
            Ok((value, tx.step_job(lease, step, kept)?))
        })?;
        match cancelled {
            true => Err(Stop::Cancelled),
            false if self.stopping.load(Ordering::Relaxed) => Err(Stop::Yielded),
            false => Ok(value),
        }
    }

    /// The last part of the work: its effect is stored together with that the job is done, once. What it gives is the
    /// job's result.
    pub fn commit<F>(&self, effect: F) -> Result<Done, Stop>
    where
        F: Fn(&mut Tx<'_>) -> Result<Value, Refusal> + Send + 'static,
    {
        self.while_held(move |tx, lease| {
            let result = effect(tx)?;
            Ok(tx.end_job(lease, Outcome::Succeeded(result.to_string()))?)
        })?;
        Ok(Done(()))
    }

    /// Ends the attempt in another way.
    pub(super) fn end(&self, outcome: Outcome) -> Result<(), Stop> {
        self.while_held(move |tx, lease| Ok(tx.end_job(lease, outcome.clone())?))
    }

    fn lease(&self) -> Lease {
        self.leased.lease
    }

    fn while_held<T, F>(&self, run: F) -> Result<T, Stop>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, Lease) -> Result<T, Refusal> + Send + 'static,
    {
        let lease = self.lease();
        let origin = Origin {
            request_id: Some(lease.job.to_string()),
            ..Origin::default()
        };
        let held =
            self.database
                .write_waiting(origin, move |tx: &mut Tx<'_>| match tx.hold_lease(lease)? {
                    true => run(tx, lease).map(Some),
                    false => Ok(None),
                });
        held?.ok_or(Stop::Lost)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Stop> {
    serde_json::from_str(text).map_err(|e| {
        log::error!("a job's payload: {e}");
        Stop::Failed("its payload can't be read".into())
    })
}
