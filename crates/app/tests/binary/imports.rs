//! Files of rows: from the command line, and by jobs that are killed.

use crate::house::{House, at};
use crate::process::Process;
use crate::proxy::Proxy;
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
fn refused_rows_are_a_file_that_is_mended_and_brought_in() {
    for house in House::each() {
        house.found();
        let write = |name: &str, text: &[u8]| {
            let path = house.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        // In the encoding of the file, which is named, with its own separator.
        let file = write(
            "firms.csv",
            b"Nr;Name;Land;Notiz\r\n1;M\xfcller;DE;ok\r\n2;;AT;\"=1+1;\"\"x\"\"\"\r\n3;Duro\r\n'=4;-Firma;ZZ;'s\r\n",
        );
        let options = write(
            "options.json",
            br#"{"entity": "companies", "columns": {"Nr": "external_id", "Name": "name",
                "Land": "billing_address.country", "Notiz": "industry"}, "encoding": "windows-1252", "separator": ";"}"#,
        );
        let refused = house.folder.path().join("refused.csv");
        let refused = refused.to_str().unwrap();
        let more = ["--options", &options, "--refused", refused];
        let ran = house.run(&import(&file, &more), "");
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert!(
            ran.out
                .contains("done: 1 created, 0 updated, 0 unchanged, 3 refused"),
            "{ran:?}"
        );
        let text = std::fs::read_to_string(refused).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "\u{feff}refused_line;refused_columns;refused_reasons;Nr;Name;Land;Notiz"
        );
        assert_eq!(
            lines[1],
            "3;Name;Name: is required (required);2;;AT;\"'=1+1;\"\"x\"\"\""
        );
        assert!(
            lines[2].starts_with("4;;") && lines[2].ends_with(";3;Duro"),
            "{text}"
        );
        assert!(
            lines[3].starts_with("5;Land;") && lines[3].ends_with(";''=4;'-Firma;ZZ;'s"),
            "{text}"
        );
        assert_eq!(lines.len(), 4, "{text}");
        let again = house.run(&import(&file, &more), "");
        assert!(
            again.line(1).ends_with("refused.csv is there already"),
            "{again:?}"
        );

        // Mended where it is to be, and one forgotten.
        let mended = text
            .replace(";2;;AT", ";2;Gr\u{fc}n;AT")
            .replace(";3;Duro", ";3;Duro;RS;");
        let mended = write("mended.csv", mended.as_bytes());
        let second = house.folder.path().join("second.csv");
        let second = second.to_str().unwrap();
        let ran = house.run(
            &import(&mended, &["--options", &options, "--refused", second]),
            "",
        );
        assert!(
            ran.out
                .contains("done: 2 created, 0 updated, 0 unchanged, 1 refused"),
            "{ran:?}"
        );
        let text = std::fs::read_to_string(second).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "\u{feff}refused_line;refused_columns;refused_reasons;Nr;Name;Land;Notiz"
        );
        assert!(
            lines[1].starts_with("4;Land;") && lines[1].ends_with(";''=4;'-Firma;ZZ;'s"),
            "{text}"
        );
        let last = write("last.csv", text.replace(";ZZ;", ";TR;").as_bytes());
        house.run(&import(&last, &["--options", &options]), "").fine();
        let rows = "SELECT external_id || '|' || name || '|' || COALESCE(industry, '-') FROM companies ORDER BY external_id";
        let mut found = house.database.lines(rows);
        found.sort();
        assert_eq!(
            found,
            [
                "'=4|-Firma|'s",
                "1|M\u{fc}ller|ok",
                "2|Gr\u{fc}n|=1+1;\"x\"",
                "3|Duro|-"
            ]
        );
    }
}

#[test]
fn many_refusals_are_told_page_by_page() {
    const ROWS: usize = 2_500;
    for house in House::each() {
        house.found();
        let lines: String = (0..ROWS).map(|n| format!("{n},\n")).collect();
        let file = house.folder.path().join("bad.csv");
        std::fs::write(&file, format!("external_id,name\n{lines}")).unwrap();
        let refused = house.folder.path().join("refused.csv");
        let (file, refused) = (file.to_str().unwrap(), refused.to_str().unwrap());
        let some = ["--entity", "companies", "--dry-run"];
        let ran = house.run(&import(file, &some), "");
        assert_eq!(ran.code, Some(5), "{ran:?}");
        let told: Vec<_> = ran.out.lines().collect();
        assert_eq!(told.len(), 52, "{ran:?}");
        assert_eq!(told[49], "line 51, name: is required (required)");
        assert_eq!(told[50], "and more: --json and --refused FILE have all of them");

        let more = [&some[..], &["--json", "--refused", refused]].concat();
        let ran = house.run(&import(file, &more), "");
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert_eq!(ran.out.lines().count(), 1);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(told["import"]["refused"], json!(ROWS));
        let lines = told["refusals"].as_array().unwrap().iter();
        let lines: Vec<_> = lines.map(|refusal| refusal["line"].as_u64().unwrap()).collect();
        assert_eq!(lines, (2..2_502).collect::<Vec<u64>>());
        let text = std::fs::read_to_string(refused).unwrap();
        let numbers = text.lines().skip(1).map(|line| line.rsplit(',').nth(1).unwrap());
        assert!(numbers.eq((0..ROWS).map(|n| n.to_string())), "{text}");
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

#[test]
fn a_spreadsheet_that_parts_cells_elsewhere_runs_none_of_them() {
    let house = House::sqlite();
    house.found();
    let write = |name: &str, text: &str| {
        let path = house.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let file = write(
        "firms.csv",
        "external_id,name,industry\r\n1,,\"x;=HYPERLINK(\"\"u\"\");y\"\r\n2,,a;b|c\r\n",
    );
    let refused = house.folder.path().join("refused.csv");
    let refused = refused.to_str().unwrap();
    let entity = ["--entity", "companies"];
    house.run(
        &import(&file, &[&entity[..], &["--refused", refused]].concat()),
        "",
    );
    let text = std::fs::read_to_string(refused).unwrap();
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "2,name,name: is required (required),1,,\"x;'=HYPERLINK(\"\"u\"\");y\"",
            "3,name,name: is required (required),2,,\"a;b|c\""
        ]
    );
    let mended = write("mended.csv", &text.replace(",,", ",Firm,"));
    house.run(&import(&mended, &entity), "").fine();
    assert_eq!(
        house
            .database
            .lines("SELECT industry FROM companies ORDER BY external_id"),
        ["x;=HYPERLINK(\"u\");y", "a;b|c"]
    );
}
