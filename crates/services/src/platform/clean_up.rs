//! The hourly clean-up: what is over goes, in batches.

use super::disposal;
use super::running::{Done, Progress, Running, Stop};
use super::worker::{Handler, Recurring};
use firma_auth::keys::Key;
use firma_domain::Instant;
use firma_domain::identity::QUIET;
use firma_domain::platform::FileStore;
use firma_persistence::platform::Sweep;
use firma_persistence::{Fault, Tx};
use serde_json::{Map, Value};
use std::sync::Arc;

const KIND: &str = "cleanup";
/// The most rows that one transaction takes away.
const BATCH: i64 = 500;

/// How long what is over is kept, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Ended sessions, and tokens of mails
    pub sessions: i64,
    pub security_events: i64,
    pub jobs: i64,
    /// Errors on our side that haven't come again
    pub errors: i64,
    /// Invitations that were answered, taken back, or are over
    pub invitations: i64,
    /// Deleted rows, and bytes of deleted files
    pub deleted: i64,
    /// Bytes of uploads that were never ended
    pub uploads: i64,
}

/// Does it.
pub struct CleanUp {
    pub store: Arc<dyn FileStore>,
    pub keep: Retention,
    /// Signs what is left of a log where it is cut
    pub key: Key,
}

impl Handler for CleanUp {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let keep = self.keep;
        let sweeps: [(_, _, Sweeping); 11] = [
            ("sessions", keep.sessions, |tx, at| tx.sweep_sessions(at, BATCH)),
            ("tokens", keep.sessions, |tx, at| tx.sweep_tokens(at, BATCH)),
            ("security_events", keep.security_events, |tx, at| {
                tx.sweep_security_events(at, BATCH)
            }),
            ("archives", 0, |tx, at| tx.sweep_archives(at, BATCH)),
            ("delays", QUIET, |tx, at| tx.sweep_delays(at, BATCH)),
            ("slugs", 0, |tx, at| tx.sweep_slugs(at, BATCH)),
            ("attempts", 0, |tx, at| tx.sweep_attempts(at, BATCH)),
            ("idempotency_keys", 0, |tx, at| {
                tx.sweep_idempotency_keys(at, BATCH)
            }),
            ("jobs", keep.jobs, |tx, at| tx.sweep_jobs(at, BATCH)),
            ("errors", keep.errors, |tx, at| tx.sweep_errors(at, BATCH)),
            ("invitations", keep.invitations, |tx, at| {
                tx.sweep_invitations(at, BATCH)
            }),
        ];
        let mut parts = Parts::default();
        for (name, kept, sweep) in sweeps {
            parts.add(name, batches(job, kept, sweep))?;
        }
        parts.add("deleted_rows", disposal::purge(job, keep.deleted))?;
        parts.add("audit_entries", disposal::cut(job, &self.key))?;
        parts.add("uploads", self.bytes(job, Sweep::Upload, keep.uploads))?;
        parts.add("deleted_files", self.bytes(job, Sweep::Deleted, keep.deleted))?;
        parts.end(job)
    }
}

/// Takes away up to a batch of what was over before an instant.
type Sweeping = fn(&mut Tx<'_>, Instant) -> Result<i64, Fault>;

/// What the parts took away. One that went wrong holds up none of those after it: the others are done, and
/// then the whole is tried again.
#[derive(Default)]
struct Parts {
    gone: Map<String, Value>,
    wrong: Option<Stop>,
}

impl Parts {
    fn add(&mut self, name: &'static str, done: Result<i64, Stop>) -> Result<(), Stop> {
        match done {
            Ok(count) => {
                self.gone.insert(name.into(), count.into());
            }
            Err(stop @ (Stop::Again(_) | Stop::Failed(_) | Stop::Broken(_))) => {
                log::error!("the clean-up of {name}: {stop:?}");
                self.wrong.get_or_insert(stop);
            }
            // It isn't this worker's any more.
            Err(stop) => return Err(stop),
        }
        Ok(())
    }

    fn end(self, job: &Running<'_>) -> Result<Done, Stop> {
        match self.wrong {
            Some(stop) => Err(stop),
            None => job.commit(move |_| Ok(self.gone.clone().into())),
        }
    }
}

impl CleanUp {
    /// That it is done so many seconds after it was done last.
    pub fn every(seconds: i64) -> Recurring {
        Recurring::every(KIND, seconds)
    }

    /// Bytes go before what is known of them does, so that none is forgotten.
    fn bytes(&self, job: &Running<'_>, reason: Sweep, kept: i64) -> Result<i64, Stop> {
        let (mut gone, mut left) = (0, 0);
        loop {
            let keys = job.step(move |tx| {
                let before = tx.now().plus_seconds(-kept);
                Ok((Progress::default(), tx.claim_bytes(reason, before, BATCH)?))
            })?;
            let claimed = i64::try_from(keys.len()).unwrap_or(i64::MAX);
            // One that can't be removed keeps no other.
            let is_gone = |key: &String| {
                let removed = self.store.delete(key);
                removed
                    .inspect_err(|e| log::warn!("bytes were not removed: {e}"))
                    .is_ok()
            };
            let removed: Vec<String> = keys.into_iter().filter(is_gone).collect();
            let count = i64::try_from(removed.len()).unwrap_or(i64::MAX);
            job.step(move |tx| Ok((Progress::default(), tx.bytes_are_gone(&removed)?)))?;
            gone += count;
            left += claimed - count;
            match (claimed < BATCH || count == 0, left) {
                (false, _) => {}
                (true, 0) => return Ok(gone),
                (true, _) => return Err(Stop::Again("the store of files can't be written to".into())),
            }
        }
    }
}

fn batches(job: &Running<'_>, kept: i64, sweep: Sweeping) -> Result<i64, Stop> {
    let mut gone = 0;
    loop {
        let count = job.step(move |tx| {
            let before = tx.now().plus_seconds(-kept);
            Ok((Progress::default(), sweep(tx, before)?))
        })?;
        gone += count;
        if count < BATCH {
            return Ok(gone);
        }
    }
}
