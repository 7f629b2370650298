//! Brings a file of rows in, by whoever runs the server. The database does what it does for a call of the API.

mod begun;
mod options;

use crate::cli::NewImport;
use crate::compose::{Parts, compose};
use crate::config::Config;
use crate::exit::{Ended, SOME_REFUSED};
use begun::{Begun, call_off_when_asked};
use firma_auth::access::{Grant, Read};
use firma_domain::Record;
use firma_domain::platform::{Import, ImportRefusal, ImportState};
use firma_services::platform::imports::{self, ImportHandler, Importing, RefusedRows};
use firma_services::platform::{Worker, WorkerSettings};
use firma_services::{Database, Refusal, Tx, Work, crud};
use options::options;
use serde_json::json;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The most refusals that are printed for a person.
const SHOWN: usize = 50;
/// Refusals that are read at once.
const PAGE: i64 = 1_000;
/// Bytes of the file that are read at once.
const PIECE: usize = 64 * 1_024;

pub(crate) fn import(config: &Config, new: &NewImport) -> Result<(), Ended> {
    if let Some(path) = new.refused.as_ref().filter(|path| path.exists()) {
        return Err(format!("{} is there already", path.display()).into());
    }
    let file = match &new.file {
        Some(path) => Some((options(new)?, path, opened(path)?)),
        None => None,
    };
    let parts = compose(config)?;
    let lease = config.job_lease.as_secs().try_into().unwrap_or(i64::MAX);
    let begun = Begun {
        parts: &parts,
        new,
        lease,
    };
    let (of, leased) = match file {
        Some((options, path, file)) => begun.by_file(options, path, file)?,
        None => begun.by_id(new.go_on.as_deref().unwrap_or_default())?,
    };
    call_off_when_asked(&parts.database, of.asker, leased.lease.job);
    let handler = ImportHandler::telling(parts.files.clone(), show_progress);
    let settings = WorkerSettings {
        threads: 0,
        lease,
        ..WorkerSettings::default()
    };
    let worker = Worker::start(parts.database.clone(), vec![Arc::new(handler)], settings)?;
    worker.work_on(leased);
    worker.stop(Duration::ZERO);
    ended(&parts, of, new)
}

/// What became of it.
fn ended(parts: &Parts, of: Importing, new: &NewImport) -> Result<(), Ended> {
    let import = read(&parts.database, of, move |work, grant| {
        crud::find(work, grant, of.import)
    })?;
    if let Some(failure) = &import.value.failure {
        return Err(failure.clone().into());
    }
    if matches!(import.value.state, ImportState::Waiting | ImportState::Running) {
        let what = format!(
            "the import {} isn't over, and a worker goes on with it",
            of.import
        );
        return Err(what.into());
    }
    let refusals = refusals(&parts.database, of)?;
    if let Some(path) = new.refused.as_ref().filter(|_| import.value.refused > 0) {
        write_refused(parts, of, refusals.clone(), path)?;
    }
    match new.json {
        true => crate::say(json!({"import": import, "refusals": refusals}).to_string()),
        false => tell(&import, &refusals),
    }
    match import.value.refused {
        0 => Ok(()),
        _ => Err(Ended::Found(SOME_REFUSED)),
    }
}

fn opened(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn read<T: Send + 'static>(
    database: &Database,
    of: Importing,
    run: impl Fn(&mut Work<'_, '_>, Grant<Import, Read>) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, String> {
    let look = move |tx: &mut Tx<'_>| {
        let mut work = Work::go_on(tx, of.asker)?;
        let grant = work.grant()?;
        run(&mut work, grant)
    };
    database.read_waiting(look).map_err(|refusal| refusal.to_string())
}

fn refusals(database: &Database, of: Importing) -> Result<Vec<ImportRefusal>, String> {
    let mut all: Vec<ImportRefusal> = Vec::new();
    loop {
        let after = all.last().map_or(0, |refusal| refusal.line);
        let (some, more) = read(database, of, move |work, grant| {
            imports::refusals(work, grant, of.import, after, PAGE)
        })?;
        all.extend(some);
        if !more {
            return Ok(all);
        }
    }
}

/// The refused rows as a file.
fn write_refused(
    parts: &Parts,
    of: Importing,
    refusals: Vec<ImportRefusal>,
    path: &Path,
) -> Result<(), String> {
    let (file, options) = read(&parts.database, of, move |work, grant| {
        imports::refused_file(work, grant, of.import)
    })?;
    let said = |refusal: Refusal| refusal.to_string();
    let (mut rows, head) = RefusedRows::open(&imports::stored(&parts.files, file), &options).map_err(said)?;
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut out = File::create_new(path).map_err(failed)?;
    out.write_all(&head).map_err(failed)?;
    rows.add(refusals);
    while let Some(some) = rows.some().map_err(said)? {
        out.write_all(&some).map_err(failed)?;
    }
    Ok(())
}

/// On a terminal, over and over on one line.
fn show_progress(import: &Import) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let _ = write!(out, "\r{} rows, {} refused", import.rows_read, import.refused);
        if import.state != ImportState::Running {
            let _ = writeln!(out);
        }
    }
}

fn tell(import: &Record<Import>, refusals: &[ImportRefusal]) {
    let Import {
        created,
        updated,
        unchanged,
        refused,
        ..
    } = import.value;
    let mut lines: Vec<_> = refusals
        .iter()
        .take(SHOWN)
        .map(|refusal| {
            let column = refusal
                .column
                .as_deref()
                .or(refusal.field.as_deref())
                .unwrap_or("-");
            format!(
                "line {}, {column}: {} ({})",
                refusal.line, refusal.detail, refusal.code
            )
        })
        .collect();
    if refusals.len() > SHOWN {
        lines.push(format!("and {} more", refusals.len() - SHOWN));
    }
    let how = match (import.value.state, import.value.dry_run) {
        (ImportState::Refused, _) => "nothing went in",
        (_, true) => "tried, nothing is stored",
        _ => "done",
    };
    lines.push(format!(
        "{how}: {created} created, {updated} updated, {unchanged} unchanged, {refused} refused; import {}",
        import.id
    ));
    crate::say(lines.join("\n"));
}
