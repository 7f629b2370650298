//! Rows that an import refused: told, and given as a file that is mended and brought in.

use crate::house::House;
use crate::imports::import;
use serde_json::{Value, json};

#[test]
fn refused_rows_are_a_file_that_is_mended_and_brought_in() {
    for house in House::each() {
        house.found();
        let write = |name: &str, text: &[u8]| house.write(name, text);
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
fn a_spreadsheet_that_parts_cells_elsewhere_runs_none_of_them() {
    let house = House::sqlite();
    house.found();
    let write = |name: &str, text: &str| house.write(name, text.as_bytes());
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
