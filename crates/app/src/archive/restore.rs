//! Fills an empty database from an archive, and looks whether all of it came.

use super::Watch;
use super::files::Restored;
use super::format::{Mark, Part, Reader, Rows, line, mark, same};
use crate::audit::{Chain, chains};
use crate::cli::Restore;
use crate::compose::known_keys;
use crate::config::Config;
use crate::database::{existing, owner, sources, wait};
use crate::exit::{Ended, IN_DOUBT};
use crate::progress::Progress;
use crate::secret::NEW_SECRET;
use firma_persistence::Target;
use firma_persistence::archive::{Sink, Table};
use firma_persistence::private::make_folder;
use serde::Serialize;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The most bytes of rows in one statement.
const BATCH: usize = 256 * 1024;

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counted {
    pub(super) tables: u64,
    pub(super) rows: u64,
    pub(super) files: u64,
}

pub(crate) fn restore(config: &Config, asked: &Restore) -> Result<(), Ended> {
    let counted = match asked.file == Path::new("-") {
        true => into_place(config, std::io::stdin().lock())?,
        false => {
            let file = File::open(&asked.file).map_err(|e| format!("{}: {e}", asked.file.display()))?;
            into_place(config, file)?
        }
    };
    let database = existing(config)?;
    let key = known_keys(config)?.map(|keys| keys.audit);
    let chains = wait(chains(&database, key, |_| true))?.map_err(|refusal| refusal.to_string())?;
    let whole = chains.iter().all(Chain::is_whole);
    if asked.output.json {
        crate::say_json(&serde_json::json!({
            "ok": whole,
            "tables": counted.tables,
            "rows": counted.rows,
            "files": counted.files,
            "organizations": chains,
        }))?;
    } else {
        let Counted { tables, rows, files } = counted;
        let mut lines = vec![format!(
            "{rows} rows of {tables} tables and {files} files, counts and digests as written"
        )];
        lines.extend(chains.iter().map(Chain::line));
        lines.push(format!(
            "the secret isn't in it: bring it back into the data folder; {NEW_SECRET}"
        ));
        crate::say(lines.join("\n"));
    }
    if whole {
        Ok(())
    } else {
        Err(Ended::Found(IN_DOUBT))
    }
}

fn into_place(config: &Config, from: impl Read) -> Result<Counted, String> {
    let files = || {
        make_folder(&config.data_dir).map_err(|e| format!("{}: {e}", config.data_dir.display()))?;
        Restored::into(&config.data_dir)
    };
    load(&owner(config)?, files, from, &|| Ok(()))
}

/// Fills an empty database, and the place of files once the archive is known to be one.
pub(super) fn load(
    target: &Target,
    files: impl FnOnce() -> Result<Restored, String>,
    from: impl Read,
    watch: Watch<'_>,
) -> Result<Counted, String> {
    let mut reader = Reader::new(from);
    let head = reader.head()?;
    let mut files = files()?;
    let mut sink = Sink::open(target, sources().clock.now(), &head.migrations)?;
    let mut counted = Counted::default();
    loop {
        watch()?;
        match mark(reader.line()?)? {
            Mark::Table { name, columns } => {
                let table = sink.table(&name, &columns)?;
                let rows = rows(&mut reader, &mut sink, &table, watch)?;
                let mut there = Rows::default();
                sink.rows(&table, |row| {
                    there.add(&line(row)?);
                    watch()
                })?;
                if there.count != rows.count {
                    let (rows, there) = (rows.count, there.count);
                    return Err(format!("{name}: {rows} rows were written, and {there} are there"));
                }
                if there != rows {
                    return Err(format!("{name}: its rows aren't those that were written"));
                }
                counted.rows += rows.count;
                counted.tables += 1;
            }
            Mark::File { name } => {
                file(&mut reader, &mut files, &name)?;
                counted.files += 1;
            }
            Mark::End { .. } => return Err("the archive is damaged: the end of nothing".into()),
            Mark::Closing {
                tables,
                rows,
                files: number,
                sha256,
            } => {
                reader.check(&sha256)?;
                if (tables, rows, number) != (counted.tables, counted.rows, counted.files) {
                    return Err("the archive is damaged: something is missing".into());
                }
                break;
            }
        }
    }
    for step in sink.finish()? {
        log::info!("migrated: {step}");
    }
    files.finish()?;
    Ok(counted)
}

fn rows<R: Read>(
    reader: &mut Reader<R>,
    sink: &mut Sink,
    table: &Table,
    watch: Watch<'_>,
) -> Result<Rows, String> {
    let (mut part, mut rows) = (Part::default(), Rows::default());
    let mut progress = Progress::of(&table.name, "rows");
    let mut batch = String::new();
    loop {
        let line = reader.line()?;
        let ends = match line.starts_with('[') {
            true => {
                batch.push(if batch.is_empty() { '[' } else { ',' });
                batch.push_str(line);
                part.add(line.as_bytes(), 1);
                rows.add(line);
                progress.step(1);
                None
            }
            false => Some(mark(line)?),
        };
        if !batch.is_empty() && (ends.is_some() || batch.len() > BATCH) {
            batch.push(']');
            watch()?;
            sink.insert(table, &batch)?;
            batch.clear();
        }
        match ends {
            None => {}
            Some(Mark::End { count, sha256 }) => {
                return same(part, count, &sha256, &table.name).map(|()| rows);
            }
            Some(_) => return Err(format!("the archive is damaged: {} doesn't end", table.name)),
        }
    }
}

fn file<R: Read>(reader: &mut Reader<R>, files: &mut Restored, name: &str) -> Result<(), String> {
    files.begin(name)?;
    let mut part = Part::default();
    loop {
        let line = reader.line()?;
        if line.starts_with('"') {
            files.piece(line, &mut part)?;
            continue;
        }
        files.end()?;
        return match mark(line)? {
            Mark::End { count, sha256 } => same(part, count, &sha256, name),
            _ => Err(format!("the archive is damaged: {name} doesn't end")),
        };
    }
}
