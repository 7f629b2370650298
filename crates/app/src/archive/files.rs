//! The folder of files, in and out.

use super::Watch;
use super::format::{Mark, Part, Writer};
use crate::progress::Progress;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use firma_persistence::archive::Table;
use firma_persistence::private::{make_file, make_folder};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

const NAME: &str = "files";
/// Bytes of a file in one line; a multiple of three.
const PIECE: usize = 48 * 1024;

/// An upload that hasn't ended: no row is about it, and no key ends so.
const UNFINISHED: &str = "part";

/// The keys that rows of the archive name, and whose files were not written; with the digest that the row has.
pub(super) type Named = HashMap<String, Option<String>>;

/// Where a table's rows name the file that they are about, and its digest.
pub(super) struct Keys {
    key: usize,
    digest: Option<usize>,
    deleted: Option<usize>,
}

/// What was written of the files.
pub(super) struct Files {
    pub(super) count: u64,
    /// What is wrong with some of them
    pub(super) doubt: Option<String>,
}

impl Keys {
    /// None for a table of no files, and for the one of those that are to go.
    pub(super) fn of(table: &Table) -> Option<Keys> {
        let find = |name: &str| table.columns.iter().position(|column| column.name == name);
        let key = find("storage_key").filter(|_| table.name != "file_sweeps")?;
        Some(Keys {
            key,
            digest: find("sha256"),
            deleted: find("deleted_at"),
        })
    }

    /// The key and the digest that a row names, unless the row is deleted.
    pub(super) fn live(&self, row: &[Option<String>]) -> Option<(String, Option<String>)> {
        let at = |place: usize| row.get(place).and_then(Option::as_ref);
        let is_deleted = self.deleted.and_then(at).is_some();
        let key = at(self.key).filter(|_| !is_deleted)?;
        Some((key.clone(), self.digest.and_then(at).cloned()))
    }
}

/// Writes every file below the data folder's `files`.
pub(super) fn write<W: Write>(
    out: &mut Writer<W>,
    data_dir: &Path,
    mut named: Named,
    watch: Watch<'_>,
) -> Result<Files, String> {
    let root = data_dir.join(NAME);
    let mut paths = Vec::new();
    list(&root, &mut paths)?;
    paths.sort();
    let mut progress = Progress::of(NAME, "files");
    let (mut count, mut altered) = (0, Vec::new());
    for path in &paths {
        watch()?;
        let said = |e: std::io::Error| format!("{}: {e}", path.display());
        // Uploads end and deleted files go meanwhile.
        let Some(file) = unless_gone(File::open(path)).map_err(said)? else {
            continue;
        };
        let name = path.strip_prefix(&root).ok().and_then(Path::to_str);
        let name = name.ok_or_else(|| format!("{}: its name is not Unicode", path.display()))?;
        let name = name.replace('\\', "/");
        let digest = named.remove(&name).flatten();
        out.mark(&Mark::File { name: name.clone() })?;
        let part = copy(file, out).map_err(|e| format!("{}: {e}", path.display()))?;
        let end = part.end();
        if let (Some(digest), Mark::End { sha256, .. }) = (digest, &end)
            && digest != *sha256
        {
            altered.push(name);
        }
        out.mark(&end)?;
        count += 1;
        progress.step(1);
    }
    // All else is worth to be kept, and the next archive is of a later state.
    if let Some(one) = named.keys().min() {
        log::warn!(
            "{} files that rows of the archive name aren't in it, since they are gone: {one} is one",
            named.len()
        );
    }
    let doubt = altered.first().map(|one| {
        let many = altered.len();
        format!("the bytes of {many} files aren't those that their rows tell: {one} is one")
    });
    if let Some(doubt) = &doubt {
        log::error!("{doubt}");
    }
    Ok(Files { count, doubt })
}

fn unless_gone<T>(found: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let said = |e: std::io::Error| format!("{}: {e}", folder.display());
    let entries = unless_gone(fs::read_dir(folder)).map_err(said)?;
    for entry in entries.into_iter().flatten() {
        let entry = entry.map_err(said)?;
        let Some(kind) = unless_gone(entry.file_type()).map_err(said)? else {
            continue;
        };
        let path = entry.path();
        if kind.is_dir() {
            list(&path, paths)?;
        } else if kind.is_file() && path.extension() != Some(OsStr::new(UNFINISHED)) {
            paths.push(path);
        }
    }
    Ok(())
}

fn copy<W: Write>(mut file: File, out: &mut Writer<W>) -> Result<Part, String> {
    let mut part = Part::default();
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
        let read = Read::by_ref(&mut file).take(most).read_to_end(&mut piece);
        let read = read.map_err(|e| e.to_string())?;
        if read == 0 {
            return Ok(part);
        }
        part.add(&piece, u64::try_from(read).unwrap_or(u64::MAX));
        out.line(&format!("\"{}\"", STANDARD.encode(&piece)))?;
    }
}

/// Files that are being restored: beside their place until all is well. Or nowhere, where it is only looked at
/// whether they can be.
pub(super) struct Restored {
    places: Option<Places>,
    file: Option<File>,
    done: bool,
}

struct Places {
    place: PathBuf,
    draft: PathBuf,
}

impl Restored {
    pub(super) fn into(data_dir: &Path) -> Result<Restored, String> {
        let place = data_dir.join(NAME);
        let has_some = fs::read_dir(&place).is_ok_and(|mut entries| entries.next().is_some());
        if has_some {
            return Err(format!("{} isn't empty, and nothing was done", place.display()));
        }
        let draft = data_dir.join(format!("{NAME}.restoring"));
        // One that was killed may have left some.
        let _ = fs::remove_dir_all(&draft);
        let mut restored = Restored::nowhere();
        restored.places = Some(Places { place, draft });
        Ok(restored)
    }

    /// Counted and digested, and not written.
    pub(super) fn nowhere() -> Restored {
        Restored {
            places: None,
            file: None,
            done: false,
        }
    }

    pub(super) fn begin(&mut self, name: &str) -> Result<(), String> {
        let plain = |part| matches!(part, Component::Normal(_));
        if name.is_empty() || !Path::new(name).components().all(plain) {
            return Err(format!("the archive is damaged: {name:?} is no name of a file"));
        }
        let Some(Places { draft, .. }) = &self.places else {
            return Ok(());
        };
        let path = draft.join(name);
        let said = |e: std::io::Error| format!("{}: {e}", path.display());
        make_folder(path.parent().unwrap_or(draft)).map_err(said)?;
        self.file = Some(make_file(&path).map_err(said)?);
        Ok(())
    }

    /// A line of the file that was begun.
    pub(super) fn piece(&mut self, line: &str, part: &mut Part) -> Result<(), String> {
        let bytes = STANDARD.decode(line.trim_matches('"'));
        let bytes = bytes.map_err(|e| format!("the archive is damaged: {e}"))?;
        part.add(&bytes, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match &mut self.file {
            Some(file) => file.write_all(&bytes).map_err(|e| e.to_string()),
            None if self.places.is_none() => Ok(()),
            None => Err("the archive is damaged: a piece of no file".into()),
        }
    }

    pub(super) fn end(&mut self) -> Result<(), String> {
        match self.file.take() {
            Some(file) => file.sync_all().map_err(|e| e.to_string()),
            None => Ok(()),
        }
    }

    /// The rows are there for good: the files take their place.
    pub(super) fn finish(mut self) -> Result<(), String> {
        self.done = true;
        let Some(Places { place, draft }) = self.places.as_ref().filter(|places| places.draft.exists())
        else {
            return Ok(());
        };
        // An empty folder may be there.
        let _ = fs::remove_dir(place);
        let (from, to) = (draft.display(), place.display());
        let failed = |e| format!("the rows are restored; now move {from} to {to}, which failed: {e}");
        fs::rename(draft, place).map_err(failed)
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        if let Some(places) = self.places.as_ref().filter(|_| !self.done) {
            let _ = fs::remove_dir_all(&places.draft);
        }
    }
}
