//! Backup and restore. One format for both databases: a gzip stream of JSON lines.
//!
//! First a head; then each table: its name and columns, its rows (arrays of texts), its end with count and
//! digest; then each file in the same way, as base64; at last a closing line with the digest of all before it.
//! An archive without that line was cut off.

mod backup;
mod files;
mod format;
mod keep;
mod proof;
mod restore;
mod scheduled;

pub(crate) use backup::backup;
pub(crate) use keep::{Keep, Schedule};
pub(crate) use restore::restore;
pub(crate) use scheduled::{BackupHandler, folder, recurring};

/// Whether to go on, asked again and again: who makes an archive may be called off.
type Watch<'a> = &'a dyn Fn() -> Result<(), String>;
