//! Brings a file of rows in, by whoever runs the server. The database does what it does for a call of the API.

mod begun;
mod options;

use crate::cli::NewImport;
use crate::compose::{Parts, compose_existing, lease};
use crate::config::Config;
use crate::exit::{Ended, SOME_REFUSED};
use begun::{Begun, call_off_when_asked};
use firma_auth::access::{Grant, Read};
use firma_domain::Record;
use firma_domain::platform::{Import, ImportRefusal, ImportState};
use firma_services::platform::imports::{self, ImportHandler, Importing, RefusedRows};
use firma_services::{Database, Refusal, Tx, Work, crud};
use options::options;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

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
    let parts = compose_existing(config)?;
    let lease = lease(config);
    let begun = Begun {
        parts: &parts,
        new,
        lease,
    };
    let (of, leased) = match (file, new.go_on) {
        (Some((options, path, file)), _) => begun.by_file(options, path, file)?,
        (None, Some(import)) => begun.by_id(import)?,
        (None, None) => return Err("there is neither a file nor an import".to_owned().into()),
    };
    // Whatever becomes of this process: it can be gone on with, and asked for.
    let _ = writeln!(std::io::stderr(), "import {}", of.import);
    let _called_off = call_off_when_asked(&parts.database, of.asker, leased.lease.job);
    let handler = ImportHandler::telling(parts.files.clone(), show_progress);
    parts.work_off(leased, lease, handler)?;
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
    if let Some(path) = new.refused.as_ref().filter(|_| import.value.refused > 0) {
        write_refused(parts, of, path)?;
    }
    match new.json {
        true => tell_script(&parts.database, of, &import)?,
        false => tell(&import, first(&parts.database, of)?),
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

/// Each page of refusals, in the order of the file: there may be as many as there are rows.
fn each_page(
    database: &Database,
    of: Importing,
    mut run: impl FnMut(Vec<ImportRefusal>) -> Result<(), String>,
) -> Result<(), String> {
    let mut after = 0;
    loop {
        let (some, more) = read(database, of, move |work, grant| {
            imports::refusals(work, grant, of.import, after, PAGE)
        })?;
        after = some.last().map_or(after, |refusal| refusal.line);
        run(some)?;
        if !more {
            return Ok(());
        }
    }
}

/// As many as a person is shown, and whether there are more.
fn first(database: &Database, of: Importing) -> Result<(Vec<ImportRefusal>, bool), String> {
    let page = move |work: &mut Work<'_, '_>, grant| imports::refusals(work, grant, of.import, 0, PAGE);
    let (mut first, more) = read(database, of, page)?;
    let more = more || first.len() > SHOWN;
    first.truncate(SHOWN);
    Ok((first, more))
}

/// One line: the import and all refusals, page by page.
fn tell_script(database: &Database, of: Importing, import: &Record<Import>) -> Result<(), String> {
    let said = |e: serde_json::Error| e.to_string();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let import = serde_json::to_string(import).map_err(said)?;
    // Who reads no further has what it wants.
    let _ = write!(out, "{{\"import\":{import},\"refusals\":[");
    let mut comma = "";
    each_page(database, of, |refusals| {
        for refusal in &refusals {
            let refusal = serde_json::to_string(refusal).map_err(said)?;
            let _ = write!(out, "{comma}{refusal}");
            comma = ",";
        }
        Ok(())
    })?;
    let _ = writeln!(out, "]}}");
    let _ = out.flush();
    Ok(())
}

/// The refused rows as a file.
fn write_refused(parts: &Parts, of: Importing, path: &Path) -> Result<(), String> {
    let (file, options) = read(&parts.database, of, move |work, grant| {
        imports::refused_file(work, grant, of.import)
    })?;
    let said = |refusal: Refusal| refusal.to_string();
    let (mut rows, head) = RefusedRows::open(&imports::stored(&parts.files, file), &options).map_err(said)?;
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut out = File::create_new(path).map_err(failed)?;
    out.write_all(&head).map_err(failed)?;
    each_page(&parts.database, of, |refusals| {
        rows.add(refusals);
        while let Some(some) = rows.some().map_err(said)? {
            out.write_all(&some).map_err(failed)?;
        }
        Ok(())
    })
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

fn tell(import: &Record<Import>, (refusals, more): (Vec<ImportRefusal>, bool)) {
    let Import {
        created,
        updated,
        unchanged,
        refused,
        ..
    } = import.value;
    let mut lines: Vec<_> = refusals
        .iter()
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
    if more {
        lines.push("and more: --json and --refused FILE have all of them".into());
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
