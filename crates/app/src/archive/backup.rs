//! Writes an archive of one state of the database.

use super::format::{FORMAT, Head, Mark, Part, Reader, Writer, mark};
use super::proof::{Proof, prove};
use super::restore::Counted;
use super::{Watch, files};
use crate::cli::Backup;
use crate::config::Config;
use crate::database::{owner, sources};
use crate::exit::{Ended, IN_DOUBT};
use crate::progress::Progress;
use crate::secret::NEW_SECRET;
use firma_domain::Instant;
use firma_persistence::archive::Source;
use firma_persistence::private::make_file;
use firma_persistence::private::sync_parent;
use serde::Serialize;
use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Error, ErrorKind, Write};
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
        let (_, written) = write(config, std::io::stdout().lock(), &|| Ok(()))?;
        log::info!(
            "backup: {} rows of {} tables, {} files",
            written.rows,
            written.tables,
            written.files
        );
        return Ok(());
    }
    free(&asked.file)?;
    let other = unproved(&asked.file);
    if asked.prove {
        free(&other)?;
    }
    let draft = Draft::beside(&asked.file, sources().clock.now());
    let written = draft.fill(config, &|| Ok(()))?;
    let proof = match asked.prove {
        true => Some(prove(config, &draft.path, &written, &|| Ok(()))?),
        false => None,
    };
    if let Some(Proof::Differs(what)) = proof {
        return Err(Ended::With(IN_DOUBT, what));
    }
    let lacking = proof.as_ref().and_then(Proof::lacking);
    let path = if lacking.is_some() { &other } else { &asked.file };
    draft.keep(config, path, proof == Some(Proof::Proved))?;
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

/// An archive under a name that nobody takes for one, removed unless it is kept.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    /// What is written later than that isn't in it
    begun_at: Instant,
    /// The file from when it is made until it has its name. Nobody else takes it meanwhile: it is locked
    held: RefCell<Option<File>>,
}

impl Draft {
    pub(super) fn beside(path: &Path, begun_at: Instant) -> Draft {
        Draft {
            path: PathBuf::from(format!("{}.part", path.display())),
            begun_at,
            held: RefCell::default(),
        }
    }

    /// Writes it onto the disk, and reads it again.
    pub(super) fn fill(&self, config: &Config, watch: Watch<'_>) -> Result<Counted, String> {
        let said = |e: Error| format!("{}: {e}", self.path.display());
        let file = self.make().map_err(said)?;
        *self.held.borrow_mut() = Some(file.try_clone().map_err(said)?);
        let (out, written) = write(config, BufWriter::new(file), watch)?;
        let file = out.into_inner().map_err(|e| e.to_string())?;
        file.sync_all().map_err(|e| e.to_string())?;
        read_again(&self.path, watch)?;
        Ok(written)
    }

    /// What one that was killed left is removed; what somebody writes to is not.
    fn make(&self) -> Result<File, Error> {
        // Open for writing: elsewhere than on this machine nothing is locked for who only reads.
        match File::options().write(true).open(&self.path) {
            Ok(left) => {
                let _held = self.lock(left)?;
                fs::remove_file(&self.path)?;
                self.lock(make_file(&self.path)?)
            }
            Err(e) if e.kind() == ErrorKind::NotFound => self.lock(make_file(&self.path)?),
            Err(e) => Err(e),
        }
    }

    /// The file, which nobody else writes to from now on, and which has its name still.
    fn lock(&self, file: File) -> Result<File, Error> {
        let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        match is_taken || !is_at(&file, &self.path)? {
            true => Err(Error::other("another process is writing it")),
            false => Ok(file),
        }
    }

    /// Gives it its name, and notes that there is one.
    pub(super) fn keep(self, config: &Config, path: &Path, is_proved: bool) -> Result<(), String> {
        let said = |e: Error| format!("{}: {e}", path.display());
        fs::rename(&self.path, path).map_err(said)?;
        drop(self.held.take());
        sync_parent(path).map_err(said)?;
        Source::note(&owner(config)?.there()?, self.begun_at, is_proved)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.held.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a file is the one of that name: who held it before may have renamed or removed it.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> Result<bool, Error> {
    use std::os::unix::fs::MetadataExt;
    let (this, there) = (file.metadata()?, fs::metadata(path));
    Ok(there.is_ok_and(|there| (this.dev(), this.ino()) == (there.dev(), there.ino())))
}
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> Result<bool, Error> {
    Ok(path.exists())
}

fn write<W: Write>(config: &Config, out: W, watch: Watch<'_>) -> Result<(W, Counted), String> {
    let mut source = Source::open(&owner(config)?.there()?)?;
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
