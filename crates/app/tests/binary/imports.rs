//! Files of rows: from the command line, and by jobs that are killed.

use crate::house::{House, at};
use crate::process::Process;
use crate::proxy::Proxy;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn import<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["import", file, "--organization", "firm"], more].concat()
}

#[test]
fn a_file_is_brought_in_from_the_command_line() {
    for house in House::each() {
        house.found();
        let write = |name: &str, text: &[u8]| house.write(name, text);
        let file = write(
            "firms.csv",
            b"Nr;Name;Ort\r\n1;M\xfcller;Bor\r\n2;Duro;Vr\x9aac\r\n",
        );
        let map = [
            "--entity",
            "companies",
            "--map",
            "Nr=external_id",
            "--map",
            "Name=name",
        ];
        let map = [&map[..], &["--map", "Ort=billing_address.city"]].concat();
        let dry = house
            .run(&import(&file, &[&map[..], &["--dry-run"]].concat()), "")
            .fine();
        assert!(
            dry.starts_with("tried, nothing is stored: 2 created, 0 updated, 0 unchanged, 0 refused"),
            "{dry}"
        );
        let count = || house.database.number("SELECT COUNT(*) FROM companies");
        assert_eq!(count(), 0);
        let ran = house.run(&import(&file, &map), "");
        // The line of a worker is for who asks for it.
        let (id, more) = ran.err.split_once('\n').unwrap();
        assert!(id.starts_with("import ") && more.is_empty(), "{ran:?}");
        assert!(ran.out.ends_with(&format!("; {id}\n")), "{ran:?}");
        let done = ran.fine();
        assert!(done.starts_with("done: 2 created,"), "{done}");
        let again = house.run(&import(&file, &map), "").fine();
        assert!(
            again.starts_with("done: 0 created, 0 updated, 2 unchanged,"),
            "{again}"
        );
        assert_eq!(
            house
                .database
                .lines("SELECT name FROM companies ORDER BY external_id"),
            ["Müller", "Duro"]
        );

        let options = write(
            "options.json",
            br#"{"entity": "companies", "columns": {"Nr": "external_id"}}"#,
        );
        let bad = write("bad.csv", "Nr,Name\n1,Müller AG\n3,\n".as_bytes());
        let some = ["--options", &options, "--map", "Name=name"];
        let refused = house.run(&import(&bad, &some), "");
        assert_eq!(refused.code, Some(5), "{refused:?}");
        assert!(
            refused.out.starts_with(
                "line 3, Name: is required (required)\ndone: 0 created, 1 updated, 0 unchanged, 1 refused"
            ),
            "{refused:?}"
        );
        let told = house.run(
            &import(&bad, &[&some[..], &["--json", "--all-or-nothing"]].concat()),
            "",
        );
        assert_eq!(told.code, Some(5), "{told:?}");
        let told: Value = serde_json::from_str(&told.out).unwrap();
        assert_eq!(told["import"]["state"], "REFUSED");
        assert_eq!(
            (&told["refusals"][0]["line"], &told["refusals"][0]["code"]),
            (&json!(3), &json!("required"))
        );

        let line = |arguments: &[&str]| house.run(&import(&bad, arguments), "").line(1).to_owned();
        assert_eq!(line(&[]), "firma: say what the rows are to become, with --entity");
        let other = house.run(
            &import(&bad, &["--entity", "companies", "--map", "No=external_id"]),
            "",
        );
        assert_eq!(other.code, Some(1), "{other:?}");
        assert_eq!(
            other.err.lines().last(),
            Some("firma: #/No: is no column of the file; there are \"Nr\", \"Name\"")
        );
        assert_eq!(
            line(&[
                "--entity",
                "companies",
                "--key",
                "none",
                "--as",
                "who@example.com"
            ]),
            "firma: there is no user with this e-mail"
        );
        assert!(
            house
                .run(
                    &[
                        "import",
                        "nowhere.csv",
                        "--organization",
                        "firm",
                        "--entity",
                        "deals"
                    ],
                    ""
                )
                .line(1)
                .contains("nowhere.csv")
        );
        assert!(
            house
                .run(
                    &["import", &bad, "--organization", "other", "--entity", "deals"],
                    ""
                )
                .line(1)
                .contains("other")
        );
    }
}

#[test]
fn an_import_that_is_killed_goes_on_and_does_nothing_twice() {
    const ROWS: i64 = 4_000;
    for house in House::each() {
        house.found();
        let environment = [("FIRMA_JOB_LEASE", "1s")];
        let server = house.start_with(&environment);
        let owner = house.owner(&server);
        let lines: String = (0..ROWS).map(|n| format!("{n},Firm {n}\r\n")).collect();
        let options = json!({"entity": "companies", "columns": {"No": "external_id", "Firm": "name"}});
        let body = format!(
            "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nNo,Firm\r\n{lines}\r\n\
             --cut\r\ncontent-disposition: form-data; name=\"options\"\r\n\r\n{options}\r\n--cut--\r\n"
        );
        let form = [("content-type", "multipart/form-data; boundary=cut")];
        let import = owner
            .send("POST", &at("imports"), &form, Some(body.as_bytes()))
            .expect(202);
        let count = || house.database.number("SELECT COUNT(*) FROM companies");
        server.await_that("begun", || count() > 0);
        server.kill();
        let killed = count();
        assert!(killed < ROWS, "it was over before it was killed");
        for _ in 0..3 {
            let server = house.start_with(&environment);
            std::thread::sleep(Duration::from_millis(300));
            server.kill();
        }
        let server = house.start_with(&environment);
        server.await_while_it_moves("done", || state(&house) == "DONE", || rows_read(&house));
        let path = at(&format!("imports/{}", import["id"].as_str().unwrap()));
        let import = house.owner(&server).get(&path).expect(200);
        assert_eq!(
            (&import["created"], &import["refused"]),
            (&json!(ROWS), &json!(0))
        );
        assert_eq!(count(), ROWS);
        let entries = "SELECT COUNT(*) FROM audit_entries WHERE entity_type = 'company'";
        assert_eq!(house.database.number(entries), ROWS);
        assert_eq!(house.database.number("SELECT COUNT(*) FROM import_rows"), ROWS);
        eprintln!("{}: killed after {killed} of {ROWS}", house.database.kind());
    }
}

/// So many firms, each with a number.
fn firms(house: &House, rows: i64) -> String {
    let lines: String = (0..rows).map(|n| format!("{n},Firm {n}\r\n")).collect();
    let path = house.folder.path().join("firms.csv");
    std::fs::write(&path, format!("external_id,name\r\n{lines}")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A command that imports them, once some of them are in.
fn begun(house: &House, file: &str) -> Process {
    let arguments = import(file, &["--entity", "companies"]);
    let command = house.command(&[("FIRMA_JOB_LEASE", "1s")], &arguments);
    let some = "SELECT COUNT(*) FROM import_rows";
    command.await_that("begun", || house.database.number(some) > 0);
    command
}

fn state(house: &House) -> String {
    house.database.lines("SELECT state FROM imports").concat()
}

/// How far it is.
fn rows_read(house: &House) -> i64 {
    house.database.number("SELECT SUM(rows_read) FROM imports")
}

#[test]
fn a_command_that_is_killed_is_gone_on_with_by_a_worker_or_by_hand() {
    const ROWS: i64 = 4_000;
    for by_hand in [false, true] {
        for house in House::each() {
            house.found();
            let file = firms(&house, ROWS);
            begun(&house, &file).kill();
            let count = |table: &str| house.database.number(&format!("SELECT COUNT(*) FROM {table}"));
            let killed = count("companies");
            assert!(
                killed < ROWS && state(&house) == "RUNNING",
                "it was over before it was killed"
            );
            // The file that it read isn't needed any more.
            std::fs::remove_file(&file).unwrap();
            let id = house.database.lines(match house.is_postgres() {
                true => "SELECT id::text FROM imports",
                false => "SELECT lower(hex(id)) FROM imports",
            });
            let id = id[0].replace('-', "");
            let part = |from: usize, to: usize| &id[from..to];
            let id = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
            let again = ["import", "--organization", "firm", "--go-on", &id];
            if by_hand {
                std::thread::sleep(Duration::from_millis(1_100));
                let done = house.run(&again, "").fine();
                assert!(
                    done.starts_with(&format!("done: {ROWS} created, 0 updated")),
                    "{done}"
                );
            } else {
                let worker = house.worker(&[]);
                worker.await_while_it_moves("done", || state(&house) == "DONE", || rows_read(&house));
            }
            assert_eq!(count("companies"), ROWS);
            assert_eq!(count("import_rows"), ROWS);
            assert_eq!(count("audit_entries WHERE entity_type = 'company'"), ROWS);
            house.run(&["audit", "verify"], "").fine();
            let over = house.run(&again, "");
            assert!(over.line(1).contains("is over, or somebody is at it"), "{over:?}");
            eprintln!("{}: killed after {killed} of {ROWS}", house.database.kind());
        }
    }
}

#[test]
fn ctrl_c_calls_an_import_off() {
    for house in House::each() {
        house.found();
        let file = firms(&house, 4_000);
        let command = begun(&house, &file);
        command.interrupt();
        let (status, log) = command.ended();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("it was called off"), "{log}");
        assert_eq!(state(&house), "FAILED");
        assert_eq!(
            house
                .database
                .number("SELECT COUNT(*) FROM job_queue WHERE kind = 'import'"),
            0
        );
    }
}

#[test]
fn an_import_whose_commit_is_not_heard_of_keeps_its_file() {
    let Some(house) = House::postgres() else { return };
    house.found();
    let file = firms(&house, 10);
    let url = house.database.url();
    let house = house.by_way_of(Proxy::losing(&url, "INSERT INTO imports").url(&url));
    let lease = [("FIRMA_JOB_LEASE", "1s")];
    let ran = house.run_with(&lease, &import(&file, &["--entity", "companies"]), "");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(state(&house), "WAITING", "{ran:?}");
    let worker = house.worker(&[]);
    worker.await_that("over", || ["DONE", "FAILED"].contains(&state(&house).as_str()));
    assert_eq!(state(&house), "DONE", "{}", worker.log());
    assert_eq!(house.database.number("SELECT COUNT(*) FROM companies"), 10);
}
