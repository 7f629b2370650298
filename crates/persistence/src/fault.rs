//! What can go wrong in the database, in the words of the layers above.

use crate::backend::Panicked;
use diesel::result::{DatabaseErrorKind as Kind, Error};

/// A failure of a statement, a transaction or a connection.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No such row within what may be seen.
    #[error("no such row")]
    Missing,
    /// The row may be seen, but not acted on.
    #[error("the row is outside the reach of the action")]
    Forbidden,
    /// The row is no longer the one that was read.
    #[error("the row was changed by another call")]
    Changed,
    /// A unique constraint refused it; the constraint's name or its columns.
    #[error("another row has the same {0}")]
    Conflict(String),
    /// A foreign key refused it.
    #[error("a row that is referred to is missing, or still referred to")]
    Reference,
    /// The transaction lost against another one and may be run again.
    #[error("the transaction has to be run again")]
    Again,
    /// The queue of calls is full.
    #[error("too many calls are waiting")]
    Busy,
    /// The database can't be reached.
    #[error("the database is away")]
    Away,
    /// The database is there, and nothing can be written to it: no room, or a PostgreSQL that only follows another.
    #[error("the database can't be written to: {0}")]
    Unwritable(String),
    /// A statement ran longer than it may.
    #[error("a statement took too long")]
    Timeout,
    /// The code panicked; never shown to a client.
    #[error("a call panicked: {}", .0.message)]
    Panicked(Box<Panicked>),
    /// Anything else; never shown to a client.
    #[error("{0}")]
    Internal(String),
}

/// The error of a use case: knows whether a fault of the database is behind it.
pub trait Failure: From<Fault> + Send + 'static {
    /// The fault, if there is one.
    fn fault(&self) -> Option<&Fault>;
}

impl Failure for Fault {
    fn fault(&self) -> Option<&Fault> {
        Some(self)
    }
}

impl Fault {
    /// Whether it is the database's or the code's, and no call's.
    pub(crate) fn is_ours(&self) -> bool {
        use Fault::{Away, Busy, Internal, Panicked, Timeout, Unwritable};
        matches!(
            self,
            Away | Busy | Unwritable(_) | Timeout | Panicked(_) | Internal(_)
        )
    }

    pub(crate) fn internal(what: impl std::fmt::Display) -> Fault {
        Fault::Internal(what.to_string())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        let Error::DatabaseError(kind, info) = &error else {
            return match error {
                Error::NotFound => Fault::Missing,
                Error::BrokenTransactionManager => Fault::Away,
                other => Fault::internal(other),
            };
        };
        let message = info.message();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        match kind {
            Kind::UniqueViolation => Fault::Conflict(constraint(info.constraint_name(), message)),
            Kind::ForeignKeyViolation => Fault::Reference,
            Kind::SerializationFailure => Fault::Again,
            Kind::ClosedConnection | Kind::UnableToSendCommand => Fault::Away,
            _ if says(&["deadlock detected", "could not serialize"]) => Fault::Again,
            _ if says(&["database is locked", "database table is locked"]) => Fault::Busy,
            _ if says(&["statement timeout", "interrupted"]) => Fault::Timeout,
            _ if says(&[
                "database or disk is full",
                "No space left on device",
                "read-only transaction",
                "attempt to write a readonly database",
            ]) =>
            {
                Fault::Unwritable(message.to_owned())
            }
            _ if says(&[
                "server closed the connection",
                "terminating connection",
                "no connection to the server",
                "connection to server",
                "could not receive data",
                "could not send data",
                "the database system is",
                "SSL SYSCALL",
                "Connection refused",
            ]) =>
            {
                Fault::Away
            }
            _ => Fault::internal(error),
        }
    }
}

/// PostgreSQL names the constraint, SQLite its columns: `UNIQUE constraint failed: deals.organization_id, deals.external_id`.
fn constraint(name: Option<&str>, message: &str) -> String {
    match (name, message.split_once("failed: ")) {
        (Some(name), _) => name.to_owned(),
        (None, Some((_, columns))) => {
            let mut parts = columns.split(", ").filter_map(|column| column.split_once('.'));
            let table = parts.clone().next().map_or("", |(table, _)| table);
            let columns: Vec<_> = parts
                .by_ref()
                .map(|(_, c)| c)
                .filter(|c| *c != "organization_id")
                .collect();
            format!("{table}_{}", columns.join("_"))
        }
        (None, None) => message.to_owned(),
    }
}
