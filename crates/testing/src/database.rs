//! Databases for one test each, copied from a template that is migrated once a process.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use firma_domain::source::Clock;
use firma_persistence::Target;
use firma_persistence::migrations::Migrator;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use tempfile::TempDir;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database of its own; gone when dropped.
pub struct TestDatabase {
    target: Target,
    folder: Option<TempDir>,
    dropped: Option<(String, String)>,
    /// For the test's own statements
    kept: Kept,
}

/// A connection to PostgreSQL between two uses: each is a process, and takes longer to begin than what is asked.
#[derive(Default)]
struct Kept(Mutex<Option<PgConnection>>);

impl Kept {
    /// Runs something as on a new connection. Who comes meanwhile gets another one: what runs may wait for them.
    fn run<T>(
        &self,
        url: &str,
        run: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, Box<dyn std::error::Error>> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let works = |mut c: PgConnection, by: &str| c.batch_execute(by).is_ok().then_some(c);
        let idle = kept().take();
        // What Diesel sets when it connects, and `DISCARD ALL` undoes. A test may have ended the connection.
        let idle = idle.and_then(|c| works(c, "SET TIME ZONE 'UTC'; SET CLIENT_ENCODING TO 'UTF8'"));
        let mut c = idle.map_or_else(|| PgConnection::establish(url), Ok)?;
        let value = run(&mut c);
        *kept() = works(c, "DISCARD ALL");
        Ok(value?)
    }
}

/// Runs a statement in the cluster's own database, in which the others are made and dropped.
fn in_cluster(url: &str, statement: &str) -> Result<(), Box<dyn std::error::Error>> {
    static KEPT: Kept = Kept(Mutex::new(None));
    KEPT.run(url, |c| c.batch_execute(statement))
}

impl TestDatabase {
    /// One of each kind that can be had, migrated and seeded.
    pub fn each() -> Vec<TestDatabase> {
        std::iter::once(TestDatabase::sqlite())
            .chain(TestDatabase::postgres())
            .collect()
    }

    /// One of each kind, with nothing in it.
    pub fn each_empty() -> Vec<TestDatabase> {
        std::iter::once(TestDatabase::empty_sqlite())
            .chain(TestDatabase::empty_postgres())
            .collect()
    }

    /// Where SQLite's file would be.
    pub fn empty_sqlite() -> TestDatabase {
        let folder = TempDir::new().unwrap();
        TestDatabase {
            target: Target::Sqlite(folder.path().join("firma.db")),
            folder: Some(folder),
            dropped: None,
            kept: Kept::default(),
        }
    }

    /// PostgreSQL with nothing in it, if there is one.
    pub fn empty_postgres() -> Option<TestDatabase> {
        cluster().map(|url| TestDatabase::made(&url, "template0"))
    }

    /// SQLite, a file in a folder of its own.
    pub fn sqlite() -> TestDatabase {
        static TEMPLATE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
        let (_, template) = TEMPLATE.get_or_init(|| {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("template.db");
            migrate(&Target::Sqlite(path.clone()));
            (folder, path)
        });
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("firma.db");
        std::fs::copy(template, &path).unwrap();
        TestDatabase {
            target: Target::Sqlite(path),
            folder: Some(folder),
            dropped: None,
            kept: Kept::default(),
        }
    }

    /// PostgreSQL, if there is one.
    pub fn postgres() -> Option<TestDatabase> {
        static TEMPLATE: OnceLock<Option<String>> = OnceLock::new();
        let url = cluster()?;
        let template = TEMPLATE.get_or_init(|| {
            let name = format!("firma_template_{}", std::process::id());
            in_cluster(&url, &format!("CREATE DATABASE {name}")).unwrap();
            migrate(&Target::parse(&beside(&url, &name)).unwrap());
            Some(name)
        });
        Some(TestDatabase::made(&url, template.as_deref()?))
    }

    fn made(url: &str, template: &str) -> TestDatabase {
        let name = format!(
            "firma_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        in_cluster(url, &format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        let target = Target::parse(&beside(url, &name)).unwrap();
        TestDatabase {
            target,
            folder: None,
            dropped: Some((url.to_owned(), name)),
            kept: Kept::default(),
        }
    }

    /// `SQLite` or `PostgreSQL`.
    pub fn kind(&self) -> &'static str {
        match self.target {
            Target::Sqlite(_) => "SQLite",
            Target::Postgres(_) => "PostgreSQL",
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.target, Target::Postgres(_))
    }

    /// The same database for another server; it goes when the first one does.
    pub fn shared(&self) -> TestDatabase {
        TestDatabase {
            target: self.target.clone(),
            folder: None,
            dropped: None,
            kept: Kept::default(),
        }
    }

    /// A column of instants, so many seconds earlier, as this database's SQL computes it.
    pub fn earlier(&self, column: &str, seconds: u32) -> String {
        match self.target {
            Target::Sqlite(_) => format!("{column} - {seconds} * 1000000"),
            Target::Postgres(_) => format!("{column} - interval '{seconds} seconds'"),
        }
    }

    /// What the server opens.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Its URL.
    pub fn url(&self) -> String {
        match &self.target {
            Target::Sqlite(path) => format!("sqlite://{}", path.display()),
            Target::Postgres(url) => url.clone(),
        }
    }

    /// Its folder, if it is a file.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    /// An id as it is written in a statement.
    pub fn id_literal(&self, id: firma_domain::Id) -> String {
        match self.is_postgres() {
            true => format!("'{id}'::uuid"),
            false => format!("x'{}'", id.to_string().replace('-', "")),
        }
    }

    /// Lets the planner know the rows that there are. SQLite's is told the same from the beginning.
    pub fn analyze(&self) {
        if self.is_postgres() {
            self.execute("ANALYZE");
        }
    }

    /// Runs statements behind the application's back, as the owner.
    pub fn execute(&self, statements: &str) {
        match &self.target {
            Target::Postgres(url) => self.kept.run(url, |c| c.batch_execute(statements)).unwrap(),
            Target::Sqlite(path) => {
                open(path).batch_execute(statements).unwrap();
            }
        }
    }

    /// The one number that a query gives.
    pub fn number(&self, query: &str) -> i64 {
        let query = diesel::dsl::sql::<diesel::sql_types::BigInt>(query);
        match &self.target {
            Target::Postgres(url) => self.kept.run(url, |c| query.get_result(c)).unwrap(),
            Target::Sqlite(path) => query.get_result(&mut open(path)).unwrap(),
        }
    }

    /// How the database would go about a query, as the owner of the tables.
    pub fn plan(&self, query: &str) -> Vec<String> {
        use diesel::sql_types::{Integer, Text};
        match &self.target {
            Target::Postgres(_) => self.lines(&format!("EXPLAIN {query}")),
            Target::Sqlite(path) => {
                let explained = format!("EXPLAIN QUERY PLAN {query}");
                let steps: Vec<(i32, i32, i32, String)> =
                    diesel::dsl::sql::<(Integer, Integer, Integer, Text)>(&explained)
                        .load(&mut open(path))
                        .unwrap();
                steps.into_iter().map(|(_, _, _, step)| step).collect()
            }
        }
    }

    /// The lines that a query of one text column gives.
    pub fn lines(&self, query: &str) -> Vec<String> {
        let query = diesel::dsl::sql::<diesel::sql_types::Text>(query);
        match &self.target {
            Target::Postgres(url) => self.kept.run(url, |c| query.load(c)).unwrap(),
            Target::Sqlite(path) => query.load(&mut open(path)).unwrap(),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some((url, name)) = &self.dropped {
            let _ = in_cluster(url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn cluster() -> Option<String> {
    std::env::var("FIRMA_TEST_POSTGRES")
        .ok()
        .filter(|url| !url.is_empty())
}

fn beside(url: &str, name: &str) -> String {
    format!("{}/{name}", url.rsplit_once('/').unwrap().0)
}

/// SQLite's file, also while a server that ends clears up behind itself.
fn open(path: &std::path::Path) -> SqliteConnection {
    let mut c = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    c.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    c
}

fn migrate(target: &Target) {
    Migrator::connect(target, firma_adapters::SystemClock.now())
        .unwrap()
        .run()
        .unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_and_used_as_a_new_one() {
        let Some(base) = TestDatabase::postgres() else {
            return;
        };
        let pid = || base.number("SELECT pg_backend_pid()::bigint");
        let first = pid();
        base.execute("SET statement_timeout = 7000; SELECT pg_advisory_lock(7)");
        assert_eq!(pid(), first);
        assert_eq!(base.lines("SHOW statement_timeout"), ["0"]);
        assert_eq!(base.lines("SHOW timezone"), ["UTC"]);
        assert_eq!(
            base.number("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'"),
            0
        );

        let end = format!("SELECT pg_terminate_backend({first})");
        in_cluster(&cluster().unwrap(), &end).unwrap();
        assert_ne!(pid(), first);
    }
}
