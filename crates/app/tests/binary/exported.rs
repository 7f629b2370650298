//! A log in a file proves itself.

use crate::house::{House, SECRET, at};
use crate::process::Ran;
use serde_json::{Value, json};
use std::fs;

pub(crate) fn verify(house: &House, file: &str) -> Ran {
    house.run(&["audit", "verify", "--file", file], "")
}

#[test]
fn an_exported_log_that_was_changed_is_in_doubt() {
    let house = House::sqlite();
    house.found();
    let server = house.start();
    let owner = house.owner(&server);
    let company = owner.post(&at("companies"), json!({"name": "Acme"})).id();
    owner
        .patch(&at(&format!("companies/{company}")), json!({"name": "Other"}))
        .expect(200);
    let file = house.folder.path().join("firm.jsonl");
    let file = file.to_str().unwrap();
    let export = ["audit", "export", "--organization", "firm", file];
    let told = house.run(&export, "").fine();
    assert!(told.starts_with("firm: ok, "), "{told}");
    assert!(house.run(&export, "").line(1).contains("is there already"));
    assert!(
        house
            .run(&["audit", "export", "--organization", "nobody", "x"], "")
            .line(1)
            .contains("no such")
    );
    let text = fs::read_to_string(file).unwrap();
    let count = text.lines().filter(|line| line.starts_with("{\"entry\"")).count();
    assert_eq!(
        verify(&house, file).fine(),
        format!("firm: ok, {count} entries\n")
    );

    let with = |lines: Vec<String>| {
        let path = house.write("changed.jsonl", format!("{}\n", lines.join("\n")).as_bytes());
        verify(&house, &path)
    };
    let lines = || text.lines().map(str::to_owned).collect::<Vec<_>>();
    let at = |number: usize| {
        lines()
            .iter()
            .position(|line| line.contains(&format!("\"number\":{number},")))
            .unwrap()
    };
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        with(text.replace(from, to).lines().map(str::to_owned).collect())
    };
    let mut without = lines();
    without.remove(at(2));
    let mut moved = lines();
    moved.swap(at(count), at(count - 1));
    let mut short = lines();
    short.remove(at(count));
    let cases = [
        (
            replaced("company.updated", "company.deleted"),
            format!("entry {count} is the first in doubt: it was changed"),
        ),
        (
            replaced("Acme", "Acne"),
            format!(
                "entry {} is the first in doubt: its payload was changed",
                count - 1
            ),
        ),
        (
            with(without),
            "entry 2 is the first in doubt: entries before it are missing".to_owned(),
        ),
        (
            with(moved),
            format!(
                "entry {} is the first in doubt: entries before it are missing",
                count - 1
            ),
        ),
        (
            with(short),
            format!("entry {count} is the first in doubt: entries at the end are missing"),
        ),
        // Beside the chain, but under the signature.
        (
            replaced("\"slug\":\"firm\"", "\"slug\":\"firn\""),
            "it isn't as it was written".to_owned(),
        ),
    ];
    for (found, says) in cases {
        assert_eq!(found.code, Some(4), "{found:?}");
        assert!(found.out.contains(&says), "{says}: {found:?}");
    }
    // The last entry is gone, and the end says so.
    let mut shorter = lines();
    let last: Value = serde_json::from_str(&shorter[at(count - 1)]).unwrap();
    shorter.remove(at(count));
    let end = shorter.len() - 2;
    let mut said: Value = serde_json::from_str(&shorter[end]).unwrap();
    said["end"]["number"] = json!(count - 1);
    said["end"]["digest"] = last["entry"]["chain"].clone();
    shorter[end] = said.to_string();
    let found = with(shorter);
    let says = format!(
        "firm: ok, {} entries; but the file is in doubt: it isn't as it was written\n",
        count - 1
    );
    assert_eq!((found.code, found.out.as_str()), (Some(4), says.as_str()));

    // It breaks off, goes on behind its end, or has something else in it.
    let mut open = lines();
    open.pop();
    let half = lines()[..at(count)].to_vec();
    let mut torn = lines();
    torn[at(count)].truncate(20);
    let last = lines().pop().unwrap();
    let more = |line: &str| [lines(), vec![line.to_owned()]].concat();
    for damaged in [open, half, torn, more(&last), more("{}"), lines()[..1].to_vec()] {
        let found = with(damaged);
        assert_eq!(found.code, Some(4), "{found:?}");
        assert!(found.out.contains("in doubt: it breaks off, "), "{found:?}");
    }
    let foreign = with(vec!["{}".to_owned()]);
    assert!(foreign.line(1).ends_with("it doesn't begin as a log does"));

    // Who hasn't the secret can walk the chain, and no more.
    let asked = ["audit", "verify", "--file", file, "--json"];
    let found = house.run_with(&[("FIRMA_SECRET", SECRET)], &asked, "");
    let told: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!((found.code, &told["ok"]), (Some(4), &json!(false)));
    let chain = &told["organizations"][0];
    assert_eq!(
        (&chain["entries"], &chain["broken"]),
        (&json!(count), &Value::Null)
    );
    assert_eq!(
        chain["doubt"],
        "it was signed with a secret that is not known here"
    );
}
