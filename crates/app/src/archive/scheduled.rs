//! Backups that are made by themselves: a job, so that one of several servers makes each.

use super::backup::{fill, keep};
use super::keep::{Named, Schedule};
use super::proof::{Proof, prove};
use crate::config::Config;
use crate::database::sources;
use crate::draft::{Draft, remove_left};
use firma_persistence::private::make_folder;
use firma_services::platform::{Done, Handler, Progress, Recurring, Running, Stop};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const KIND: &str = "backup";
/// How often it is asked whether to go on.
const PAUSE: Duration = Duration::from_secs(1);
/// Written, proved, kept.
const STEPS: i32 = 3;

/// Makes, proves and keeps an archive, and removes those that are too many.
pub(crate) struct BackupHandler {
    pub(crate) config: Config,
}

/// When it is done; without a schedule, never.
pub(crate) fn recurring(schedule: Option<Schedule>) -> Recurring {
    Recurring {
        kind: KIND,
        next: Arc::new(move |tx| Ok(schedule.as_ref().and_then(|schedule| schedule.next(tx.now())))),
    }
}

/// Where scheduled archives are.
pub(crate) fn folder(config: &Config) -> PathBuf {
    config
        .backup_dir
        .clone()
        .unwrap_or_else(|| config.data_dir.join("backups"))
}

impl Handler for BackupHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let (asked, stopped) = (Cell::new(Instant::now()), RefCell::new(None));
        let watch = || {
            if asked.get().elapsed() < PAUSE {
                return Ok(());
            }
            asked.set(Instant::now());
            job.should_end().map_err(|stop| {
                *stopped.borrow_mut() = Some(stop);
                String::new()
            })
        };
        let step = |done| {
            let progress = move || Progress {
                done,
                total: Some(STEPS),
                place: Value::Null,
            };
            // Only who still has the job gives an archive its name.
            job.step(move |_| Ok((progress(), ()))).map_err(|stop| {
                *stopped.borrow_mut() = Some(stop);
                String::new()
            })
        };
        let made = self.make(&watch, &step).map_err(|e| {
            stopped.take().unwrap_or_else(|| {
                log::error!("the backup failed, and those before stay: {e}");
                Stop::Again("the backup failed; the log of the server says why".into())
            })
        })?;
        job.commit(move |_| Ok(made.clone()))
    }
}

impl BackupHandler {
    fn make(
        &self,
        watch: super::Watch<'_>,
        step: &dyn Fn(i32) -> Result<(), String>,
    ) -> Result<Value, String> {
        let folder = folder(&self.config);
        let said = |e: io::Error| format!("{}: {e}", folder.display());
        make_folder(&folder).map_err(said)?;
        self.tidy().map_err(said)?;
        let made_at = sources().clock.now();
        let draft = Draft::beside(&folder.join(Named::stem(made_at))).map_err(said)?;
        let (written, doubt) = fill(&draft, &self.config, watch)?;
        step(1)?;
        let proof = prove(&self.config, &draft.path, &written, watch)?.doubting(doubt);
        step(2)?;
        if let Proof::Differs(what) = proof {
            return Err(what);
        }
        let is_proved = proof == Proof::Proved;
        let named = Named { made_at, is_proved };
        let name = named.write();
        keep(&draft, &self.config, &folder.join(&name), made_at, is_proved)?;
        let why = proof.lacking().map(|(_, why)| why);
        if let Some(why) = why {
            log::error!("the backup {name} is NOT proved: {why}");
        }
        for old in self
            .config
            .backup_keep
            .superfluous(&self.names().map_err(said)?, &named)
        {
            if let Err(e) = fs::remove_file(folder.join(&old)) {
                log::warn!("the backup {old} was not removed: {e}");
            }
        }
        Ok(json!({"file": name, "written": written, "proved": is_proved, "unproved": why}))
    }

    /// Removes what one that was killed left: drafts that nobody writes to, and the folders in which those were proved.
    fn tidy(&self) -> io::Result<()> {
        let folder = folder(&self.config);
        for name in self.names()?.iter().filter(|name| Named::is_left(name)) {
            let path = folder.join(name);
            let draft = path.with_extension(""); // of a folder
            match path.is_dir() {
                false => drop(remove_left(&path)),
                true if remove_left(&draft).is_ok() => drop(fs::remove_dir_all(&path)),
                true => {}
            }
        }
        Ok(())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(folder(&self.config))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }
}
