//! Makes connections, chosen by the target: Diesel's own choice tries one database after the other.

use super::any::AnyConnection;
use super::target::Target;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::sync::Once;
use std::time::Duration;

/// r2d2's way to connections; the threads keep what they get.
#[derive(Debug, Clone)]
pub(super) struct Manager {
    pub target: Target,
    pub role: String,
    pub connect_timeout: Duration,
    pub statement_timeout: Duration,
    pub read_only: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ConnectError(String);

impl r2d2::ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = ConnectError;

    fn connect(&self) -> Result<AnyConnection, ConnectError> {
        let wrong = |e: &dyn std::fmt::Display| ConnectError(in_one_line(e));
        match &self.target {
            Target::Sqlite(path) => {
                let name = path
                    .to_str()
                    .ok_or_else(|| ConnectError("the path is not Unicode".into()))?;
                let of_file = |e: &dyn std::fmt::Display| wrong(&format!("{name}: {e}"));
                let mut conn = SqliteConnection::establish(name).map_err(|e| of_file(&e))?;
                // A page that is written again and again is copied from the log to the database once each time.
                let own = match self.read_only {
                    true => "PRAGMA query_only = ON",
                    false => "PRAGMA wal_autocheckpoint = 16000",
                };
                // What is deleted is overwritten: a person who was erased is gone from the file, too.
                // Not `temp_store = MEMORY`: a savepoint's journal in memory is walked at the end of each statement,
                // which took a third of an import. In a file it is only appended to.
                conn.batch_execute(&format!(
                    "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; \
                     PRAGMA cache_size = -16000; PRAGMA secure_delete = ON; {own}"
                ))
                .map_err(|e| of_file(&e))?;
                Ok(AnyConnection::Sqlite(conn))
            }
            Target::Postgres(url) => {
                let mut conn = PgConnection::establish(&with_timeout(url, self.connect_timeout))
                    .map_err(|e| wrong(&e))?;
                in_english(&mut conn);
                // As on a disk without a head. By the default a page of a large organization would cost so much that its
                // query, and the proof of the caller in it, were planned anew each time, which takes longer than the page.
                conn.batch_execute(&format!(
                    "SET ROLE {}; SET TIME ZONE 'UTC'; SET statement_timeout = {}; SET datestyle = 'ISO'; SET jit = off; \
                     SET random_page_cost = 1.1",
                    quoted(&self.role),
                    self.statement_timeout.as_millis()
                ))
                .map_err(|e| wrong(&e))?;
                Ok(AnyConnection::Pg(conn))
            }
        }
    }

    fn is_valid(&self, conn: &mut AnyConnection) -> Result<(), ConnectError> {
        conn.batch("SELECT 1").map_err(|e| ConnectError(e.to_string()))
    }

    /// Threads give back only what is broken, or what they no longer need.
    fn has_broken(&self, _: &mut AnyConnection) -> bool {
        true
    }
}

/// What a fault is, a deadlock or a timeout, is known by PostgreSQL's words for it, which follow the cluster's language.
/// Who connects may choose another, where the role that is taken on may not.
fn in_english(conn: &mut PgConnection) {
    let shown =
        diesel::sql_query("SELECT 1 WHERE current_setting('lc_messages') !~ '^(C|POSIX|en)'").execute(conn);
    if shown.is_ok_and(|rows| rows == 0) {
        return;
    }
    static TOLD: Once = Once::new();
    if let Err(error) = conn.batch_execute("SET lc_messages = 'C'") {
        TOLD.call_once(|| {
            log::warn!(
                "PostgreSQL's messages aren't in English, and what is wrong with a call is read from them \
                 (docs/operations/install.md): {error}"
            );
        });
    }
}

/// A connection as the owner of the schema, for migrations. On SQLite without foreign keys, which this
/// build has on by default: a table can't be rebuilt with them.
pub(crate) fn connect_owner(target: &Target) -> Result<AnyConnection, String> {
    match target {
        Target::Sqlite(path) => {
            let name = path.to_str().ok_or("the path is not Unicode")?;
            let of_file = |e: &dyn std::fmt::Display| format!("{name}: {e}");
            let mut conn = SqliteConnection::establish(name).map_err(|e| of_file(&e))?;
            conn.batch_execute(
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = OFF;",
            )
            .map_err(|e| of_file(&e))?;
            Ok(AnyConnection::Sqlite(conn))
        }
        Target::Postgres(url) => {
            let url = with_timeout(url, Duration::from_secs(5));
            let mut conn = PgConnection::establish(&url).map_err(|e| in_one_line(&e))?;
            in_english(&mut conn);
            Ok(AnyConnection::Pg(conn))
        }
    }
}

/// libpq says in several lines what it tried.
fn in_one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How long libpq waits for a server that doesn't answer: as long as it is told, and otherwise for minutes, or, where
/// the machine is lost with a connection open, for hours.
fn with_timeout(url: &str, timeout: Duration) -> String {
    let connect = timeout.as_secs().max(2).to_string();
    let usual = [
        ("connect_timeout", connect.as_str()),
        ("keepalives_idle", "30"),
        ("keepalives_interval", "10"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ];
    let mut whole = url.to_owned();
    for (name, value) in usual {
        if !url.contains(&format!("{name}=")) {
            let glue = if whole.contains('?') { '&' } else { '?' };
            whole.push_str(&format!("{glue}{name}={value}"));
        }
    }
    whole
}

/// An identifier for SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_of_waiting_stands() {
        let usual = "keepalives_interval=10&keepalives_count=3&tcp_user_timeout=60000";
        assert_eq!(
            with_timeout("postgres:///firma", Duration::from_millis(1)),
            format!("postgres:///firma?connect_timeout=2&keepalives_idle=30&{usual}")
        );
        assert_eq!(
            with_timeout(
                "postgres://h/f?keepalives_idle=5&connect_timeout=9",
                Duration::from_secs(3)
            ),
            format!("postgres://h/f?keepalives_idle=5&connect_timeout=9&{usual}")
        );
    }
}
