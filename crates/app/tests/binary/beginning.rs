//! What a server looks at before it changes anything, and what it leaves behind when it ends.

use crate::house::{House, at};
use crate::imports::import;
use crate::process::{Process, run};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use tempfile::TempDir;

/// Whoever copies a file over the database doesn't get what its log still had.
#[test]
fn a_stopped_server_leaves_no_log_beside_its_file() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    for _ in 0..5 {
        let server = Process::start(folder.path(), &[]);
        assert!(data.join("firma.db-wal").exists());
        server.terminate();
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        for left in ["firma.db-wal", "firma.db-shm"] {
            assert!(!data.join(left).exists(), "{left}");
        }
    }
}

#[test]
fn no_command_leaves_one_either() {
    let house = House::sqlite();
    let log = format!("{}-wal", house.database.url().trim_start_matches("sqlite://"));
    house.found();
    assert!(!std::path::Path::new(&log).exists());
    let file = house.write("firms.csv", b"name\nNord\n");
    let options = house.write(
        "options.json",
        br#"{"entity": "companies", "columns": {"name": "name"}, "key": "name"}"#,
    );
    house.run(&import(&file, &["--options", &options]), "").fine();
    assert!(!std::path::Path::new(&log).exists());
}

#[test]
fn a_server_that_can_not_serve_changes_nothing() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let server = Process::start(folder.path(), &[]);
    let taken = ("FIRMA_BIND", server.url.trim_start_matches("http://"));
    let data = other.path().join("data");
    let broken = other.path().join("secret");
    std::fs::write(&broken, "not a secret").unwrap();
    let is_empty = || !data.join("firma.db").exists();

    let ran = run(other.path(), &[taken], &[], "");
    assert!(ran.line(1).contains("in use"), "{ran:?}");
    assert!(is_empty());
    // To who reads lines of JSON it says so in one.
    let ran = run(other.path(), &[taken, ("FIRMA_LOG_FORMAT", "json")], &[], "");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let lines: Vec<Value> = ran
        .err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = lines.last().unwrap();
    assert_eq!(last["level"], "ERROR", "{last}");
    assert!(last.to_string().contains("in use"), "{last}");

    let gone = other.path().join("gone");
    let ran = run(
        other.path(),
        &[("FIRMA_BREACHED_PASSWORDS", gone.to_str().unwrap())],
        &[],
        "",
    );
    assert!(ran.line(1).contains("FIRMA_BREACHED_PASSWORDS"), "{ran:?}");
    assert!(is_empty());
    std::fs::create_dir_all(&data).unwrap();
    std::fs::copy(&broken, data.join("secret")).unwrap();
    let ran = run(other.path(), &[], &[], "");
    assert!(ran.line(1).contains("is not exactly 32 bytes"), "{ran:?}");
    assert!(is_empty());
}

#[test]
fn a_secret_that_is_lost_is_not_replaced_without_a_word() {
    const WORD: &str = "people have accounts, and there was no secret";
    for house in House::each() {
        let server = house.start();
        assert!(!server.log().contains(WORD), "nobody has an account yet");
        server.kill();
        house.found();
        let server = house.start();
        assert!(!server.log().contains(WORD));
        server.kill();
        std::fs::remove_file(house.folder.path().join("data/secret")).unwrap();
        assert!(house.start().log().contains(WORD));
    }
}

/// Else the request behind the last one would be lost with the connection.
#[test]
fn who_keeps_a_connection_is_told_that_the_server_ends() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &[]);
    let mut kept = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let mut is_told = || {
        kept.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        while !answer.ends_with("{\"status\":\"live\"}") {
            let mut bytes = [0; 1_024];
            let read = kept.read(&mut bytes).unwrap();
            assert!(read > 0, "no answer: {answer}");
            answer += std::str::from_utf8(&bytes[..read]).unwrap();
        }
        answer.to_lowercase().contains("connection: close")
    };
    assert!(!is_told());
    let client = server.client();
    server.terminate();
    while client.get("/health/ready").status != 503 {}
    assert!(is_told());
}

#[test]
fn a_role_with_the_privileges_of_the_owner_is_not_served_with() {
    let Some(house) = House::postgres() else { return };
    let role = format!("firma_twice_{}", std::process::id());
    house.database.execute(&format!(
        "CREATE ROLE {role}; DO $$ BEGIN EXECUTE format('GRANT %I TO {role}', current_user); END $$"
    ));
    let ran = house.run_with(&[("FIRMA_DB_ROLE", &role)], &[], "");
    house.database.execute(&format!("DROP ROLE {role}"));
    assert!(
        ran.line(1)
            .ends_with("could see past row-level security; not serving with it"),
        "{ran:?}"
    );
}

/// As one is that only follows another, or after a failover.
#[test]
fn a_postgres_that_can_not_be_written_to_says_to_come_again() {
    let Some(house) = House::postgres() else { return };
    house.found();
    let server = house.start();
    let owner = house.owner(&server);
    let is_read_only = |how: &str| {
        house.database.execute(&format!(
            "SET default_transaction_read_only = off; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {how}', \
             current_database()); END $$"
        ));
    };
    let writes = |told: &str| owner.get("/health/ready").expect(200)["writes"] == told;
    let company = || owner.post(&at("companies"), json!({"name": "x"}));
    assert!(writes("ok"));
    is_read_only("SET default_transaction_read_only = on");
    house.database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid()",
    );
    server.await_that("refused", || company().status == 503);
    let refused = company();
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        refused.problem(503, "database_away")["detail"],
        "nothing can be stored for now"
    );
    assert!(
        server
            .log()
            .contains("the database can't be written to: cannot execute"),
        "{}",
        server.log()
    );
    owner.get(&at("companies")).expect(200);
    assert!(writes("refused"));
    // Who is connected stays as it was, so it has to connect anew.
    is_read_only("RESET default_transaction_read_only");
    server.await_that("written", || company().status == 201);
    assert!(writes("ok"));
}

#[test]
fn the_database_that_is_migrated_is_the_one_that_is_served() {
    let Some((house, other)) = House::postgres().zip(House::postgres()) else {
        return;
    };
    let url = other.database.url();
    let ran = house.run_with(&[("FIRMA_MIGRATE_DATABASE_URL", &url)], &[], "");
    let why = "firma: DATABASE_URL and FIRMA_MIGRATE_DATABASE_URL name two databases";
    assert_eq!(ran.line(1), why);
    // By another name it is the same.
    let url = house.database.url().replace("127.0.0.1", "localhost");
    drop(house.start_with(&[("FIRMA_MIGRATE_DATABASE_URL", &url)]));
    let house = House::sqlite();
    let ran = house.run_with(&[("FIRMA_MIGRATE_DATABASE_URL", &url)], &[], "");
    assert!(
        ran.line(2)
            .starts_with("firma: FIRMA_MIGRATE_DATABASE_URL: is another kind"),
        "{ran:?}"
    );
}
