//! A file that is being written, under a name that nobody takes for the whole one.

use firma_persistence::private::{make_file, sync_parent};
use std::fs::{self, File, TryLockError};
use std::io::{Error, ErrorKind, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// How the name of a draft ends.
const ENDING: &str = ".part";

/// Removed unless it is kept. Nobody else takes it meanwhile: it is locked.
pub(crate) struct Draft {
    pub(crate) path: PathBuf,
    file: File,
    is_kept: AtomicBool,
}

impl Draft {
    /// What is to be called so. What one that was killed left is removed; what somebody writes to is not.
    pub(crate) fn beside(path: &Path) -> Result<Draft, Error> {
        let path = PathBuf::from(format!("{}{ENDING}", path.display()));
        remove_left(&path)?;
        Ok(Draft {
            file: lock(make_file(&path)?, &path)?,
            path,
            is_kept: AtomicBool::new(false),
        })
    }

    /// The file, empty.
    pub(crate) fn begin(&self) -> Result<File, Error> {
        let mut file = self.file.try_clone()?;
        file.set_len(0)?;
        file.rewind()?;
        Ok(file)
    }

    /// Gives it its name, if there is nothing of that name.
    pub(crate) fn keep(&self, path: &Path) -> Result<(), Error> {
        // A link, unlike a new name, takes no other's place; but not every file system has it.
        match fs::hard_link(&self.path, path) {
            // It has its name, whatever becomes of the other.
            Ok(()) => drop(fs::remove_file(&self.path)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(e),
            Err(_) if path.exists() => return Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.path, path)?,
        }
        self.is_kept.store(true, Ordering::Relaxed);
        sync_parent(path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a draft that nobody writes to any more.
pub(crate) fn remove_left(path: &Path) -> Result<(), Error> {
    // Open for writing: elsewhere than on this machine nothing is locked for who only reads.
    match File::options().write(true).open(path) {
        Ok(left) => {
            let _held = lock(left, path)?;
            fs::remove_file(path)
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// The file, which nobody else writes to from now on, and which has its name still.
fn lock(file: File, path: &Path) -> Result<File, Error> {
    let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    match is_taken || !is_at(&file, path)? {
        true => Err(Error::other("another process is writing it")),
        false => Ok(file),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_draft_is_its_writers_until_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all");
        let draft = Draft::beside(&path).unwrap();
        draft.begin().unwrap().write_all(b"half, and more").unwrap();
        assert!(Draft::beside(&path).is_err(), "somebody writes it");
        assert!(remove_left(&draft.path).is_err());
        draft.begin().unwrap().write_all(b"whole").unwrap();
        draft.keep(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(!draft.path.exists());
        drop(draft);
        assert!(path.exists());

        // What is there stays, and what isn't kept goes.
        let other = Draft::beside(&path).unwrap();
        assert_eq!(other.keep(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let left = other.path.clone();
        drop(other);
        assert!(!left.exists());
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        fs::write(&left, "left by one that was killed").unwrap();
        drop(Draft::beside(&path).unwrap());
        assert!(!left.exists());
    }
}
