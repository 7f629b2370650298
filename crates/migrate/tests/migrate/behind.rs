//! What happens behind the program's back.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use firma_testing::TestDatabase;
use std::fs::File;
use std::path::PathBuf;
use std::process::Child;

/// As the program has it
const LOCK: &str = "4203716950";

pub(crate) fn path(database: &TestDatabase) -> PathBuf {
    database.url().replacen("sqlite://", "", 1).into()
}

/// A connection behind the program's back.
pub(crate) enum Any {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

impl Any {
    pub(crate) fn open(database: &TestDatabase) -> Any {
        match database.is_postgres() {
            true => Any::Pg(PgConnection::establish(&database.url()).unwrap()),
            false => Any::Sqlite(SqliteConnection::establish(path(database).to_str().unwrap()).unwrap()),
        }
    }

    pub(crate) fn batch(&mut self, statements: &str) {
        match self {
            Any::Pg(c) => c.batch_execute(statements).unwrap(),
            Any::Sqlite(c) => c.batch_execute(statements).unwrap(),
        }
    }
}

/// Another process's lock, as far as the program can tell.
pub(crate) enum Holder {
    Session(PgConnection),
    File(File),
}

impl Holder {
    pub(crate) fn of(database: &TestDatabase) -> Holder {
        match Any::open(database) {
            Any::Pg(c) => Holder::Session(c),
            Any::Sqlite(_) => {
                Holder::File(File::create(format!("{}.migrating", path(database).display())).unwrap())
            }
        }
    }

    pub(crate) fn take(&mut self) -> bool {
        match self {
            Holder::File(file) => file.try_lock().is_ok(),
            Holder::Session(c) => {
                let take = diesel::dsl::sql::<Bool>(&format!("SELECT pg_try_advisory_lock({LOCK})"));
                take.get_result(c).unwrap()
            }
        }
    }

    pub(crate) fn give(&mut self) {
        match self {
            Holder::File(file) => file.unlock().unwrap(),
            Holder::Session(c) => c
                .batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))
                .unwrap(),
        }
    }

    pub(crate) fn takes_and_gives(&mut self) -> bool {
        let taken = self.take();
        if taken {
            self.give();
        }
        taken
    }
}

/// A process that doesn't outlive its test.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
