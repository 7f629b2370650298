//! Backup while the server writes, and restore, into the same kind of database and into the other.

use crate::house::{House, at};
use crate::writers;
use firma_testing::{Client, Stop};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A file as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Deals in all states, with companies and tags, and texts that are hard to write.
fn fill(owner: &Client) {
    let hard = "Zoë \"& Söhne\" \\ Şirketi\u{2028}'x' 株式会社";
    let company = owner
        .post(&at("companies"), json!({"name": hard, "tags": ["a", "b,c"]}))
        .id();
    let stages = owner.get(&at("stages")).expect(200);
    let stage = |kind: &str| {
        let stages = stages["data"].as_array().unwrap();
        stages.iter().find(|stage| stage["kind"] == kind).unwrap()["id"].clone()
    };
    for (n, kind) in ["OPEN", "WON", "LOST", "WON", "OPEN"].iter().enumerate() {
        let reason = (*kind == "LOST").then_some("one\nand \"two\"");
        let deal = json!({
            "title": format!("Deal {n}"), "company_id": company, "stage_id": stage(kind),
            "opened_on": "2025-12-31", "lost_reason": reason, "value": {"amount": "1234.56", "currency": "EUR"}, "tags": ["c"],
        });
        owner.post(&at("deals"), deal).expect(201);
    }
    // An instant's microseconds then have more bits than a double.
    for at_last in ["0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"] {
        let call = json!({"kind": "CALL", "subject": at_last, "due_at": at_last, "company_id": company});
        owner.post(&at("activities"), call).expect(201);
    }
    let gone = owner.post(&at("companies"), json!({"name": "Gone"})).id();
    owner.delete(&at(&format!("companies/{gone}"))).expect(204);
}

fn report(client: &Client) -> Value {
    client.get(&at("reports/pipeline?group_by=stage")).expect(200)
}

/// A house like this one's other kinds, empty, with the same secret.
pub(crate) fn others(of: &House) -> Vec<House> {
    let others = House::each_empty();
    for house in &others {
        std::fs::create_dir_all(house.folder.path().join("data")).unwrap();
        let secret = of.folder.path().join("data/secret");
        std::fs::copy(secret, house.folder.path().join("data/secret")).unwrap();
    }
    others
}

/// Each table's name and number of rows.
fn counts(house: &House) -> Vec<(String, i64)> {
    let tables = match house.is_postgres() {
        true => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        false => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        }
    };
    let count = |table: String| {
        let number = house.database.number(&format!("SELECT COUNT(*) FROM {table}"));
        (table, number)
    };
    house.database.lines(tables).into_iter().map(count).collect()
}

#[test]
fn what_is_restored_is_what_was_there() {
    for house in House::each() {
        house.found();
        // No job adds rows between the count and the backup.
        let server = house.start_with(&[("FIRMA_WORKERS", "0")]);
        let owner = house.owner(&server);
        fill(&owner);
        let files = house.folder.path().join("data/files/a/b");
        std::fs::create_dir_all(&files).unwrap();
        let content: Vec<u8> = (0..200_000u32)
            .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
            .collect();
        std::fs::write(files.join("c.pdf"), &content).unwrap();
        std::fs::write(files.join("empty"), []).unwrap();

        let archive = house.folder.path().join("one.backup");
        // Before: that there is a backup is noted once it is good.
        let (before, figures) = (counts(&house), report(&owner));
        house.run(&["backup", text(&archive)], "").fine();
        let again = house.run(&["backup", text(&archive)], "");
        assert!(again.line(1).ends_with("is there already"), "{again:?}");
        for other in others(&house) {
            let told = other.run(&["restore", text(&archive), "--json"], "").fine();
            let told: Value = serde_json::from_str(&told).unwrap();
            assert_eq!((&told["ok"], &told["files"]), (&json!(true), &json!(2)));
            assert_eq!(counts(&other), before);
            let said = other.run(&["doctor"], "").fine();
            assert!(said.lines().all(|line| line.starts_with("ok ")), "{said}");
            let there = other.folder.path().join("data/files/a/b");
            assert_eq!(std::fs::read(there.join("c.pdf")).unwrap(), content);
            assert_eq!(std::fs::read(there.join("empty")).unwrap(), b"");

            // The tokens of before still hold, the figures are the same, and it goes on from there.
            let second = other.start();
            let same = second.client().with_token(owner.token().map(str::to_owned));
            assert_eq!(report(&same), figures);
            for list in ["companies?sort=name", "activities?sort=due_at"] {
                let lines = |client: &Client| client.get(&at(list)).expect(200)["data"].clone();
                assert_eq!(lines(&same), lines(&owner));
            }
            same.post(&at("companies"), json!({"name": "After"})).expect(201);
            drop(second);
            other.run(&["audit", "verify"], "").fine();

            let refused = other.run(&["restore", text(&archive)], "");
            assert!(
                refused.line(1).contains("isn't empty, and nothing was done"),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn a_backup_of_a_database_that_is_written_to_is_one_state_of_it() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        fill(&owner);
        let archive = |n: u32| house.folder.path().join(format!("{n}.backup"));
        let done = &AtomicBool::new(false);
        let made = &AtomicU32::new(0);
        std::thread::scope(|scope| {
            let _stop = Stop(done);
            for writer in 0..8 {
                let owner = &owner;
                scope.spawn(move || {
                    for n in 0.. {
                        if done.load(Ordering::Relaxed) {
                            break;
                        }
                        let begun = Instant::now();
                        assert_eq!(writers::make(owner, &format!("w{writer}-{n}")).unwrap().0, 201);
                        made.fetch_add(1, Ordering::Relaxed);
                        // Eight of them make more than 200 a second, where the machine can.
                        std::thread::sleep(Duration::from_millis(25).saturating_sub(begun.elapsed()));
                    }
                });
            }
            for n in 0..4 {
                std::thread::sleep(Duration::from_millis(300));
                let before = made.load(Ordering::Relaxed);
                house.run(&["backup", text(&archive(n))], "").fine();
                assert!(made.load(Ordering::Relaxed) > before, "nobody wrote meanwhile");
                // Who looks sees one state, too.
                house.run(&["doctor"], "").fine();
            }
        });
        let made = made.load(Ordering::Relaxed);

        let mut before = 0;
        for n in 0..4 {
            for other in others(&house) {
                other.run(&["restore", text(&archive(n))], "").fine();
                let said = other.run(&["doctor"], "").fine();
                assert!(said.lines().all(|line| line.starts_with("ok ")), "{said}");
                let companies = other.database.number("SELECT COUNT(*) FROM companies");
                assert!(companies >= before, "{companies} after {before}");
                before = companies;
            }
        }
        assert!(before > 10, "{before}");
        let all = house.database.number("SELECT COUNT(*) FROM companies");
        assert_eq!(all, i64::from(made) + 2);
        assert!(before < all, "nobody wrote while the last one was made: {before}");
    }
}

/// Restores what can't be, on each kind, and that nothing is left of it.
fn refused(house: &House, archive: &Path) -> String {
    let mut said = String::new();
    for other in others(house) {
        let ran = other.run(&["restore", text(archive)], "");
        said = ran.line(1).to_owned();
        match other.is_postgres() {
            true => {
                let left = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations'";
                assert_eq!(other.database.number(left), 0);
            }
            false => assert!(!other.database.folder().unwrap().join("firma.db").exists()),
        }
        assert!(!other.folder.path().join("data/files").exists());
        assert!(!other.folder.path().join("data/files.restoring").exists());
    }
    said
}

#[test]
fn a_damaged_archive_leaves_nothing() {
    for house in House::each() {
        house.found();
        let server = house.start();
        fill(&house.owner(&server));
        std::fs::create_dir_all(house.folder.path().join("data/files")).unwrap();
        std::fs::write(house.folder.path().join("data/files/x"), "a file").unwrap();
        let archive: PathBuf = house.folder.path().join("good");
        house.run(&["backup", text(&archive)], "").fine();
        let good = std::fs::read(&archive).unwrap();
        let bad = house.folder.path().join("bad");
        for length in [
            0,
            5,
            20,
            good.len() / 3,
            good.len() - 200,
            good.len() - 9,
            good.len() - 1,
        ] {
            std::fs::write(&bad, &good[..length]).unwrap();
            refused(&house, &bad);
        }
        for place in [
            12,
            good.len() / 4,
            good.len() / 2,
            good.len() - 40,
            good.len() - 7,
        ] {
            let mut flipped = good.clone();
            flipped[place] ^= 0x10;
            std::fs::write(&bad, &flipped).unwrap();
            refused(&house, &bad);
        }
        std::fs::write(&bad, "not gzip at all").unwrap();
        refused(&house, &bad);
        assert!(refused(&house, &archive.with_extension("nowhere")).contains("No such file"));

        // And the good one is good, from standard input too.
        for other in others(&house) {
            other.run(&["restore", text(&archive)], "").fine();
        }
    }
}

#[test]
fn an_archive_of_a_newer_binary_is_refused() {
    let house = House::sqlite();
    house.found();
    let archive = house.folder.path().join("newer");
    let write = |format: u32, migration: &str| {
        let head = json!({
            "firma_backup": format, "made_at": "", "made_by": "9", "database": "sqlite", "migrations": [migration],
        });
        let mut out = GzEncoder::new(File::create(&archive).unwrap(), Compression::fast());
        writeln!(out, "{head}").unwrap();
        out.finish().unwrap();
        refused(&house, &archive)
    };
    assert!(write(1, "20991231000001").contains("migrations that this binary doesn't know (20991231000001)"));
    assert!(write(2, "20261121000001").contains("the archive is of format 2"));
    assert!(write(1, "20261121000001").contains("cut off: its closing line is missing"));
}

#[test]
fn a_login_that_the_fence_holds_back_makes_no_backup() {
    let Some(house) = House::postgres() else { return };
    house.found();
    let name = format!("firma_reader_{}", std::process::id());
    house.database.execute(&format!(
        "CREATE ROLE {name} LOGIN PASSWORD 'reader'; GRANT firma_app TO {name}"
    ));
    let url = house.database.url();
    let (_, place) = url
        .rsplit_once('@')
        .unwrap_or_else(|| url.split_once("://").map(|(_, place)| ("", place)).unwrap());
    let url = format!("postgres://{name}:reader@{place}");
    let archive = house.folder.path().join("gaps");
    let ran = house.run_with(&[("DATABASE_URL", &url)], &["backup", text(&archive)], "");
    house.database.execute(&format!("DROP ROLE {name}"));
    assert!(ran.line(1).contains("row-level security"), "{ran:?}");
    assert!(!archive.exists() && !house.folder.path().join("gaps.part").exists());
}
