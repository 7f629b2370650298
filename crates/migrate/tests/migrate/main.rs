//! `firma-migrate` as who runs it meets it, on each database.

// What clippy.toml allows in tests, for the helpers between them too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod behind;
mod copies;

use behind::{Any, Holder, Killed, path};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use firma_testing::TestDatabase;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FUTURE: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')";

fn command(database: &TestDatabase, what: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firma-migrate"));
    command.env_clear().env("DATABASE_URL", database.url()).arg(what);
    command
}

/// Exit code, lines on standard output, lines on standard error.
fn run(database: &TestDatabase, what: &str) -> (Option<i32>, Vec<String>, Vec<String>) {
    let ended = command(database, what).output().unwrap();
    let lines = |bytes| {
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    };
    (ended.status.code(), lines(ended.stdout), lines(ended.stderr))
}

#[track_caller]
fn fine(database: &TestDatabase, what: &str) -> Vec<String> {
    let (code, out, err) = run(database, what);
    assert_eq!((code, err), (Some(0), Vec::new()), "{what}");
    out
}

#[track_caller]
fn refused(database: &TestDatabase, what: &str) -> String {
    let (code, out, err) = run(database, what);
    assert_eq!(
        (code, out, err.len()),
        (Some(1), Vec::new(), 1),
        "{what}: {err:?}"
    );
    err.concat()
}

fn is_missing(line: &str) -> bool {
    line.starts_with("firma-migrate: the database lacks the migrations ")
}

/// The copies that were made before migrations.
fn backups(database: &TestDatabase) -> Vec<PathBuf> {
    let folder = path(database).parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.to_string_lossy().contains(".before-"))
        .collect()
}

/// On SQLite the file, with nothing in it; on PostgreSQL it is there.
fn make_empty(database: &TestDatabase) {
    if !database.is_postgres() {
        std::fs::write(path(database), "").unwrap();
    }
}

#[test]
fn there_and_back() {
    for database in TestDatabase::each_empty() {
        make_empty(&database);
        assert!(is_missing(&refused(&database, "check")));
        let status = fine(&database, "status");
        assert!(
            !status.is_empty() && status.iter().all(|line| line.starts_with("missing ")),
            "{status:?}"
        );
        let names: Vec<_> = status.iter().map(|line| line.replace("missing ", "")).collect();

        let applied = fine(&database, "run");
        assert_eq!(
            applied,
            names
                .iter()
                .map(|name| format!("applied: {name}"))
                .collect::<Vec<_>>()
        );
        assert_eq!(fine(&database, "check"), [""; 0]);
        let status = fine(&database, "status");
        assert!(
            status.iter().all(|line| line.starts_with("applied ")),
            "{status:?}"
        );
        assert_eq!(fine(&database, "run"), ["nothing to do"]);
        if !database.is_postgres() {
            assert!(backups(&database).is_empty(), "an empty database needs no copy");
        }

        let last = names.last().unwrap();
        let undone = fine(&database, "revert");
        assert_eq!(undone.last(), Some(&format!("taken back: {last}")));
        assert!(is_missing(&refused(&database, "check")));
        fine(&database, "run");
        assert_eq!(
            fine(&database, "redo").last(),
            Some(&format!("taken back and applied: {last}"))
        );
        fine(&database, "check");
        for _ in &names {
            fine(&database, "revert");
        }
        assert_eq!(
            refused(&database, "revert"),
            "firma-migrate: there is no migration to take back"
        );
    }
}

#[test]
fn who_asks_for_no_tables_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let ask = |what: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firma-migrate"));
        command.env_clear().env("FIRMA_DATA_DIR", &data).arg(what);
        command.output().unwrap()
    };
    for what in ["status", "check", "revert", "redo", "seed"] {
        let ended = ask(what);
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.starts_with("firma-migrate: there is no database "), "{said}");
        assert!(!folder.path().join("new").exists());
    }
    // Who makes one keeps others out.
    assert!(ask("run").status.success());
    #[cfg(unix)]
    for (path, mode) in [
        (data.clone(), 0o700),
        (data.join("firma.db"), 0o600),
        (data.join("firma.db.migrating"), 0o600),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let found = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }
}

#[test]
fn seeds_again_without_change() {
    for database in TestDatabase::each_empty() {
        make_empty(&database);
        assert!(is_missing(&refused(&database, "seed")));
        fine(&database, "run");
        let seeded = || {
            let lines = |query| database.lines(query);
            let by_role =
                "SELECT CAST(COUNT(*) AS TEXT) FROM role_permissions GROUP BY role_id ORDER BY role_id";
            (
                lines("SELECT name FROM permissions ORDER BY name"),
                lines("SELECT name FROM roles ORDER BY name"),
                lines(by_role),
                database.number("SELECT COUNT(*) FROM tenants"),
            )
        };
        let before = seeded();
        assert!(
            before.0.len() > 20 && before.1.len() > 5 && !before.2.is_empty(),
            "{before:?}"
        );
        fine(&database, "seed");
        fine(&database, "seed");
        assert_eq!(seeded(), before);
        // As who was stopped before its end leaves it.
        for lost in [
            "DELETE FROM role_permissions WHERE role_id = (SELECT id FROM roles WHERE name = 'ceo')",
            "DELETE FROM role_permissions; DELETE FROM roles; DELETE FROM permissions",
        ] {
            database.execute(lost);
            let line =
                "firma-migrate: the database lacks permissions or system roles: run `firma-migrate seed`";
            assert_eq!(refused(&database, "check"), line);
            fine(&database, "seed");
            fine(&database, "check");
            assert_eq!(seeded(), before);
        }
    }
}

/// Else half an organization would be open again.
#[test]
fn the_mark_of_a_purge_is_not_taken_back_before_its_end() {
    for database in TestDatabase::each() {
        let id = firma_domain::Id::from_parts(1, &[7; 10]);
        let (of, now) = (
            database.id_literal(id),
            if database.is_postgres() { "now()" } else { "1" },
        );
        database.execute(&format!(
            "INSERT INTO tenants (id, slug, status, currency, timezone, needs_factor, deleted_at, purging_at) \
             VALUES ({of}, 'leaving', 'active', 'EUR', 'UTC', FALSE, {now}, {now})"
        ));
        let purging = "2026-11-28-000100_purged_organizations";
        let last = |database: &TestDatabase| fine(database, "revert").pop().unwrap();
        while database
            .number("SELECT COUNT(*) FROM __diesel_schema_migrations WHERE version > '20261128000100'")
            > 0
        {
            assert!(!last(&database).contains(purging));
        }
        refused(&database, "revert");
        assert_eq!(
            database.number("SELECT COUNT(*) FROM tenants WHERE purging_at IS NOT NULL"),
            1
        );
        database.execute(&format!("DELETE FROM tenants WHERE id = {of}"));
        assert!(last(&database).contains(purging));
    }
}

#[test]
fn a_file_with_something_in_it_is_copied_first() {
    for database in TestDatabase::each_empty()
        .iter()
        .filter(|database| !database.is_postgres())
    {
        fine(database, "run");
        database.execute("UPDATE roles SET description = 'mine' WHERE name = 'ceo'");
        let said = fine(database, "revert");
        let copies = backups(database);
        assert_eq!(copies.len(), 1);
        let copy = copies[0].display().to_string();
        assert_eq!(said[0], format!("the database as it was before is in {copy}"));
        let mut kept = SqliteConnection::establish(&copy).unwrap();
        let mine = diesel::dsl::sql::<Bool>("SELECT COUNT(*) = 1 FROM roles WHERE description = 'mine'");
        assert!(mine.get_result::<bool>(&mut kept).unwrap());
        #[cfg(unix)]
        for file in [&copies[0], &path(database)] {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600,
                "{file:?}"
            );
        }
        // Another copy doesn't replace the first.
        fine(database, "run");
        let before = backups(database);
        fine(database, "revert");
        assert_eq!(backups(database).len(), before.len() + 1);
        assert!(before.iter().all(|copy| copy.exists()));
    }
}

#[test]
fn a_newer_schema_is_left_alone() {
    for database in TestDatabase::each_empty() {
        fine(&database, "run");
        database.execute(FUTURE);
        for what in ["run", "check", "seed", "revert", "redo"] {
            let line = refused(&database, what);
            assert!(line.contains("doesn't know (20991231000001)"), "{what}: {line}");
        }
        let last = fine(&database, "status").pop();
        assert_eq!(last.as_deref(), Some("unknown 20991231000001"));
    }
}

#[test]
fn another_that_migrates_is_waited_for_and_then_named() {
    for database in TestDatabase::each_empty() {
        fine(&database, "run");
        let mut held = Holder::of(&database);
        assert!(held.take());
        let begun = Instant::now();
        assert_eq!(
            refused(&database, "run"),
            "firma-migrate: another process is migrating this database"
        );
        let took = begun.elapsed();
        assert!(
            took > Duration::from_secs(4) && took < Duration::from_secs(30),
            "{took:?}"
        );
        fine(&database, "check");

        let waiting = command(&database, "seed").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        held.give();
        assert!({ waiting }.wait().unwrap().success());
    }
}

#[test]
fn the_lock_goes_with_its_process() {
    for database in TestDatabase::each_empty() {
        fine(&database, "run");
        // Who seeds comes as far as the first row, and waits there, with the lock.
        let (begin, end) = match database.is_postgres() {
            true => (
                "BEGIN; LOCK TABLE permissions IN ACCESS EXCLUSIVE MODE",
                "ROLLBACK",
            ),
            false => ("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE", "ROLLBACK"),
        };
        let mut obstacle = Any::open(&database);
        obstacle.batch(begin);
        let mut seeding = Killed(command(&database, "seed").stderr(Stdio::null()).spawn().unwrap());
        let mut held = Holder::of(&database);
        await_that(|| !held.takes_and_gives());
        seeding.0.kill().unwrap();
        seeding.0.wait().unwrap();
        // PostgreSQL looks whether its client lives when the statement goes on.
        obstacle.batch(end);
        await_that(|| held.takes_and_gives());
        fine(&database, "seed");
    }
}

fn await_that(mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_new_migration_sorts_behind_the_others_on_both_databases() {
    let folder = tempfile::tempdir().unwrap();
    let generate = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firma-migrate"));
        let ended = command
            .env_clear()
            .args(["generate", name, "--folder"])
            .arg(folder.path())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ended.status.success(), text(ended.stdout), text(ended.stderr))
    };
    let (done, _, told) = generate("names");
    assert!(!done && told.contains("postgres"), "{told}");
    for database in ["postgres", "sqlite"] {
        std::fs::create_dir_all(folder.path().join(database).join("2199-01-31-000041_far_off")).unwrap();
    }
    let (done, made, _) = generate("names");
    let name = |database: &str, file: &str| {
        let path = folder
            .path()
            .join(database)
            .join("2199-01-31-000042_names")
            .join(file);
        format!("{}\n", path.display())
    };
    let files = ["postgres", "sqlite"].map(|database| name(database, "up.sql") + &name(database, "down.sql"));
    assert!(done);
    assert_eq!(made, files.concat());
    assert!(
        made.lines()
            .all(|file| std::fs::read_to_string(file).unwrap().starts_with("-- "))
    );
    for wrong in ["Names", "a-b", "../names", ""] {
        assert!(!generate(wrong).0, "{wrong}");
    }
}
