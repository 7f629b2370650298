//! What who runs the server asks: is the log whole, is the installation well, what is configured.

use crate::house::{House, PASSWORD, SECRET, at};
use crate::process::run;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A house whose log's last three entries were made alone; the number of the first of them.
fn kept(house: &House) -> i64 {
    house.found();
    let server = house.start();
    let owner = house.owner(&server);
    let path = owner.post(&at("companies"), json!({"name": "A"})).id();
    for name in ["B", "C"] {
        owner
            .patch(&at(&format!("companies/{path}")), json!({"name": name}))
            .expect(200);
    }
    house.database.number("SELECT MAX(number) FROM audit_entries") - 2
}

/// Statements as the owner of the tables, with nothing in the way.
fn tamper(house: &House, statements: &str) {
    let open = match house.is_postgres() {
        true => "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        false => {
            "DROP TRIGGER IF EXISTS audit_entries_no_update; DROP TRIGGER IF EXISTS audit_entries_no_delete"
        }
    };
    house.database.execute(&format!("{open}; {statements}"));
}

#[test]
fn a_log_that_was_changed_names_the_first_entry_in_doubt() {
    type Case = (&'static str, fn(i64) -> String, i64);
    let cases: [Case; 3] = [
        (
            "it was changed",
            |n| format!("UPDATE audit_entries SET action = 'company.deleted' WHERE number = {n}"),
            0,
        ),
        (
            "entries before it are missing",
            |n| format!("DELETE FROM audit_entries WHERE number = {}", n + 1),
            1,
        ),
        (
            "the chain is broken here",
            |n| {
                let change =
                    |from, to| format!("UPDATE audit_entries SET number = {to} WHERE number = {from}");
                [change(n + 1, 900), change(n + 2, n + 1), change(900, n + 2)].join("; ")
            },
            1,
        ),
    ];
    for (what, statements, at) in cases {
        for house in House::each() {
            let first = kept(&house);
            let good = house.run(&["audit", "verify", "--all"], "").fine();
            assert_eq!(
                good,
                format!("system: ok, 2 entries\nfirm: ok, {} entries\n", first + 2)
            );
            tamper(&house, &statements(first));
            let number = first + at;
            let found = house.run(&["audit", "verify"], "");
            assert_eq!(found.code, Some(4), "{found:?}");
            let line = format!(
                "firm: entry {number} is the first in doubt: {what} ({} before it are whole)\n",
                number - 1
            );
            assert!(found.out.ends_with(&line), "{found:?}");
            let found = house.run(&["audit", "verify", "--organization", "firm", "--json"], "");
            let told: Value = serde_json::from_str(&found.out).unwrap();
            assert_eq!(
                (
                    found.code,
                    &told["ok"],
                    &told["organizations"][0]["broken"]["number"]
                ),
                (Some(4), &json!(false), &json!(number))
            );
            house
                .run(&["audit", "verify", "--organization", "system"], "")
                .fine();
        }
    }
    let house = House::empty_sqlite();
    assert!(
        house
            .run(&["audit", "verify"], "")
            .line(1)
            .contains("there is no database")
    );
    assert!(!house.database.folder().unwrap().join("firma.db").exists());
}

/// Who cuts a log and leaves a checkpoint, but hasn't the secret.
#[test]
fn a_log_that_a_stranger_cut_is_in_doubt() {
    for house in House::each() {
        let last = kept(&house) - 1;
        let of = "organization_id = (SELECT id FROM tenants WHERE slug = 'firm') AND number";
        let cut = format!(
            "INSERT INTO audit_checkpoints SELECT organization_id, number, chain, occurred_at, number, occurred_at, \
             '1.key.mark' FROM audit_entries WHERE {of} = {last}; DELETE FROM audit_entries WHERE {of} <= {last}"
        );
        tamper(&house, &cut);
        let found = house.run(&["audit", "verify", "--organization", "firm"], "");
        let what = "its checkpoint was signed with a secret that is not known here (0 before it are whole)";
        let line = format!("firm: entry {last} is the first in doubt: {what}\n");
        assert_eq!((found.code, &found.out), (Some(4), &line));
        let checks: Vec<_> = wrong(&house).into_iter().map(|(check, _)| check).collect();
        assert_eq!(checks, ["audit log"]);
    }
}

#[test]
fn an_organization_that_is_not_there_is_said_to_be() {
    for house in House::each() {
        house.found();
        let asked = house.run(&["audit", "verify", "--organization", "nobody"], "");
        assert_eq!(asked.line(1), "firma: there is no such organization");
    }
}

/// The checks of a doctor who found something: each that is wrong, and what it found.
fn wrong(house: &House) -> Vec<(String, String)> {
    let ran = house.run(&["doctor", "--json"], "");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let checks = told["checks"].as_array().unwrap().iter();
    let text = |check: &Value, of: &str| check[of].as_str().unwrap().to_owned();
    let wrong: Vec<_> = checks.filter(|check| check["state"] == "wrong").collect();
    assert!(wrong.iter().all(|check| check["remedy"].is_string()), "{told}");
    wrong
        .into_iter()
        .map(|check| (text(check, "check"), text(check, "found")))
        .collect()
}

#[test]
fn a_good_installation_is_said_to_be_well() {
    for house in House::each() {
        kept(&house);
        let said = house.run_with(&[("DB_HOST", "db")], &["doctor"], "").fine();
        assert!(
            said.lines()
                .all(|line| line.starts_with("ok ") || line.starts_with("note ")),
            "{said}"
        );
        assert!(said.contains("note  settings: DB_HOST: is not read"), "{said}");
        // Of PostgreSQL's pages nobody looks at any.
        assert_eq!(said.contains("ok    integrity: "), !house.is_postgres(), "{said}");
    }
}

#[test]
fn a_row_that_was_changed_behind_the_application_is_found() {
    let one = "WHERE id = (SELECT entity_id FROM audit_entries WHERE entity_type = 'company' AND number = (SELECT MAX(number) FROM audit_entries))";
    let cases: [(String, &str); 5] = [
        (
            "DELETE FROM companies".into(),
            "it has entries and no row, and wasn't purged",
        ),
        (
            format!("UPDATE companies SET version = version + 1 {one}"),
            "it is at version 4, and its last entry at 3",
        ),
        (
            format!("UPDATE companies SET name = 'D' {one}"),
            "its name isn't what its last entry says",
        ),
        (
            format!("UPDATE companies SET deleted_at = created_at, deletion_id = id {one}"),
            "it was deleted or brought back without an entry",
        ),
        (
            "UPDATE audit_entries SET entity_type = 'deal' WHERE entity_type = 'company'".into(),
            "it has no entry",
        ),
    ];
    for house in House::each() {
        for (statements, how) in &cases {
            let house = match house.is_postgres() {
                true => House::postgres().unwrap(),
                false => House::sqlite(),
            };
            kept(&house);
            tamper(&house, statements);
            let found = wrong(&house);
            let (_, what) = found.iter().find(|(check, _)| check == "rows and log").unwrap();
            assert!(what.ends_with(how), "{what}");
            assert!(what.contains(" rows were changed behind"), "{what}");
        }
    }
}

/// Whoever takes a head away hides no other log.
#[test]
fn a_log_without_its_head_is_in_doubt_and_the_others_are_looked_at() {
    for house in House::each() {
        let first = kept(&house);
        house
            .run(
                &[
                    "admin",
                    "create",
                    "--email",
                    "b@b.example",
                    "--organization",
                    "B",
                    "--slug",
                    "bbb",
                ],
                PASSWORD,
            )
            .fine();
        let of = "organization_id = (SELECT id FROM tenants WHERE slug = 'bbb')";
        tamper(
            &house,
            &format!(
                "DELETE FROM heads WHERE {of}; UPDATE audit_entries SET action = 'x' WHERE number = {first} AND NOT {of}"
            ),
        );
        let found = house.run(&["audit", "verify"], "");
        assert_eq!(found.code, Some(4), "{found:?}");
        assert!(found.out.contains("its head is missing"), "{found:?}");
        assert!(
            found.out.contains(&format!(
                "firm: entry {first} is the first in doubt: it was changed"
            )),
            "{found:?}"
        );
        let found = wrong(&house);
        assert!(found.iter().any(|(check, _)| check == "audit log"), "{found:?}");
        let file = house.folder.path().join("b.log");
        let exported = house.run(
            &["audit", "export", "--organization", "bbb", file.to_str().unwrap()],
            "",
        );
        assert!(exported.code == Some(4) && file.exists(), "{exported:?}");
    }
}

#[test]
fn a_broken_invariant_is_named() {
    for house in House::each() {
        kept(&house);
        let server = house.start();
        let owner = house.owner(&server);
        let me = owner.get("/api/v1/me").expect(200)["user"]["id"].clone();
        let team = owner.post(&at("teams"), json!({"name": "A", "slug": "team-a"}));
        let place = json!({"team_id": team.id(), "user_id": me});
        owner.post(&at("team-members"), place).expect(201);
        drop(server);
        let only = |statements: &str| {
            house.database.execute(statements);
            let found = wrong(&house);
            found.into_iter().map(|(check, _)| check).collect::<Vec<_>>()
        };
        let found = only("UPDATE stages SET kind = 'OPEN' WHERE kind = 'WON'");
        assert!(
            found.contains(&"a pipeline has exactly one won and one lost stage".into()),
            "{found:?}"
        );
        let found = only("UPDATE memberships SET is_active = FALSE");
        for named in [
            "an organization's owner is an active member with the role ceo",
            "nobody who isn't active is in a team",
        ] {
            assert!(found.contains(&named.to_owned()), "{found:?}");
        }
        let found = only("UPDATE heads SET last_number = last_number + 1");
        assert!(found.contains(&"audit log".to_owned()), "{found:?}");
    }
}

#[test]
fn a_missing_migration_and_an_open_secret_are_found() {
    for house in House::each() {
        kept(&house);
        assert!(
            house
                .run(&["doctor"], "")
                .fine()
                .contains("ok    migrations: all ")
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let secret = house.folder.path().join("data/secret");
            std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert_eq!(wrong(&house)[0].0, "secret");
            std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        house.database.execute(
            "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT MAX(version) FROM __diesel_schema_migrations)",
        );
        let found = wrong(&house);
        assert_eq!(found[0].0, "migrations", "{found:?}");
        assert!(house.run(&["audit", "verify"], "").line(1).contains("migrations"));
    }
}

#[test]
fn a_role_that_sees_past_the_fence_is_found() {
    let Some(house) = House::postgres() else { return };
    kept(&house);
    let role = house.database.lines("SELECT current_user::text")[0].clone();
    let ran = house.run_with(&[("FIRMA_DB_ROLE", &role)], &["doctor"], "");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.out.contains("could see past row-level security"), "{ran:?}");
}

#[test]
fn the_settings_are_shown_without_secrets() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("firma.toml"), "max-body = \"3MB\"\n").unwrap();
    let environment = [
        ("FIRMA_CONFIG", "firma.toml"),
        ("FIRMA_SECRET", SECRET),
        (
            "DATABASE_URL",
            "postgres://firma:hunter2@localhost/firma?password=hunter2",
        ),
    ];
    let arguments = ["config", "--json", "--log", "error"];
    let said = run(folder.path(), &environment, &arguments, "").fine();
    let told: Vec<Value> = serde_json::from_str(&said).unwrap();
    let of = |name: &str| told.iter().find(|given| given["setting"] == name).unwrap();
    assert_eq!(
        (&of("max_body")["value"], &of("max_body")["from"]),
        (&json!("3MB"), &json!("firma.toml, max_body"))
    );
    assert_eq!(of("log")["from"], "--log");
    assert_eq!(of("bcrypt_cost")["from"], "FIRMA_BCRYPT_COST");
    assert_eq!(of("access_ttl")["from"], "default");
    assert_eq!(of("db_pool_max")["value"], Value::Null);
    assert_eq!(of("secret")["value"], "***");
    assert_eq!(
        of("database_url")["value"],
        "postgres://firma:***@localhost/firma?password=***"
    );
    let said = run(folder.path(), &environment, &["config"], "").fine();
    assert!(!said.contains("hunter2") && !said.contains(SECRET), "{said}");
    assert!(!folder.path().join("data").exists(), "looking makes nothing");
}

#[test]
fn every_shell_gets_its_completions() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(folder.path(), &[], &["completions", shell], "").fine();
        assert!(script.contains("doctor") && script.contains("db-role"), "{shell}");
    }
    assert_eq!(
        run(folder.path(), &[], &["completions", "tcsh"], "").code,
        Some(2)
    );
}

#[test]
fn the_systems_log_is_whole_where_an_error_was_resolved() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        house.database.execute("ALTER TABLE companies RENAME TO gone");
        owner.get(&at("companies")).problem(500, "internal");
        house.database.execute("ALTER TABLE gone RENAME TO companies");
        let errors = "/api/v1/platform/errors";
        let written = || {
            owner.get(errors).expect(200)["data"][0]["id"]
                .as_str()
                .map(str::to_owned)
        };
        server.await_that("written down", || written().is_some());
        let resolved = format!("{errors}/{}/resolve", written().unwrap());
        assert_eq!(owner.act(&resolved).expect(200)["state"], "RESOLVED");
        server.kill();
        let verified = house.run(&["audit", "verify", "--all"], "").fine();
        assert!(verified.contains("system: ok, 3 entries"), "{verified}");
        house.run(&["doctor"], "").fine();
    }
}
