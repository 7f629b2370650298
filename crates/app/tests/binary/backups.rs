//! Backups by themselves: made by one of several servers, proved, kept; killed in the middle, and gone wrong.

use crate::house::House;
use crate::process::Process;
use serde_json::{Value, json};
use std::time::Duration;

const DAILY: (&str, &str) = ("FIRMA_BACKUP_SCHEDULE", "@daily");
const QUICK: (&str, &str) = ("FIRMA_JOB_LEASE", "1s");

/// What is in the folder of backups.
fn names(house: &House) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(house.folder.path().join("data/backups")) else {
        return vec![];
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

fn is_archive(name: &str) -> bool {
    name.ends_with(".backup")
}

/// How many databases there are that a proof made.
fn scratch(house: &House) -> i64 {
    match house.is_postgres() {
        true => house.database.number(
            "SELECT COUNT(*) FROM pg_database WHERE starts_with(datname, (SELECT 'firma_scratch_' || oid || '_' \
             FROM pg_database WHERE datname = current_database()))",
        ),
        false => 0,
    }
}

fn count(house: &House, state: &str) -> i64 {
    let query = format!("SELECT COUNT(*) FROM jobs WHERE kind = 'backup' AND state = '{state}'");
    house.database.number(&query)
}

/// Its time has come.
fn due(house: &House, by: &Process) {
    let queued = "SELECT COUNT(*) FROM job_queue WHERE kind = 'backup'";
    by.await_that("scheduled", || house.database.number(queued) == 1);
    let past = if house.is_postgres() { "'epoch'" } else { "0" };
    house.database.execute(&format!(
        "UPDATE job_queue SET run_at = {past}, attempts = 0 WHERE kind = 'backup'"
    ));
}

/// A worker makes one, and ends.
fn make(house: &House, environment: &[(&str, &str)]) {
    let done = count(house, "SUCCEEDED");
    let worker = house.worker(environment);
    due(house, &worker);
    worker.await_that("done", || count(house, "SUCCEEDED") > done);
}

fn restored(house: &House, name: &str) {
    let archive = house.folder.path().join("data/backups").join(name);
    for other in House::each_empty() {
        let told = other
            .run(&["restore", archive.to_str().unwrap(), "--json"], "")
            .fine();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["ok"], true);
        other.run(&["audit", "verify"], "").fine();
    }
}

#[test]
fn one_of_several_servers_makes_each_and_the_oldest_go() {
    for house in House::each() {
        house.found();
        let token = ("FIRMA_METRICS_TOKEN", "0123456789abcdef");
        let environment = [DAILY, ("FIRMA_BACKUP_KEEP", "2"), token];
        let server = house.start_with(&environment);
        let others = [house.worker(&environment), house.worker(&environment)];
        due(&house, &server);
        server.await_that("done", || count(&house, "SUCCEEDED") == 1);
        let first = names(&house);
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(
            is_archive(&first[0]) && !first[0].contains("unproved"),
            "{first:?}"
        );
        assert_eq!(
            house
                .database
                .number("SELECT COUNT(*) FROM jobs WHERE kind = 'backup'"),
            1
        );
        restored(&house, &first[0]);
        let bearer = [("authorization", "Bearer 0123456789abcdef")];
        let figures = server.client().send("GET", "/metrics", &bearer, None).text;
        assert!(figures.contains("firma_backup_age_seconds "), "{figures}");
        drop((server, others));

        let result = house
            .database
            .lines("SELECT result FROM jobs WHERE kind = 'backup'");
        let result: Value = serde_json::from_str(&result[0]).unwrap();
        assert_eq!(
            (&result["proved"], &result["file"]),
            (&json!(true), &json!(first[0]))
        );
        make(&house, &environment);
        make(&house, &environment);
        let last = names(&house);
        assert_eq!(last.len(), 2, "{last:?}");
        assert!(
            !last.contains(&first[0]) && last.iter().all(|name| is_archive(name)),
            "{last:?}"
        );
        assert_eq!(scratch(&house), 0);
        let said = house.run_with(&[DAILY], &["doctor"], "").fine();
        assert!(
            said.contains("ok    last backup: the last that was proved"),
            "{said}"
        );

        // By hand, it is proved where it is asked for.
        let by_hand = house.folder.path().join("mine");
        let told = house
            .run(&["backup", by_hand.to_str().unwrap(), "--prove", "--json"], "")
            .fine();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["proved"], &told["unproved"]), (&json!(true), &Value::Null));
        assert_eq!(
            std::fs::read_dir(house.folder.path()).unwrap().count(),
            2,
            "mine and data"
        );
    }
}

#[test]
fn one_that_is_killed_leaves_nothing_that_looks_good() {
    for house in House::each() {
        house.found();
        house.run(&["demo"], "").fine();
        let mut interrupted = 0;
        for n in 0..6 {
            let before = names(&house);
            let worker = house.worker(&[DAILY, QUICK]);
            due(&house, &worker);
            let is_new = |name: &String| !is_archive(name) && !before.contains(name);
            let begun = || names(&house).iter().any(is_new);
            worker.await_that("begun", begun);
            std::thread::sleep(Duration::from_millis(n * 200));
            worker.kill();
            interrupted += i32::from(begun());
            // The lease of the dead.
            std::thread::sleep(Duration::from_millis(1_100));
        }
        assert!(interrupted > 2, "{interrupted} were interrupted");
        make(&house, &[DAILY, QUICK]);
        let names = names(&house);
        assert!(names.iter().all(|name| is_archive(name)), "{names:?}");
        names.iter().for_each(|name| restored(&house, name));
        assert_eq!(scratch(&house), 0);
        eprintln!("{}: {interrupted} interrupted", house.database.kind());
    }
}

/// A row that refers to none: it is read, and can't be restored.
fn break_a_reference(house: &House) {
    let (before, id, made) = match house.is_postgres() {
        true => (
            "ALTER TABLE import_rows DROP CONSTRAINT import_rows_organization_id_import_id_fkey",
            "'00000000-0000-7000-8000-000000000001'",
            "TRUE",
        ),
        false => (
            "PRAGMA foreign_keys = OFF",
            "x'00000000000070008000000000000001'",
            "1",
        ),
    };
    house.database.execute(&format!(
        "{before}; INSERT INTO import_rows (organization_id, import_id, row_id, line, made, version) \
         VALUES ({id}, {id}, {id}, 2, {made}, 1)"
    ));
}

#[test]
fn one_that_can_not_be_restored_is_none_and_leaves_those_before() {
    for house in House::each() {
        house.found();
        let environment = [DAILY, ("FIRMA_BACKUP_KEEP", "1")];
        make(&house, &environment);
        let before = names(&house);
        let noted = || {
            house
                .database
                .lines("SELECT kind || ' ' || CAST(made_at AS TEXT) FROM backups")
        };
        let good = noted();
        assert!(good.len() == 1 && good[0].starts_with("proved "), "{good:?}");
        let worker = house.worker(&environment);
        break_a_reference(&house);
        due(&house, &worker);
        let failed = "SELECT COUNT(*) FROM jobs WHERE kind = 'backup' AND problem LIKE 'the backup failed%'";
        worker.await_that("failed", || house.database.number(failed) == 1);
        assert!(
            worker.log().contains("the backup failed, and those before stay"),
            "{}",
            worker.log()
        );
        drop(worker);
        assert_eq!((names(&house), noted()), (before, good));
        assert_eq!(scratch(&house), 0);

        let by_hand = house.folder.path().join("mine");
        let ran = house.run(&["backup", by_hand.to_str().unwrap(), "--prove"], "");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_eq!(
            std::fs::read_dir(house.folder.path()).unwrap().count(),
            1,
            "only data"
        );
    }
}

#[test]
fn a_login_that_may_make_no_database_is_told_that_nothing_was_proved() {
    let Some(house) = House::postgres() else { return };
    house.found();
    make(&house, &[DAILY, ("FIRMA_BACKUP_KEEP", "1")]);
    let proved = names(&house);
    let name = format!("firma_plain_{}", std::process::id());
    house.database.execute(&format!(
        "CREATE ROLE {name} LOGIN PASSWORD 'plain'; GRANT firma_app TO {name}; DO $$ DECLARE of text; BEGIN \
         FOR of IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
         EXECUTE format('ALTER TABLE %I OWNER TO {name}', of); END LOOP; END $$"
    ));
    let url = house.database.url();
    let (_, place) = url
        .rsplit_once('@')
        .unwrap_or_else(|| url.split_once("://").map(|(_, place)| ("", place)).unwrap());
    let url = format!("postgres://{name}:plain@{place}");
    let plain = ("FIRMA_MIGRATE_DATABASE_URL", url.as_str());
    make(&house, &[DAILY, ("FIRMA_BACKUP_KEEP", "1"), plain]);
    make(&house, &[DAILY, ("FIRMA_BACKUP_KEEP", "1"), plain]);
    let by_hand = house.folder.path().join("mine");
    let ran = house.run_with(&[plain], &["backup", by_hand.to_str().unwrap(), "--prove"], "");
    let doctor = house.run_with(&[plain, DAILY], &["doctor"], "");
    house.database.execute(&format!(
        "REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name}; DROP ROLE {name}"
    ));
    assert!(doctor.out.contains("WRONG proof of backups"), "{doctor:?}");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains("NOT proved: the login that owns the tables"),
        "{ran:?}"
    );
    assert!(!by_hand.exists() && by_hand.with_extension("unproved").exists());
    let (unproved, good): (Vec<_>, Vec<_>) = names(&house)
        .into_iter()
        .partition(|name| name.contains("unproved"));
    assert_eq!((good, unproved.len()), (proved, 1));
    assert_eq!(
        house.database.lines("SELECT kind FROM backups ORDER BY kind"),
        ["proved", "unproved"]
    );
    let told = house
        .database
        .number("SELECT COUNT(*) FROM jobs WHERE result LIKE '%\"proved\":false%'");
    assert_eq!(told, 2);
}

#[test]
fn a_log_that_is_not_whole_is_kept_and_not_called_good() {
    for house in House::each() {
        house.found();
        let open = match house.is_postgres() {
            true => "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
            false => "DROP TRIGGER audit_entries_no_update; DROP TRIGGER audit_entries_no_delete",
        };
        house.database.execute(&format!(
            "{open}; UPDATE audit_entries SET action = 'company.deleted' WHERE number = 2 \
             AND organization_id = (SELECT id FROM tenants WHERE slug = 'firm')"
        ));
        make(&house, &[DAILY]);
        let names = names(&house);
        assert!(
            names.len() == 1 && names[0].ends_with(".unproved.backup"),
            "{names:?}"
        );
        let result = house
            .database
            .lines("SELECT result FROM jobs WHERE kind = 'backup'");
        let result: Value = serde_json::from_str(&result[0]).unwrap();
        let why = result["unproved"].as_str().unwrap();
        assert!(
            why.starts_with("the audit log isn't whole: firm: entry 2"),
            "{why}"
        );
        assert_eq!(house.database.lines("SELECT kind FROM backups"), ["unproved"]);

        let by_hand = house.folder.path().join("mine.backup");
        let ran = house.run(&["backup", by_hand.to_str().unwrap(), "--prove"], "");
        assert_eq!(ran.code, Some(4), "{ran:?}");
        assert!(
            ran.err
                .contains("NOT proved: the audit log isn't whole: firm: entry 2"),
            "{ran:?}"
        );
        assert!(!by_hand.exists() && by_hand.with_extension("unproved.backup").exists());
    }
}
