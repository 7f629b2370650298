//! Folders and files for this user alone: there are password hashes and secrets in them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// A folder, with those that it is in. One that is there already keeps its mode.
///
/// # Errors
/// It can't be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    builder().recursive(true).create(path)
}

/// A new folder. One that is there already may be another's.
pub(crate) fn make_new_folder(path: &Path) -> io::Result<()> {
    builder().create(path)
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// A new file.
///
/// # Errors
/// It is there already, or can't be made.
pub fn make_file(path: &Path) -> io::Result<File> {
    options().create_new(true).open(path)
}

/// A file, which is made where there is none. What is in it stays.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    options().create(true).truncate(false).open(path)
}

/// The folder that a file is in, so that its name is on the disk as well.
///
/// # Errors
/// The disk's.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))
}

/// A folder, with the names in it.
///
/// # Errors
/// The disk's.
#[cfg(unix)]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A folder, with the names in it.
///
/// # Errors
/// None here.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn nobody_else_gets_in_and_nothing_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        make_folder(&inner).unwrap();
        make_folder(&inner).unwrap();
        assert_eq!(
            make_new_folder(&inner).unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        let (made, opened) = (inner.join("made"), inner.join("opened"));
        make_file(&made).unwrap();
        assert_eq!(make_file(&made).unwrap_err().kind(), ErrorKind::AlreadyExists);
        std::fs::write(&made, "kept").unwrap();
        open_file(&made).unwrap();
        assert_eq!(std::fs::read(&made).unwrap(), b"kept");
        open_file(&opened).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&folder.path().join("a")), mode(&inner)], [0o700; 2]);
        assert_eq!([mode(&made), mode(&opened)], [0o600; 2]);
    }
}
