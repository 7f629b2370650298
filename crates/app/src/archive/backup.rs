//! Writes an archive of one state of the database.

use super::files;
use super::format::{FORMAT, Head, Mark, Part, Reader, Writer, mark};
use crate::cli::Backup;
use crate::compose::{owner, sources, there};
use crate::config::Config;
use crate::progress::Progress;
use firma_persistence::archive::Source;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug, Clone, Serialize)]
struct Written {
    file: String,
    tables: u64,
    rows: u64,
    files: u64,
}

pub(crate) fn backup(config: &Config, asked: &Backup) -> Result<(), String> {
    if asked.file == Path::new("-") {
        // Standard output is the archive's.
        let (_, written) = write(config, std::io::stdout().lock())?;
        log::info!(
            "backup: {} rows of {} tables, {} files",
            written.rows,
            written.tables,
            written.files
        );
        return Ok(());
    }
    let mut written = to_file(config, &asked.file)?;
    written.file = asked.file.display().to_string();
    if asked.output.json {
        return crate::say_json(&written);
    }
    crate::say(format!(
        "{}: {} rows of {} tables, {} files; read again and whole\nthe secret isn't in it: keep it beside, or everybody signs in anew",
        written.file, written.rows, written.tables, written.files
    ));
    Ok(())
}

/// The archive gets its name when it is whole, on the disk, and read again.
fn to_file(config: &Config, path: &Path) -> Result<Written, String> {
    if path.exists() {
        return Err(format!("{} is there already", path.display()));
    }
    let draft = PathBuf::from(format!("{}.part", path.display()));
    let done = make(&draft).and_then(|file| {
        let (out, written) = write(config, BufWriter::new(file))?;
        let file = out.into_inner().map_err(|e| e.to_string())?;
        file.sync_all().map_err(|e| e.to_string())?;
        read_again(&draft)?;
        fs::rename(&draft, path).map_err(|e| format!("{}: {e}", path.display()))?;
        Source::note_good(&there(owner(config)?)?, sources().clock.now())?;
        Ok(written)
    });
    if done.is_err() {
        let _ = fs::remove_file(&draft);
    }
    done
}

/// A new file for its owner alone: there are password hashes in it.
pub(super) fn make(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write<W: Write>(config: &Config, out: W) -> Result<(W, Written), String> {
    let mut source = Source::open(&there(owner(config)?)?)?;
    let mut out = Writer::new(out);
    out.mark(&Head {
        firma_backup: FORMAT,
        made_at: sources().clock.now().to_string(),
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        database: source.kind().to_owned(),
        migrations: source.migrations.clone(),
    })?;
    let (mut tables, mut rows) = (0, 0);
    for table in source.tables.clone() {
        let columns = table.columns.iter();
        let columns = columns
            .map(|column| (column.name.clone(), column.kind.to_owned()))
            .collect();
        out.mark(&Mark::Table {
            name: table.name.clone(),
            columns,
        })?;
        let mut part = Part::default();
        let mut progress = Progress::of(&table.name, "rows");
        source.rows(&table, |row| {
            // A row is a line, whatever the database puts between its values.
            let row: Vec<Option<String>> = serde_json::from_str(row).map_err(|e| e.to_string())?;
            let row = serde_json::to_string(&row).map_err(|e| e.to_string())?;
            part.add(row.as_bytes(), 1);
            progress.step(1);
            out.line(&row)
        })?;
        tables += 1;
        rows += part.count;
        out.mark(&part.end())?;
    }
    let files = files::write(&mut out, &config.data_dir)?;
    let written = Written {
        file: String::new(),
        tables,
        rows,
        files,
    };
    let mut out = out.close(tables, rows, files)?;
    out.flush().map_err(|e| e.to_string())?;
    Ok((out, written))
}

/// Whether what stands on the disk is what was written.
fn read_again(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut reader = Reader::new(file);
    reader.head()?;
    loop {
        let line = reader.line()?;
        if line.starts_with('{')
            && let Mark::Closing { sha256, .. } = mark(line)?
        {
            return reader.check(&sha256);
        }
    }
}
