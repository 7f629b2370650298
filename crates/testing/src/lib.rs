//! Test databases and a running server: real SQLite, real PostgreSQL, real HTTP.
//!
//! PostgreSQL is tested where `FIRMA_TEST_POSTGRES` names a cluster; `scripts/test` starts one. Pages are tested in
//! a Chromium where `FIRMA_TEST_CHROMIUM` names it.

mod browser;
mod client;
mod database;
mod firm;
mod name_server;
mod receiver;
mod server;

pub use browser::{Browser, ENTER, Screen, TAB};
pub use client::{Answer, Client};
pub use database::TestDatabase;
pub use firm::Firm;
pub use firma_adapters::{DnsNames, OidcProvider, OidcSettings, SystemClock};
pub use name_server::{Answers, NameServer};
pub use receiver::{Receiver, Taken};
pub use server::{METRICS_TOKEN, Server};

use std::sync::atomic::{AtomicBool, Ordering};

/// Runs a test on each database, each with a server of its own.
pub fn on_each(test: impl Fn(&Server)) {
    for database in TestDatabase::each() {
        eprintln!("on {}", database.kind());
        test(&Server::start(database));
    }
}

/// Says that it is over when it is dropped: threads that go on until then end however the test does.
pub struct Stop<'a>(pub &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
