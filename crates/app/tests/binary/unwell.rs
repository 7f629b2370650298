//! An installation in which something is wrong, as doctor and the commands tell it.

use crate::house::{EMAIL, House, PASSWORD, SECRET};
use crate::process::run;
use firma_auth::second_factor::recovery_hash;
use firma_domain::Id;
use serde_json::json;
use std::fs::{self, File};
use std::path::Path;
use tempfile::TempDir;

const RESTORE: &str = "do: keep a copy of the file, and restore the last backup";

/// Whether the file is shut now: to the superuser it never is.
#[cfg(unix)]
fn shut(path: &Path, mode: u32) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    File::options().write(true).open(path).is_err()
}

#[cfg(unix)]
#[test]
fn a_file_that_the_server_can_not_use_is_found() {
    let house = House::sqlite();
    house.found();
    let file = house.database.folder().unwrap().join("firma.db");
    let secret = house.folder.path().join("data/secret");
    if !shut(&file, 0o400) || !shut(&secret, 0) {
        return;
    }
    let ran = house.run(&["doctor"], "");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    for (what, found) in [
        ("database file", "can't be written to"),
        ("secret", "can't be read"),
    ] {
        let mut lines = ran.out.lines();
        let wrong = lines.find(|line| line.starts_with(&format!("WRONG {what}: ")));
        assert!(wrong.is_some_and(|line| line.contains(found)), "{ran:?}");
        assert!(
            lines.next().is_some_and(|line| line.contains("chmod 600 ")),
            "{ran:?}"
        );
    }
}

#[test]
fn a_file_that_is_no_database_is_to_be_restored() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let file = folder.path().join("data/firma.db");
    fs::write(file, "no database at all ".repeat(500)).unwrap();
    let ran = run(folder.path(), &[("FIRMA_LOG", "error")], &["doctor"], "");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    for what in ["migrations", "integrity"] {
        let mut lines = ran.out.lines();
        let wrong = lines.find(|line| line.starts_with(&format!("WRONG {what}: ")));
        assert!(
            wrong.is_some_and(|line| line.ends_with("file is not a database")),
            "{ran:?}"
        );
        assert_eq!(lines.next().map(str::trim), Some(RESTORE), "{ran:?}");
    }
}

#[test]
fn a_role_that_can_not_be_taken_on_is_told() {
    let Some(house) = House::postgres() else { return };
    house.found();
    let role = [("FIRMA_DB_ROLE", "firma_nobody_at_all")];
    let why = "role \"firma_nobody_at_all\" does not exist";
    let started = house.run_with(&role, &[], "");
    assert!(started.line(1).ends_with(why), "{started:?}");
    let ran = house.run_with(&role, &["doctor"], "");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.out.contains(why) && !ran.out.contains("is away"), "{ran:?}");
}

#[test]
fn what_works_on_what_is_there_makes_no_database() {
    let house = House::empty_sqlite();
    let file = house.write("a.csv", b"name\nFirm\n");
    let import = ["import", &file, "--organization", "firm", "--entity", "companies"];
    let erase = ["erase-person", "--email", EMAIL, "--yes"];
    for arguments in [&["rotate-secrets"][..], &erase, &import] {
        let ran = house.run(arguments, "");
        assert!(ran.line(1).contains("there is no database "), "{ran:?}");
    }
    assert!(!house.folder.path().join("data").exists());
    assert!(!house.database.folder().unwrap().join("firma.db").exists());
}

#[test]
fn what_a_killed_backup_left_is_replaced_and_what_another_writes_is_not() {
    let house = House::sqlite();
    house.found();
    let part = house.write("mine.part", b"half");
    let archive = house.folder.path().join("mine");
    let backup = || house.run(&["backup", archive.to_str().unwrap()], "");
    let other = File::open(&part).unwrap();
    other.lock().unwrap();
    let ran = backup();
    assert!(ran.line(1).ends_with("another process is writing it"), "{ran:?}");
    assert_eq!(fs::read(&part).unwrap(), b"half");
    drop(other);
    backup().fine();
    assert!(archive.exists() && !Path::new(&part).exists());
}

#[test]
fn a_folder_of_mails_that_can_not_be_written_to_is_named() {
    let house = House::sqlite();
    let outbox = house.folder.path().join("data/outbox");
    fs::create_dir(outbox.parent().unwrap()).unwrap();
    fs::write(&outbox, "in the way").unwrap();
    let ran = house.run(&["mail", "test", "--to", "ann@reader.example"], "");
    let line = ran.err.lines().last().unwrap_or_default();
    let begin = format!(
        "firma: FIRMA_SMTP_URL isn't set, and the mail can't be written: {}: ",
        outbox.display()
    );
    assert_eq!((ran.code, line.starts_with(&begin)), (Some(1), true), "{ran:?}");
}

/// The codes of an authenticator need what is sealed; recovery codes are digests.
#[test]
fn a_recovery_code_lets_in_where_the_secret_is_another() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        owner.act("/api/v1/me/second-factor").expect(200);
        let me = owner.get("/api/v1/me").expect(200);
        let user: Id = me["user"]["id"].as_str().unwrap().parse().unwrap();
        server.kill();
        let code = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX";
        let hash = recovery_hash(user, code);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash = match house.is_postgres() {
            true => format!("'\\x{hash}'"),
            false => format!("x'{hash}'"),
        };
        house.database.execute(&format!(
            "UPDATE second_factors SET confirmed_at = created_at; \
             INSERT INTO recovery_codes (user_id, hash) VALUES ({}, {hash})",
            house.database.id_literal(user)
        ));

        let server = house.start_with(&[("FIRMA_SECRET", SECRET)]);
        let client = server.client();
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let first = client
            .post("/api/v1/auth/login", body)
            .problem(401, "second_factor_required");
        let second = |code: &str| {
            let body = json!({"challenge": first["challenge"], "code": code});
            client.post("/api/v1/auth/login/second-factor", body)
        };
        second("000000").problem(500, "internal");
        second("ABCD-EFGH").problem(401, "wrong_code");
        second(code).expect(200);
        second(code).problem(401, "wrong_code");
    }
}
