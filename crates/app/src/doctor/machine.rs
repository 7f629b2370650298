//! What is outside the database: settings, folder, secret, space.

use super::Check;
use crate::config::{Config, Database};
use crate::secret::{self, NEW_SECRET, SecretError};
use firma_adapters::BreachedFile;
use std::io::ErrorKind;
use std::path::Path;

/// Below so many bytes there is no room for a log, a backup or a migration.
const LEAST: u64 = 256 * 1024 * 1024;

pub(super) fn checks(config: &Config, warnings: &[String]) -> Vec<Check> {
    let mut checks: Vec<_> = warnings
        .iter()
        .map(|what| Check::note("settings", what))
        .collect();
    if checks.is_empty() {
        checks.push(Check::ok(
            "settings",
            "nothing in the environment is mistaken for one",
        ));
    }
    checks.push(folder(&config.data_dir));
    checks.push(root_secret(config));
    if let Database::Sqlite(path) = config.database()
        && path.exists()
    {
        checks.push(database_file(&path));
    }
    checks.extend(config.breached_passwords.as_deref().map(breached));
    checks.push(space(config));
    checks
}

fn folder(path: &Path) -> Check {
    let shown = path.display();
    match path.metadata() {
        Err(e) if e.kind() == ErrorKind::NotFound => Check::note(
            "data folder",
            format!("{shown} is not there yet; the server makes it"),
        ),
        Err(e) => Check::wrong(
            "data folder",
            format!("{shown}: {e}"),
            "let the server's user into it",
        ),
        Ok(data) if !data.is_dir() => Check::wrong(
            "data folder",
            format!("{shown} is no folder"),
            "set FIRMA_DATA_DIR",
        ),
        Ok(_) if !is_writable(path) => Check::wrong(
            "data folder",
            format!("{shown} can't be written to"),
            "run this as the server's user, or give the folder to it",
        ),
        Ok(_) => Check::ok("data folder", shown.to_string()),
    }
}

fn database_file(path: &Path) -> Check {
    let (what, shown) = ("database file", path.display());
    match (is_writable(path), secret::is_open(path)) {
        (false, _) => Check::wrong(what, format!("{shown} can't be written to"), as_owner(path)),
        (true, true) => Check::wrong(
            what,
            format!("{shown} can be read by other users of this machine"),
            format!("chmod 600 {shown}"),
        ),
        (true, false) => Check::ok(what, shown.to_string()),
    }
}

/// What to do where the server's user has to be let to a file.
fn as_owner(path: &Path) -> String {
    let shown = path.display();
    format!("run this as the server's user, or give it the file: chown, and chmod 600 {shown}")
}

fn root_secret(config: &Config) -> Check {
    if config.secret.is_some() {
        return Check::ok("secret", "given by the configuration");
    }
    match secret::stored(&config.data_dir) {
        Err(SecretError::Read(path, e)) if e.kind() == ErrorKind::PermissionDenied => {
            let found = format!("{} can't be read: {e}", path.display());
            Check::wrong("secret", found, as_owner(&path))
        }
        Err(e) => Check::wrong(
            "secret",
            e.to_string(),
            "bring it back from where it is kept apart from the backups",
        ),
        Ok(None) => Check::note(
            "secret",
            format!("there is none; the server makes one. Where people have accounts already: {NEW_SECRET}"),
        ),
        Ok(Some(path)) if secret::is_open(&path) => Check::wrong(
            "secret",
            format!("{} can be read by other users of this machine", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(Some(path)) => Check::ok("secret", path.display().to_string()),
    }
}

/// While it can't be read, nobody chooses a password.
fn breached(path: &Path) -> Check {
    match BreachedFile::new(path) {
        Ok(_) => Check::ok("breached passwords", path.display().to_string()),
        Err(e) => Check::wrong(
            "breached passwords",
            e,
            "put the whole file there, in the order of its hashes: until then nobody can choose a password",
        ),
    }
}

/// There has to be room for a copy of the database, which SQLite gets before a migration.
fn space(config: &Config) -> Check {
    let database = match config.database() {
        Database::Sqlite(path) => path,
        Database::Postgres(_) => config.data_dir.clone(),
    };
    let size = database.metadata().map_or(0, |data| data.len());
    let there = database.ancestors().find(|path| path.exists());
    let Some(free) = there.and_then(free) else {
        return Check::note("free space", "can't be told on this system");
    };
    let mb = |bytes: u64| bytes / 1_000_000;
    match size.max(LEAST) {
        needed if free < needed => Check::wrong(
            "free space",
            format!("{} MB, and {} MB are wanted", mb(free), mb(needed)),
            "make room: a database without it stops writing",
        ),
        _ => Check::ok("free space", format!("{} MB", mb(free))),
    }
}

#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    // A relative name's last ancestor is the empty one.
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let system = rustix::fs::statvfs(path).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(unix)]
pub(super) fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
pub(super) fn is_writable(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| !data.permissions().readonly())
}
