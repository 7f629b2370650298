//! Writes an archive of one state of the database.

use super::format::{FORMAT, Head, Mark, Part, Reader, Writer, line, mark};
use super::proof::{Proof, prove};
use super::restore::Counted;
use super::{Watch, files};
use crate::cli::Backup;
use crate::config::Config;
use crate::database::{owner, sources};
use crate::draft::Draft;
use crate::exit::{Ended, IN_DOUBT};
use crate::progress::Progress;
use crate::secret::NEW_SECRET;
use firma_domain::Instant;
use firma_persistence::Target;
use firma_persistence::archive::Source;
use serde::Serialize;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug, Clone, Serialize)]
struct Told<'w> {
    file: String,
    #[serde(flatten)]
    written: &'w Counted,
    /// Whether it was restored into a database of its own, and compared
    proved: bool,
    /// Why it wasn't, where it was to be
    unproved: Option<&'w str>,
}

pub(crate) fn backup(config: &Config, asked: &Backup) -> Result<(), Ended> {
    if asked.file == Path::new("-") && asked.prove {
        let what = "what goes to standard output can't be proved: name a file";
        return Err(what.to_owned().into());
    }
    if asked.file == Path::new("-") {
        // Standard output is the archive's.
        let (_, written, doubt) = write(config, std::io::stdout().lock(), &|| Ok(()))?;
        log::info!(
            "backup: {} rows of {} tables, {} files",
            written.rows,
            written.tables,
            written.files
        );
        return doubt.map_or(Ok(()), |doubt| Err(Ended::With(IN_DOUBT, doubt)));
    }
    free(&asked.file)?;
    let other = unproved(&asked.file);
    free(&other)?;
    let begun_at = sources().clock.now();
    let draft = Draft::beside(&asked.file).map_err(|e| said(&asked.file, &e))?;
    let (written, doubt) = fill(&draft, config, &|| Ok(()))?;
    let proof = match asked.prove {
        true => Some(prove(config, &draft.path, &written, &|| Ok(()))?.doubting(doubt)),
        // What isn't good isn't called so, whether or not it was to be proved.
        false => doubt.map(Proof::InDoubt),
    };
    if let Some(Proof::Differs(what)) = proof {
        return Err(Ended::With(IN_DOUBT, what));
    }
    let lacking = proof.as_ref().and_then(Proof::lacking);
    let path = if lacking.is_some() { &other } else { &asked.file };
    keep(&draft, config, path, begun_at, proof == Some(Proof::Proved))?;
    told(asked, path, &written, proof.as_ref())?;
    match lacking {
        None => Ok(()),
        Some((code, why)) => Err(Ended::With(code, format!("it is NOT proved: {why}"))),
    }
}

fn free(path: &Path) -> Result<(), String> {
    match path.exists() {
        true => Err(format!("{} is there already", path.display())),
        false => Ok(()),
    }
}

/// What it is called where it was to be proved and wasn't: `mine.unproved.backup` for `mine.backup`.
fn unproved(path: &Path) -> PathBuf {
    match path.extension().and_then(OsStr::to_str) {
        Some(end) => path.with_extension(format!("unproved.{end}")),
        None => path.with_extension("unproved"),
    }
}

fn told(asked: &Backup, path: &Path, written: &Counted, proof: Option<&Proof>) -> Result<(), String> {
    let file = path.display().to_string();
    let unproved = proof.and_then(Proof::lacking).map(|(_, why)| why);
    if asked.output.json {
        return crate::say_json(&Told {
            file,
            written,
            proved: proof == Some(&Proof::Proved),
            unproved,
        });
    }
    let how = match (proof, unproved) {
        (None, _) => "read again and whole",
        (_, None) => "proved: restored, counted, and the audit log walked",
        _ => "read again and whole, but NOT proved",
    };
    crate::say(format!(
        "{file}: {} rows of {} tables, {} files; {how}\nthe secret isn't in it: keep it too, apart from the archives; \
         {NEW_SECRET}",
        written.rows, written.tables, written.files
    ));
    Ok(())
}

/// Writes an archive onto the disk, and reads it again. What was written, and what is in doubt of it.
pub(super) fn fill(
    draft: &Draft,
    config: &Config,
    watch: Watch<'_>,
) -> Result<(Counted, Option<String>), String> {
    let file = draft.begin().map_err(|e| said(&draft.path, &e))?;
    let (out, written, doubt) = write(config, BufWriter::new(file), watch)?;
    let file = out.into_inner().map_err(|e| e.to_string())?;
    file.sync_all().map_err(|e| e.to_string())?;
    read_again(&draft.path, watch)?;
    Ok((written, doubt))
}

/// Gives it its name, and notes that there is one. What is written later than it was begun at isn't in it.
pub(super) fn keep(
    draft: &Draft,
    config: &Config,
    path: &Path,
    begun_at: Instant,
    is_proved: bool,
) -> Result<(), String> {
    draft.keep(path).map_err(|e| said(path, &e))?;
    // A database that nothing can be stored in is one to be kept all the more.
    let noted = owner(config).and_then(Target::there);
    if let Err(e) = noted.and_then(|owner| Source::note(&owner, begun_at, is_proved)) {
        log::warn!(
            "{} is whole, and wasn't noted in the database: {e}",
            path.display()
        );
    }
    Ok(())
}

pub(super) fn said(path: &Path, e: &std::io::Error) -> String {
    format!("{}: {e}", path.display())
}

fn write<W: Write>(
    config: &Config,
    out: W,
    watch: Watch<'_>,
) -> Result<(W, Counted, Option<String>), String> {
    let mut source = Source::open(&owner(config)?.there()?)?;
    if source.migrations.is_empty() {
        return Err("there is nothing in the database: it has no migrations".into());
    }
    let mut out = Writer::new(out);
    out.mark(&Head {
        firma_backup: FORMAT,
        made_at: sources().clock.now().to_string(),
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        database: source.kind().to_owned(),
        migrations: source.migrations.clone(),
    })?;
    let (mut tables, mut rows) = (0, 0);
    let mut named = files::Named::default();
    for table in source.tables.clone() {
        let keys = files::Keys::of(&table);
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
            named.extend(keys.as_ref().and_then(|keys| keys.live(row)));
            let row = line(row)?;
            part.add(row.as_bytes(), 1);
            progress.step(1);
            watch()?;
            out.line(&row)
        })?;
        tables += 1;
        rows += part.count;
        out.mark(&part.end())?;
    }
    let files = files::write(&mut out, &config.data_dir, named, watch)?;
    let written = Counted {
        tables,
        rows,
        files: files.count,
    };
    let mut out = out.close(tables, rows, files.count)?;
    out.flush().map_err(|e| e.to_string())?;
    Ok((out, written, files.doubt))
}

/// Whether what stands on the disk is what was written.
fn read_again(path: &Path, watch: Watch<'_>) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut reader = Reader::new(file);
    reader.head()?;
    loop {
        watch()?;
        let line = reader.line()?;
        if line.starts_with('{')
            && let Mark::Closing { sha256, .. } = mark(line)?
        {
            return reader.check(&sha256);
        }
    }
}
