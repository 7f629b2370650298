//! Imports over HTTP, as jobs.

use crate::imports::{companies, counts};
use crate::kit::{pointers, rows};
use crate::samples::unique;
use firma_services::identity::ArchiveHandler;
use firma_services::platform::imports::ImportHandler;
use firma_services::platform::{Handler, Worker, WorkerSettings};
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A form with a file and options.
fn form(file: &[u8], options: &str) -> Vec<u8> {
    let mut body =
        b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"rows.csv\"\r\n\r\n".to_vec();
    body.extend_from_slice(file);
    let rest = format!(
        "\r\n--cut\r\ncontent-disposition: form-data; name=\"options\"\r\n\r\n{options}\r\n--cut--\r\n"
    );
    body.extend_from_slice(rest.as_bytes());
    body
}

/// Posts an import.
pub(crate) fn post_import(client: &Client, path: &str, file: &[u8], options: &str, key: &str) -> Answer {
    let headers = [
        ("content-type", "multipart/form-data; boundary=cut"),
        ("idempotency-key", key),
    ];
    client.send("POST", path, &headers, Some(&form(file, options)))
}

fn post(client: &Client, firm: &Firm<'_>, file: &[u8], options: &str, key: &str) -> Answer {
    post_import(client, &firm.at("imports"), file, options, key)
}

/// A worker that imports and makes archives, and that looks for work so often.
pub(crate) fn worker(server: &Server, idle: Duration) -> Worker {
    let files = server.files.clone();
    let archive = ArchiveHandler { files: files.clone() };
    let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(ImportHandler::new(files)), Arc::new(archive)];
    let settings = WorkerSettings {
        idle,
        ..WorkerSettings::default()
    };
    Worker::start(server.database.clone(), handlers, settings).unwrap()
}

/// The job that an answer names, once it is over.
pub(crate) fn over(client: &Client, answer: &Answer) -> Value {
    let path = answer.header("location").unwrap().to_owned();
    let begun = Instant::now();
    loop {
        let job = client.get(&path).expect(200);
        if !["QUEUED", "RUNNING"].contains(&job["state"].as_str().unwrap()) {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{job}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_file_is_posted_and_a_job_brings_it_in_and_takes_it_back() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let worker = worker(server, Duration::from_millis(20));
        let options = companies(json!({})).to_string();
        let text: String = (0..1_200).map(|n| format!("{n};Größe {n}\r\n")).collect();
        let windows = latin(&format!("No;Firm\r\n{text}x;\r\n"));
        let key = unique();
        let answer = post(owner, &firm, &windows, &options, &key);
        let import = answer.clone().expect(202);
        let job = over(owner, &answer);
        assert_eq!(
            (job["state"].as_str(), job["progress_done"].as_i64()),
            (Some("SUCCEEDED"), Some(1_201))
        );
        assert_eq!(counts(&with_failure(&job["result"])), [1_200, 0, 0, 1]);
        assert_eq!(import["job_id"], job["id"]);
        let path = firm.at(&format!("imports/{}", import["id"].as_str().unwrap()));
        let import = owner.get(&path).expect(200);
        assert_eq!(counts(&import), [1_200, 0, 0, 1]);
        assert_eq!(rows(server, "companies"), 1_200);
        assert_eq!(
            owner.get(&firm.at("companies?external_id=7&limit=1")).expect(200)["data"][0]["name"],
            "Größe 7"
        );

        // Sent again with the same key it is the same import, with another one it changes nothing.
        let again = post(owner, &firm, &windows, &options, &key);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.expect(202)["id"], import["id"]);
        post(owner, &firm, b"No,Firm\n", &options, &key).problem(422, "idempotency_key_reused");
        let answer = post(owner, &firm, &windows, &options, &unique());
        assert_eq!(
            counts(&with_failure(&over(owner, &answer)["result"])),
            [0, 0, 1_200, 1]
        );

        let answer = owner.act(&format!("{path}/undo"));
        assert_eq!(answer.status, 202, "{}", answer.text);
        let job = over(owner, &answer);
        assert_eq!(
            (&job["result"]["undone"], &job["result"]["kept"]),
            (&json!(1_200), &json!(0))
        );
        assert_eq!(
            server
                .base
                .number("SELECT COUNT(*) FROM companies WHERE deleted_at IS NULL"),
            0
        );

        let answer = post(owner, &firm, b"Other\n1\n", &options, &unique());
        let job = over(owner, &answer);
        assert_eq!(job["state"], "FAILED");
        assert!(
            job["problem"]
                .to_string()
                .contains("No: is no column of the file"),
            "{job}"
        );
        worker.stop(Duration::from_secs(10));
    });
}

/// A job's result as an import shows it.
fn with_failure(result: &Value) -> Value {
    let mut result = result.clone();
    result["failure"] = Value::Null;
    result
}

/// Windows-1252, of text that has no more than Latin letters.
fn latin(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

#[test]
fn what_is_wrong_with_the_call_is_told_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let wrong = |options: &str, status: u16, code: &str| {
            post(owner, &firm, b"No,Firm\n1,a\n", options, &unique()).problem(status, code)
        };
        wrong("no json", 400, "malformed_body");
        wrong("{}", 422, "invalid");
        wrong(r#"{"entity": "members"}"#, 422, "invalid");
        wrong(r#"{"entity": "deals", "colour": 1}"#, 422, "invalid");
        wrong(r#"{"entity": "deals", "separator": "\""}"#, 422, "invalid");
        let alone = r#"{"entity": "deals", "encoding": "klingon", "date_format": "DD.MM", "decimal": ";", "separator": "é"}"#;
        let told = wrong(alone, 422, "invalid");
        assert_eq!(
            pointers(&told),
            ["#/separator", "#/decimal", "#/encoding", "#/date_format"]
        );
        let other = [("content-type", "multipart/mixed; boundary=cut")];
        owner
            .send(
                "POST",
                &firm.at("imports"),
                &other,
                Some(&form(b"No,Firm\n", "{}")),
            )
            .problem(415, "media_type");
        let none = b"--cut\r\ncontent-disposition: form-data; name=\"options\"\r\n\r\n{}\r\n--cut--\r\n";
        let headers = [("content-type", "multipart/form-data; boundary=cut")];
        owner
            .send("POST", &firm.at("imports"), &headers, Some(none))
            .problem(422, "invalid");
        let (_, reader) = firm.member(Some("product_manager"));
        post(&reader, &firm, b"No,Firm\n", "{}", &unique()).problem(403, "permission_required");
        let (_, employee) = firm.member(Some("employee"));
        let made = post(
            &employee,
            &firm,
            b"No,Firm\n",
            &companies(json!({})).to_string(),
            &unique(),
        )
        .expect(202);
        let path = firm.at(&format!("imports/{}/undo", made["id"].as_str().unwrap()));
        // An employee deletes no company, so takes none back.
        employee.act(&path).problem(403, "permission_required");
        owner.act(&path).problem(409, "not_undoable");
        assert_eq!(
            (
                rows(server, "imports"),
                rows(server, "jobs"),
                rows(server, "files")
            ),
            (1, 1, 1)
        );
    });
}

#[test]
fn options_that_fit_no_file_are_told_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let many: Map<String, Value> = (0..1_001).map(|n| (n.to_string(), json!({}))).collect();
        let wrong = [
            (
                companies(json!({"columns": {"No": "external_id", "Firm": "colour"}, "decimal": ";"})),
                "#/decimal: has to be , or .; #/colour: is not a field of this resource",
            ),
            (
                companies(json!({"fields": {"name": "{Firm"}})),
                "#/{Firm: a brace is opened and not closed",
            ),
            (
                companies(json!({"fields": {"name": "{Firm} {Place|-}"}})),
                "#/name: comes from several columns",
            ),
            (
                companies(json!({"key": "industry"})),
                "#/key: has to be one of external_id, tax_number, name, or none",
            ),
            (
                companies(json!({"key": "tax_number"})),
                "#/key: no column becomes tax_number",
            ),
            (
                companies(json!({"links": {"owner_id": "email"}})),
                "#/owner_id: is no reference that a column gives",
            ),
            (
                json!({"entity": "companies", "key": "industry"}),
                "#/key: has to be one of external_id, tax_number, name, or none",
            ),
            (
                json!({"entity": "companies", "links": {"owner_id": "phone"}}),
                "#/owner_id: has to be one of email, name",
            ),
            (
                json!({"entity": "companies", "links": {"name": "email"}}),
                "#/name: is no reference that a column gives",
            ),
            (
                json!({"entity": "companies", "values": many, "key": "none"}),
                "#/columns: so many are named that no file of 1000 columns would fit",
            ),
            (
                json!({"entity": "deals", "fields": {"title": "{Offer}"}}),
                "#/key: say by which field a row is found again (external_id), or none",
            ),
        ];
        for (options, told) in wrong {
            let answer = post(&firm.owner, &firm, b"No,Firm\n", &options.to_string(), &unique());
            let problem = answer.problem(422, "invalid");
            let error = |error: &Value| {
                let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                format!("{}: {}", text("pointer"), text("detail"))
            };
            let errors: Vec<_> = problem["errors"].as_array().unwrap().iter().map(error).collect();
            assert_eq!(errors.join("; "), told, "{options}");
        }
        assert_eq!((rows(server, "imports"), rows(server, "files")), (0, 0));
        // Whether these are the file's columns only the file says.
        for options in [
            json!({"entity": "companies", "values": {"Branch": {"a": "b"}}, "links": {"owner_id": "email"}}),
            json!({"entity": "activities", "fields": {"subject": "{Firm|-}", "external_id": "{firm}"}}),
            json!({"entity": "companies", "key": "name", "values": {"Name": {"a": "b"}}}),
            json!({"entity": "deals", "values": {"value.currency": {"€": "EUR"}, "External_ID": {}}}),
        ] {
            post(&firm.owner, &firm, b"No,Firm\n", &options.to_string(), &unique()).expect(202);
        }
    });
}

#[test]
fn refused_rows_come_as_a_file_for_who_may_read_them() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let worker = worker(server, Duration::from_millis(20));
        let options = companies(json!({})).to_string();
        // More than a page of refusals, each of a row without a name, and rows that go in between them.
        let text: String = (0..1_300).map(|n| format!("{n},\r\nx{n},Firm {n}\r\n")).collect();
        let import = post(
            owner,
            &firm,
            format!("No,Firm\r\n{text}").as_bytes(),
            &options,
            &unique(),
        );
        let path = firm.at(&format!(
            "imports/{}",
            import.clone().expect(202)["id"].as_str().unwrap()
        ));
        over(owner, &import);
        let as_csv = |client: &Client, path: &str| client.send("GET", path, &[("accept", "text/csv")], None);
        let refusals = format!("{path}/refusals");
        let answer = as_csv(owner, &refusals);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("text/csv; charset=utf-8"))
        );
        assert_eq!(
            answer.header("content-disposition"),
            Some("attachment; filename*=UTF-8''rows.refused.csv")
        );
        let lines: Vec<_> = answer.text.lines().collect();
        assert_eq!(lines.len(), 1_301);
        assert_eq!(
            lines[0].trim_start_matches('\u{feff}'),
            "refused_line,refused_columns,refused_reasons,No,Firm"
        );
        assert_eq!(lines[1], "2,Firm,Firm: is required (required),0,");
        assert_eq!(lines[1_300], "2600,Firm,Firm: is required (required),1299,");
        let rest = as_csv(owner, &format!("{refusals}?after=2596"));
        assert_eq!(rest.text.lines().count(), 3, "{}", rest.text);
        as_csv(owner, &format!("{refusals}?before=1")).problem(400, "unknown_parameter");
        // Who asks for JSON first, or for anything, gets it.
        for accept in ["application/json, text/csv", "*/*"] {
            let answer = owner.send("GET", &refusals, &[("accept", accept)], None);
            assert_eq!(answer.expect(200)["data"].as_array().unwrap().len(), 50);
        }

        // As the pages are: not for who may not read imports, nor for another's, nor for another organization's.
        let (_, employee) = firm.member(Some("employee"));
        as_csv(&employee, &refusals).problem(404, "not_found");
        let (_, developer) = firm.member(Some("developer"));
        let pages = developer.get(&refusals);
        assert_eq!(as_csv(&developer, &refusals).status, pages.status);
        let other = Firm::new(server);
        as_csv(&other.owner, &refusals).problem(404, "organization_not_found");
        as_csv(&other.owner, &refusals.replace(&firm.at(""), &other.at(""))).problem(404, "not_found");

        // Mended, all of them go in.
        let mended = answer.text.lines().map(|line| match line.strip_suffix(',') {
            Some(row) => format!("{row},Mended\r\n"),
            None => format!("{line}\r\n"),
        });
        let mended: String = mended.collect();
        let import = post(owner, &firm, mended.as_bytes(), &options, &unique());
        assert_eq!(
            counts(&with_failure(&over(owner, &import)["result"])),
            [1_300, 0, 0, 0]
        );
        assert_eq!(rows(server, "companies"), 2_600);

        // What an undo left was not refused.
        let answer = owner.act(&format!("{path}/undo"));
        over(owner, &answer);
        assert_eq!(as_csv(owner, &refusals).text.lines().count(), 1_301);
        worker.stop(Duration::from_secs(10));
    });
}
