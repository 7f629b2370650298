//! The hourly clean-up: what is over goes, in batches.

use super::disposal;
use super::running::{Done, Progress, Running, Stop};
use super::worker::{Handler, Recurring};
use crate::refusal::Refusal;
use firma_auth::keys::Key;
use firma_domain::identity::QUIET;
use firma_domain::platform::FileStore;
use firma_persistence::platform::Sweep;
use firma_persistence::{Fault, Tx};
use serde_json::json;
use std::sync::Arc;

const KIND: &str = "cleanup";
/// The most rows that one transaction takes away.
pub(super) const BATCH: i64 = 500;

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
        let Retention {
            sessions,
            security_events,
            jobs,
            ..
        } = self.keep;
        let kept = sessions;
        let sessions = batches(job, move |tx| {
            tx.sweep_sessions(tx.now().plus_seconds(-sessions), BATCH)
        })?;
        let tokens = batches(job, move |tx| {
            tx.sweep_tokens(tx.now().plus_seconds(-kept), BATCH)
        })?;
        let events = batches(job, move |tx| {
            tx.sweep_security_events(tx.now().plus_seconds(-security_events), BATCH)
        })?;
        let archives = batches(job, |tx| tx.sweep_archives(tx.now(), BATCH))?;
        let delays = batches(job, |tx| tx.sweep_delays(tx.now().plus_seconds(-QUIET), BATCH))?;
        let slugs = batches(job, |tx| tx.sweep_slugs(tx.now(), BATCH))?;
        let attempts = batches(job, |tx| tx.sweep_attempts(tx.now(), BATCH))?;
        let keys = batches(job, |tx| tx.sweep_idempotency_keys(tx.now(), BATCH))?;
        let jobs = batches(job, move |tx| tx.sweep_jobs(tx.now().plus_seconds(-jobs), BATCH))?;
        let kept = self.keep.errors;
        let errors = batches(job, move |tx| {
            tx.sweep_errors(tx.now().plus_seconds(-kept), BATCH)
        })?;
        let kept = self.keep.invitations;
        let invitations = batches(job, move |tx| {
            tx.sweep_invitations(tx.now().plus_seconds(-kept), BATCH)
        })?;
        let rows = disposal::purge(job, self.keep.deleted)?;
        let audit_entries = disposal::cut(job, &self.key)?;
        let uploads = self.bytes(job, Sweep::Upload, self.keep.uploads)?;
        let deleted = self.bytes(job, Sweep::Deleted, self.keep.deleted)?;
        job.commit(move |_| {
            Ok(json!({
                "sessions": sessions, "tokens": tokens, "security_events": events, "archives": archives, "delays": delays,
                "slugs": slugs, "attempts": attempts, "idempotency_keys": keys, "jobs": jobs, "invitations": invitations,
                "errors": errors, "uploads": uploads, "deleted_files": deleted, "deleted_rows": rows,
                "audit_entries": audit_entries,
            }))
        })
    }
}

impl CleanUp {
    /// That it is done so many seconds after it was done last.
    pub fn every(seconds: i64) -> Recurring {
        Recurring::every(KIND, seconds)
    }

    /// Bytes go before what is known of them does, so that none is forgotten.
    fn bytes(&self, job: &Running<'_>, reason: Sweep, kept: i64) -> Result<i64, Stop> {
        let mut gone = 0;
        loop {
            let keys = job.step(move |tx| {
                let before = tx.now().plus_seconds(-kept);
                Ok((Progress::default(), tx.claim_bytes(reason, before, BATCH)?))
            })?;
            for key in &keys {
                self.store.delete(key).map_err(|e| {
                    log::warn!("bytes were not removed: {e}");
                    Stop::Again("the store of files can't be written to".into())
                })?;
            }
            let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
            job.step(move |tx| Ok((Progress::default(), tx.bytes_are_gone(&keys)?)))?;
            gone += count;
            if count < BATCH {
                return Ok(gone);
            }
        }
    }
}

fn batches<F>(job: &Running<'_>, sweep: F) -> Result<i64, Stop>
where
    F: Fn(&mut Tx<'_>) -> Result<i64, Fault> + Clone + Send + 'static,
{
    let mut gone = 0;
    loop {
        let sweep = sweep.clone();
        let count = job.step(move |tx| Ok::<_, Refusal>((Progress::default(), sweep(tx)?)))?;
        gone += count;
        if count < BATCH {
            return Ok(gone);
        }
    }
}
