//! Imports and their undoing as jobs.

use super::run::{Importing, Run, Steps, give_up};
use super::text::Source;
use super::undo::{may_undo, undo_some};
use crate::crud::Expected;
use crate::platform::{Done, Files, Handler, NewJob, Progress, Running, Stop};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Delete, Grant, Read, Writes};
use firma_domain::platform::{File, Import, ImportState};
use firma_domain::{Id, Record};
use firma_persistence::Tx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

const KIND: &str = "import";
/// An import goes on where it was; only what fails anew each time ends it.
const ATTEMPTS: i32 = 10;

/// What a job of this kind works on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub import: Id,
    pub undo: bool,
}

/// Has it done if this transaction commits; the job's id.
pub(super) fn queue<A: Writes>(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, A>,
    task: Task,
) -> Result<Id, Refusal> {
    let job = NewJob {
        kind: KIND,
        payload: crate::crud::json(&task)?,
        run_at: None,
        max_attempts: ATTEMPTS,
    };
    Ok(work.tx.enqueue(grant, job)?)
}

/// Has an import undone by a job: the import, and the job's id.
pub fn ask_to_undo(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Delete>,
    import: Id,
    expected: &Expected,
) -> Result<(Record<Import>, Id), Refusal> {
    let record = may_undo(work, grant, import, expected)?;
    let job = queue(work, grant, Task { import, undo: true })?;
    Ok((record, job))
}

/// Brings stored files in, and takes them back.
pub struct ImportHandler {
    files: Files,
    told: fn(&Import),
}

/// Steps as those of a job, each of which is told to who looks on.
struct OfJob<'j, 'w> {
    job: &'j Running<'w>,
    told: fn(&Import),
}

impl Steps for OfJob<'_, '_> {
    type Error = Stop;

    fn step<F>(&self, effect: F) -> Result<Record<Import>, Stop>
    where
        F: Fn(&mut Tx<'_>) -> Result<Record<Import>, Refusal> + Send + 'static,
    {
        let import = self.job.step(move |tx| {
            let import = effect(tx)?;
            let done = match import.value.state {
                ImportState::Undoing | ImportState::Undone => import.value.undone + import.value.kept,
                _ => import.value.rows_read,
            };
            let progress = Progress {
                done,
                total: None,
                // The import itself says where it is.
                place: Value::Null,
            };
            Ok((progress, import))
        })?;
        (self.told)(&import.value);
        Ok(import)
    }
}

impl Handler for ImportHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let task: Task = job.payload()?;
        let of = Importing {
            asker: job.asker()?,
            import: task.import,
        };
        let told = self.told;
        let steps = OfJob { job, told };
        let ran = match task.undo {
            true => undo(&steps, of),
            false => self.bring_in(&steps, of),
        };
        if let Err(Stop::Cancelled) = ran {
            // What it stores is stored, though the job says once more that it is called off.
            let _ = give_up(&steps, of, "it was called off".into());
        }
        let import = ran?.value;
        if let Some(failure) = import.failure
            && !task.undo
        {
            return Err(Stop::Failed(failure));
        }
        job.commit(move |_| {
            Ok(json!({
                "import_id": of.import, "state": import.state, "created": import.created, "updated": import.updated,
                "unchanged": import.unchanged, "refused": import.refused, "undone": import.undone,
                "kept": import.kept,
            }))
        })
    }
}

impl ImportHandler {
    /// Nobody looks on.
    pub fn new(files: Files) -> ImportHandler {
        ImportHandler::telling(files, |_| ())
    }

    /// Somebody is told how far it is.
    pub fn telling(files: Files, told: fn(&Import)) -> ImportHandler {
        ImportHandler { files, told }
    }

    fn bring_in(&self, steps: &OfJob<'_, '_>, of: Importing) -> Result<Record<Import>, Stop> {
        let find = move |tx: &mut Tx<'_>| file(tx, of);
        let file = steps.job.database.read_waiting(find).map_err(Stop::from)?;
        let source = stored(&self.files, file);
        let mut run = Run::begin(steps, of, &source)?;
        while !run.is_over() {
            run.step()?;
        }
        Ok(run.import().clone())
    }
}

/// The bytes of a stored file, as often as they are asked for.
pub fn stored(files: &Files, file: File) -> Source {
    let (store, key) = (files.store.clone(), file.storage_key);
    let size = u64::try_from(file.size).unwrap_or(0);
    Arc::new(move || store.open(&key, 0, size))
}

fn file(tx: &mut Tx<'_>, of: Importing) -> Result<File, Refusal> {
    let (mut work, _) = of.enter(tx)?;
    let import = work.grant::<Import, Read>()?;
    let id = work.open(import)?.find(of.import)?.value.file_id;
    let grant = work
        .grant::<Import, firma_auth::access::Create>()?
        .also::<File, Read>();
    Ok(work.open(grant)?.find(id.ok_or(Refusal::NotFound)?)?.value)
}

fn undo(steps: &OfJob<'_, '_>, of: Importing) -> Result<Record<Import>, Stop> {
    loop {
        let import = steps.step(move |tx| undo_some(tx, of))?;
        if import.value.state == ImportState::Undone {
            return Ok(import);
        }
    }
}
