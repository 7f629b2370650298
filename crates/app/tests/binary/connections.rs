//! How many connections to PostgreSQL are open.

use crate::house::{House, at};
use firma_testing::Stop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Those of the server, the test's own left out.
fn open(house: &House) -> i64 {
    house.database.number(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
}

#[test]
fn what_has_nothing_to_do_is_closed_and_opened_again() {
    let Some(house) = House::postgres() else { return };
    house.found();
    // With workers, as usual: they ask now and then.
    let server = house.start_with(&[
        ("FIRMA_DB_POOL_MIN", "2"),
        ("FIRMA_DB_POOL_MAX", "6"),
        ("FIRMA_DB_IDLE_TIMEOUT", "1s"),
    ]);
    let owner = house.owner(&server);
    // Calls that wait for a table that is locked need a connection each; that of the lock is one more.
    let busy = || {
        let done = AtomicBool::new(false);
        let calls = || {
            while !done.load(Ordering::Relaxed) {
                owner.get(&at("companies")).expect(200);
            }
        };
        let is_open = std::thread::scope(|scope| {
            let _stop = Stop(&done);
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let held = "BEGIN; LOCK TABLE companies; SELECT pg_sleep(2); COMMIT";
                    house.database.execute(held);
                }
            });
            (0..8).for_each(|_| drop(scope.spawn(calls)));
            (0..2_000).any(|_| {
                std::thread::sleep(Duration::from_millis(10));
                open(&house) >= 7
            })
        });
        assert!(is_open, "not all open:\n{}", server.log());
    };
    busy();
    server.await_that("closed but two", || open(&house) == 2);
    // And no fewer, however long it lasts.
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(open(&house) >= 2);
    busy();
    server.await_that("closed again but two", || open(&house) == 2);

    // What the database itself closes is replaced without a call.
    house.database.lines(
        "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid()",
    );
    owner.get(&at("companies")).expect(200);
    server.await_that("two again", || open(&house) == 2);
}

#[test]
fn so_many_are_open_from_the_start() {
    let Some(house) = House::postgres() else { return };
    house.found();
    let server = house.start_with(&[
        ("FIRMA_DB_POOL_MIN", "5"),
        ("FIRMA_DB_POOL_MAX", "20"),
        ("FIRMA_WORKERS", "0"),
    ]);
    server.await_that("five open", || open(&house) >= 5);
    // Of a command there is one.
    let refused = house.run_with(
        &[("FIRMA_DB_POOL_MIN", "21"), ("FIRMA_DB_POOL_MAX", "20")],
        &[],
        "",
    );
    assert_eq!(
        refused.line(2),
        "firma: FIRMA_DB_POOL_MIN: 21 is more than the most connections, 20 (FIRMA_DB_POOL_MAX)"
    );
}
