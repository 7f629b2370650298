//! Everything about a person, as an archive that the person asks for and fetches (GDPR, articles 15 and 20).

mod job;
mod pack;

pub use job::ArchiveHandler;

use super::sessions::about;
use crate::platform::NewJob;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_domain::Instant;
use firma_domain::identity::SecurityKind;
use firma_domain::platform::{File, JobState};
use firma_persistence::identity::Archive;
use firma_persistence::{Fault, Tx};
use serde::Serialize;

const ATTEMPTS: i32 = 5;
/// How long it may be fetched, in seconds: 7 days.
const KEPT: i64 = 7 * 86_400;

/// Where the archive stands that the caller asked for.
#[derive(Debug, Clone, Serialize)]
pub struct ArchiveState {
    /// `SUCCEEDED` where it may be fetched
    pub state: JobState,
    pub asked_at: Instant,
    pub ready_at: Option<Instant>,
    pub expires_at: Instant,
    pub size: Option<i64>,
    pub sha256: Option<String>,
}

/// Asks for an archive. One that is being made is the one that is asked for; one that is there gives way to it.
pub fn ask_for_archive(tx: &mut Tx<'_>, caller: Caller, language: &str) -> Result<ArchiveState, Refusal> {
    caller.step_up(tx)?;
    tx.user_for_change(caller.user)?;
    if let Some(known) = tx.archive(caller.user)? {
        let known = shown(tx, &known)?;
        if !known.state.is_over() {
            return Ok(known);
        }
    }
    let payload = job::Payload {
        user: caller.user,
        language: language.to_owned(),
    };
    let job = tx.enqueue_for_system(NewJob {
        kind: job::KIND,
        payload: crate::crud::json(&payload)?,
        run_at: None,
        max_attempts: ATTEMPTS,
    })?;
    let expires = tx.now().plus_seconds(KEPT);
    tx.begin_archive(caller.user, job, expires)?;
    about(tx, Some(caller.user), SecurityKind::ArchiveAsked, None)?;
    archive(tx, caller)
}

/// The caller's archive.
pub fn archive(tx: &mut Tx<'_>, caller: Caller) -> Result<ArchiveState, Refusal> {
    let known = tx.archive(caller.user)?.ok_or(Refusal::NotFound)?;
    shown(tx, &known)
}

/// Its bytes, once it is ready.
pub fn archive_file(tx: &mut Tx<'_>, caller: Caller) -> Result<File, Refusal> {
    caller.step_up(tx)?;
    let ready = tx.archive(caller.user)?.and_then(|archive| archive.ready);
    let ready = ready.ok_or(Refusal::NotFound)?;
    Ok(File {
        name: "firma-archive.zip".into(),
        media_type: "application/zip".into(),
        size: ready.size,
        sha256: ready.sha256,
        storage_key: ready.storage_key,
        owner_id: None,
    })
}

fn shown(tx: &mut Tx<'_>, archive: &Archive) -> Result<ArchiveState, Refusal> {
    let state = match &archive.ready {
        Some(_) => JobState::Succeeded,
        None => match tx.system_job(archive.job) {
            Ok((state, _)) => state,
            // The clean-up took it: nothing comes of it any more.
            Err(Fault::Missing) => JobState::Failed,
            Err(fault) => return Err(fault.into()),
        },
    };
    let ready = archive.ready.as_ref();
    Ok(ArchiveState {
        state,
        asked_at: archive.asked_at,
        ready_at: ready.map(|ready| ready.at),
        expires_at: archive.expires_at,
        size: ready.map(|ready| ready.size),
        sha256: ready.map(|ready| ready.sha256.clone()),
    })
}
