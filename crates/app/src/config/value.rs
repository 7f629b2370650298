//! The types of settings that the standard library doesn't have.
use std::fmt;
use std::path::PathBuf;

/// A value that `Debug` doesn't show, so that no log line or panic shows it either.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hidden<T>(T);

impl<T> Hidden<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    pub(crate) fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Where the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite(PathBuf),
    /// The whole URL; hidden, because it may hold a password.
    Postgres(Hidden<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Migrate {
    /// Only an empty database and SQLite are migrated at the start.
    Manual,
    Auto,
}
