//! Files of rows: from the command line, and by jobs that are killed.

use crate::house::{House, at};
use serde_json::{Value, json};
use std::time::Duration;

fn import<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["import", file, "--organization", "firm"], more].concat()
}

#[test]
fn a_file_is_brought_in_from_the_command_line() {
    for house in House::each() {
        house.found();
        let write = |name: &str, text: &[u8]| {
            let path = house.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
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
        let done = house.run(&import(&file, &map), "").fine();
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
        assert_eq!(
            line(&["--entity", "companies", "--map", "No=external_id"]),
            "firma: #/No: is no column of the file; there are \"Nr\", \"Name\""
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
        let states = "SELECT COUNT(*) FROM imports WHERE state = 'DONE'";
        server.await_that("done", || house.database.number(states) == 1);
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
