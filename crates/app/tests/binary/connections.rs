//! How many connections to PostgreSQL are open.

use crate::house::{House, at};
use crate::process::Process;

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
    let server = house.start_with(&[
        ("FIRMA_DB_POOL_MIN", "2"),
        ("FIRMA_DB_POOL_MAX", "6"),
        ("FIRMA_DB_IDLE_TIMEOUT", "1s"),
        // They would ask now and then.
        ("FIRMA_WORKERS", "0"),
    ]);
    let owner = house.owner(&server);
    // Whoever waits for longest takes the next call, so all have one soon.
    let busy = |server: &Process| {
        server.await_that("all open", || {
            owner.get(&at("companies")).expect(200);
            open(&house) == 6
        });
    };
    busy(&server);
    server.await_that("closed but two", || open(&house) == 2);
    // And no fewer, however long it lasts.
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert_eq!(open(&house), 2);
    owner.get(&at("companies")).expect(200);
    busy(&server);

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
