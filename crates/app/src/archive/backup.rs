//! Writes an archive of one state of the database.

use super::format::{FORMAT, Head, Mark, Part, Reader, Writer, mark};
use super::proof::{Proof, prove};
use super::restore::Counted;
use super::{Watch, files};
use crate::cli::Backup;
use crate::compose::{owner, sources, there};
use crate::config::Config;
use crate::progress::Progress;
use crate::secret::{make_file, sync_parent};
use firma_domain::Instant;
use firma_persistence::archive::Source;
use serde::Serialize;
use std::cell::Cell;
use std::fs::{self, File};
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

pub(crate) fn backup(config: &Config, asked: &Backup) -> Result<(), String> {
    if asked.file == Path::new("-") && asked.prove {
        return Err("what goes to standard output can't be proved: name a file".into());
    }
    if asked.file == Path::new("-") {
        // Standard output is the archive's.
        let (_, written) = write(config, std::io::stdout().lock(), &|| Ok(()))?;
        log::info!(
            "backup: {} rows of {} tables, {} files",
            written.rows,
            written.tables,
            written.files
        );
        return Ok(());
    }
    let path = &asked.file;
    if path.exists() {
        return Err(format!("{} is there already", path.display()));
    }
    let draft = Draft::beside(path, sources().clock.now());
    let written = draft.fill(config, &|| Ok(()))?;
    let proof = match asked.prove {
        true => Some(prove(config, &draft.path, &written, &|| Ok(()))?),
        false => None,
    };
    draft.keep(config, path, proof == Some(Proof::Proved))?;
    let unproved = match &proof {
        Some(Proof::Unproved(why)) => Some(why.as_str()),
        _ => None,
    };
    let file = path.display().to_string();
    if asked.output.json {
        return crate::say_json(&Told {
            file,
            written: &written,
            proved: proof == Some(Proof::Proved),
            unproved,
        });
    }
    let how = match &proof {
        None => "read again and whole".to_owned(),
        Some(Proof::Proved) => "proved: restored, counted, and the audit log walked".to_owned(),
        Some(Proof::Unproved(why)) => format!("read again and whole, but NOT proved: {why}"),
    };
    crate::say(format!(
        "{file}: {} rows of {} tables, {} files; {how}\nthe secret isn't in it: keep it beside, or everybody signs in anew",
        written.rows, written.tables, written.files
    ));
    Ok(())
}

/// An archive under a name that nobody takes for one, removed unless it is kept.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    /// What is written later than that isn't in it
    begun_at: Instant,
    made: Cell<bool>,
}

impl Draft {
    pub(super) fn beside(path: &Path, begun_at: Instant) -> Draft {
        Draft {
            path: PathBuf::from(format!("{}.part", path.display())),
            begun_at,
            made: Cell::new(false),
        }
    }

    /// Writes it onto the disk, and reads it again.
    pub(super) fn fill(&self, config: &Config, watch: Watch<'_>) -> Result<Counted, String> {
        // There are password hashes in it.
        let file = make_file(&self.path).map_err(|e| format!("{}: {e}", self.path.display()))?;
        self.made.set(true);
        let (out, written) = write(config, BufWriter::new(file), watch)?;
        let file = out.into_inner().map_err(|e| e.to_string())?;
        file.sync_all().map_err(|e| e.to_string())?;
        read_again(&self.path, watch)?;
        Ok(written)
    }

    /// Gives it its name, and notes that there is one.
    pub(super) fn keep(self, config: &Config, path: &Path, is_proved: bool) -> Result<(), String> {
        let said = |e: std::io::Error| format!("{}: {e}", path.display());
        fs::rename(&self.path, path).map_err(said)?;
        self.made.set(false);
        sync_parent(path).map_err(said)?;
        Source::note(&there(owner(config)?)?, self.begun_at, is_proved)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.made.get() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn write<W: Write>(config: &Config, out: W, watch: Watch<'_>) -> Result<(W, Counted), String> {
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
            let row: Vec<Option<String>> = serde_json::from_str(row).map_err(|e| e.to_string())?;
            named.extend(keys.as_ref().and_then(|keys| keys.live(&row)));
            let row = serde_json::to_string(&row).map_err(|e| e.to_string())?;
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
    let written = Counted { tables, rows, files };
    let mut out = out.close(tables, rows, files)?;
    out.flush().map_err(|e| e.to_string())?;
    Ok((out, written))
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
