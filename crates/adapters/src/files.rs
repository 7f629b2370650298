use firma_domain::platform::{FileStore, Incoming};
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Files in a folder of this machine.
#[derive(Debug, Clone)]
pub struct LocalFiles {
    folder: PathBuf,
}

impl LocalFiles {
    /// In a folder, which is made when it is needed.
    pub fn new(folder: PathBuf) -> LocalFiles {
        LocalFiles { folder }
    }

    /// Keys are ours, but a key that could leave the folder would be a hole: it is refused.
    fn path(&self, key: &str) -> Result<PathBuf> {
        let is_plain = |part: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            !part.is_empty() && part.bytes().all(fits)
        };
        match key.split('/').all(is_plain) {
            true => Ok(self.folder.join(key)),
            false => Err(Error::new(ErrorKind::InvalidInput, "no key of a file")),
        }
    }
}

fn part_of(path: &Path) -> PathBuf {
    path.with_extension("part")
}

fn gone(removed: Result<()>) -> Result<()> {
    match removed {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The name of a new file is on the disk only when its folder is.
fn sync_folder(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

impl FileStore for LocalFiles {
    fn put(&self, key: &str) -> Result<Box<dyn Incoming>> {
        let path = self.path(key)?;
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let part = part_of(&path);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part)?;
        Ok(Box::new(Part {
            file,
            part,
            path,
            kept: false,
        }))
    }

    fn open(&self, key: &str, start: u64, length: u64) -> Result<Box<dyn Read + Send>> {
        let mut file = File::open(self.path(key)?)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(Box::new(file.take(length)))
    }

    fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        gone(fs::remove_file(part_of(&path)))?;
        gone(fs::remove_file(path))
    }
}

/// For this user alone: what customers send, and what is sent to them, is nobody else's.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Under another name until it is whole.
struct Part {
    file: File,
    part: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Incoming for Part {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes)
    }

    fn keep(mut self: Box<Self>) -> Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.part, &self.path)?;
        self.kept = true;
        sync_folder(&self.path)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            // What can't be removed now, the clean-up removes.
            let _ = fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut from: Box<dyn Read + Send>) -> Vec<u8> {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn keeps_what_is_whole_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFiles::new(folder.path().join("files"));
        let files = || fs::read_dir(folder.path().join("files/a")).map_or(0, |entries| entries.count());
        let mut incoming = store.put("a/b").unwrap();
        incoming.write(b"hello ").unwrap();
        assert!(store.open("a/b", 0, 9).is_err());
        incoming.write(b"world").unwrap();
        incoming.keep().unwrap();
        assert_eq!(all(store.open("a/b", 0, 100).unwrap()), b"hello world");
        assert_eq!(all(store.open("a/b", 6, 3).unwrap()), b"wor");

        let mut broken = store.put("a/c").unwrap();
        broken.write(b"half").unwrap();
        assert_eq!(files(), 2);
        drop(broken);
        assert_eq!(files(), 1);

        store.delete("a/b").unwrap();
        store.delete("a/b").unwrap();
        assert_eq!(files(), 0);
    }

    #[test]
    fn never_leaves_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFiles::new(folder.path().join("files"));
        for key in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/b.part", "a\\b"] {
            assert!(store.put(key).is_err(), "{key}");
            assert!(store.open(key, 0, 1).is_err(), "{key}");
            assert!(store.delete(key).is_err(), "{key}");
        }
    }
}
