//! A database that is away: the server says so, and comes back by itself.

use crate::house::{House, at};
use crate::proxy::Proxy;
use crate::writers::{retry, until};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use firma_testing::{Answer, Client};
use serde_json::json;
use std::time::{Duration, Instant};

/// Less than a connection is waited for twice.
const PATIENCE: Duration = Duration::from_millis(9_500);

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (run(), begun.elapsed())
}

/// Refused for now, in time, and says when to come again.
#[track_caller]
fn refused_for_now((answer, took): (Answer, Duration), code: &str) {
    assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.text);
    answer.problem(503, code);
    assert!(took < PATIENCE, "it took {took:?}");
}

fn company(client: &Client, name: &str) -> Answer {
    client.post_once(&at("companies"), name, json!({"name": name, "external_id": name}))
}

/// A house with its owner, whose PostgreSQL stands behind a proxy.
fn behind_a_proxy() -> Option<(House, Proxy)> {
    let house = House::postgres()?;
    let url = house.database.url();
    let proxy = Proxy::before(&url);
    let house = house.by_way_of(proxy.url(&url));
    house.found();
    Some((house, proxy))
}

#[test]
fn postgres_goes_away_and_comes_back() {
    let Some((house, proxy)) = behind_a_proxy() else {
        return;
    };
    let token = "a-token-for-metrics";
    let server = house.start_with(&[("FIRMA_METRICS_TOKEN", token), ("FIRMA_LOG_FORMAT", "json")]);
    let owner = house.owner(&server);
    let watcher = server.client().with_token(Some(token.into()));
    let is_away = |away: bool| {
        let line = format!("firma_database_away {}\n", u8::from(away));
        watcher.get("/metrics").text.contains(&line)
    };
    company(&owner, "before").expect(201);
    assert!(is_away(false));

    proxy.cut();
    let first = timed(|| owner.get(&at("companies")));
    let of_first = format!("\"request_id\":{:?}", first.0.header("x-request-id").unwrap());
    refused_for_now(first, "database_away");
    // Whose connection it was stands in the line of the thread that looked for another.
    let said = |line: &str| line.contains("no connection to the database") && line.contains(&of_first);
    server.await_that("told of the first", || server.log().lines().any(said));
    refused_for_now(timed(|| company(&owner, "during")), "database_away");
    assert!(is_away(true));
    let (ready, took) = timed(|| owner.get("/health/ready"));
    assert_eq!(ready.expect(503)["database"], "away");
    assert!(took < PATIENCE, "{took:?}");
    let (live, took) = timed(|| owner.get("/health/live"));
    assert_eq!(live.status, 200);
    assert!(took < Duration::from_secs(1), "{took:?}");
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| refused_for_now(timed(|| owner.get(&at("companies"))), "database_away"));
        }
    });

    proxy.mend();
    let ((), took) = timed(|| server.await_that("ready again", || owner.get("/health/ready").status == 200));
    assert!(took < Duration::from_secs(10), "{took:?}");
    // As long as the answers have said.
    std::thread::sleep(Duration::from_secs(1));
    company(&owner, "during").expect(201);
    company(&owner, "after").expect(201);
    assert!(is_away(false));
    let names = owner
        .get(&at("companies?sort=created_at&fields=name"))
        .expect(200);
    let names: Vec<_> = names["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].clone())
        .collect();
    assert_eq!(names, ["before", "during", "after"]);
}

/// It takes calls, and says nothing to them: nobody would know how long.
#[test]
fn who_asks_whether_all_is_ready_waits_for_no_database() {
    let Some((house, proxy)) = behind_a_proxy() else {
        return;
    };
    let server = house.start();
    let asking = server.client();
    proxy.silence(true);
    let (ready, took) = timed(|| asking.get("/health/ready"));
    assert_eq!(ready.expect(503)["database"], "away");
    assert!(took < PATIENCE, "{took:?}");
    proxy.silence(false);
    server.await_that("ready again", || asking.get("/health/ready").status == 200);
}

/// What was taken may be stored, and is told to who asks again; what only waited isn't begun behind the caller's back.
#[test]
fn a_database_that_stands_still_is_not_waited_for() {
    let Some((house, proxy)) = behind_a_proxy() else {
        return;
    };
    let server = house.start_with(&[
        ("FIRMA_DB_STATEMENT_TIMEOUT", "1s"),
        ("FIRMA_DB_CONNECT_TIMEOUT", "1s"),
        ("FIRMA_DB_POOL_MAX", "1"),
        ("FIRMA_WORKERS", "0"),
    ]);
    let owner = house.owner(&server);
    company(&owner, "before").expect(201);
    proxy.silence(true);
    let names = ["first", "second", "third"];
    std::thread::scope(|scope| {
        for name in names {
            scope.spawn(|| refused_for_now(timed(|| company(&owner, name)), "database_away"));
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    proxy.silence(false);
    server.await_that("ready again", || owner.get("/health/ready").status == 200);
    let stored = "SELECT COUNT(*) FROM companies";
    assert_eq!(house.database.number(stored), 2, "{}", server.log());
    for name in names {
        company(&owner, name).expect(201);
    }
    assert_eq!(house.database.number(stored), 4);
}

#[test]
fn postgres_goes_away_while_it_is_written_to() {
    let Some((house, proxy)) = behind_a_proxy() else {
        return;
    };
    let server = house.start();
    let owner = house.owner(&server);
    let mut made = 0;
    for round in 0..3 {
        let mut told = until(&owner, &format!("c{round}"), Duration::from_millis(150), || {
            proxy.cut()
        });
        assert!(!told.open.is_empty());
        proxy.mend();
        server.await_that("ready again", || owner.get("/health/ready").status == 200);
        retry(&owner, &mut told);
        made += i64::try_from(told.made.len()).unwrap();
    }
    let count = "SELECT COUNT(*) FROM companies WHERE external_id LIKE 'c%'";
    assert_eq!(house.database.number(count), made);
    let events = "SELECT COUNT(*) - (SELECT CAST(SUM(last_number) AS BIGINT) FROM heads) FROM events";
    assert_eq!(house.database.number(events), 0, "gaps");
}

#[test]
fn what_is_stored_without_a_word_of_it_is_not_stored_again() {
    let Some(house) = House::postgres() else { return };
    let url = house.database.url();
    let house = house.by_way_of(Proxy::losing_answer(&url, "unheard of").url(&url));
    house.found();
    let server = house.start();
    let owner = house.owner(&server);
    company(&owner, "before").expect(201);
    let unheard = company(&owner, "unheard of");
    assert_eq!(unheard.status, 503, "{}", unheard.text);
    let count = "SELECT COUNT(*) FROM companies WHERE name = 'unheard of'";
    assert_eq!(house.database.number(count), 1, "{}", server.log());
    let again = company(&owner, "unheard of");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    again.expect(201);
    assert_eq!(house.database.number(count), 1);
}

#[test]
fn another_process_holds_sqlite() {
    let house = House::sqlite();
    house.found();
    let server = house.start();
    let owner = house.owner(&server);
    company(&owner, "before").expect(201);

    let path = house.database.url().replacen("sqlite://", "", 1);
    let mut other = SqliteConnection::establish(&path).unwrap();
    other
        .batch_execute("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE")
        .unwrap();
    std::thread::scope(|scope| {
        let write = scope.spawn(|| timed(|| company(&owner, "during")));
        let ((), took) = timed(|| {
            for _ in 0..5 {
                assert_eq!(
                    owner.get(&at("companies")).expect(200)["data"]
                        .as_array()
                        .unwrap()
                        .len(),
                    1
                );
            }
            assert_eq!(owner.get("/health/ready").status, 200);
        });
        assert!(!write.is_finished(), "reads waited for it: {took:?}");
        refused_for_now(write.join().unwrap(), "busy");
    });

    other.batch_execute("ROLLBACK").unwrap();
    company(&owner, "during").expect(201);
    assert_eq!(house.database.number("SELECT COUNT(*) FROM companies"), 2);
}
