//! A connection to either database.

use diesel::Connection;
use diesel::connection::Instrumentation;

/// One or the other, chosen by [`super::manager`].
pub enum AnyConnection {
    Pg(diesel::PgConnection),
    Sqlite(diesel::SqliteConnection),
}

/// The same code for each database.
macro_rules! on_backend {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::backend::AnyConnection::Pg($c) => $body,
            $crate::backend::AnyConnection::Sqlite($c) => $body,
        }
    };
}
pub(crate) use on_backend;

impl AnyConnection {
    /// Who is told of each statement from now on.
    pub(super) fn watch(&mut self, by: impl Instrumentation) {
        on_backend!(self, c => c.set_instrumentation(by))
    }

    /// Statements without parameters, in one round trip.
    pub(crate) fn batch(&mut self, statements: &str) -> diesel::QueryResult<()> {
        use diesel::connection::SimpleConnection;
        on_backend!(self, c => c.batch_execute(statements))
    }
}
