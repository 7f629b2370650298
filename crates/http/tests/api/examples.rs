//! Every example of the page is run by a shell as it stands, against a real server, and answers what the
//! document says that it answers.
//!
//! With FIRMA_RECORD=1 the answers are written into `src/answers.json` instead of compared.

use crate::imports_jobs::worker;
use firma_services::demo;
use firma_testing::{Firm, Server, TestDatabase, on_each};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

const PASSWORD: &str = "otters sleep holding hands";

/// What `firma demo` makes: the organization that the examples speak of.
fn demo(server: &Server) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let hash = runtime.block_on(server.hasher.hash(PASSWORD.into())).unwrap();
    let cast: Vec<_> = demo::people(1)
        .into_iter()
        .map(|person| (person, hash.clone()))
        .collect();
    server.write(move |tx| demo::found(tx, &cast));
    for step in demo::steps(1) {
        server.write(move |tx| demo::play(tx, &step));
    }
}

/// Somebody who owns the platform; the e-mail.
fn holder(server: &Server) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let hash = runtime.block_on(server.hasher.hash(PASSWORD.into())).unwrap();
    let (holder, _) = Firm::platform(server, "website_owner");
    server.write(move |tx| {
        tx.set_password(holder, &hash, false)?;
        Ok(tx.user(holder)?.value.email.to_string())
    })
}

/// The text of all `<code>` elements that begin so, each with its operation.
fn codes(page: &str, begin: &str) -> Vec<(String, String)> {
    let code = |rest: &str| {
        let (id, rest) = rest.split_once("\">").unwrap();
        let text = rest.split("</code>").next().unwrap();
        let plain = [
            ("&#60;", "<"),
            ("&#62;", ">"),
            ("&#34;", "\""),
            ("&#39;", "'"),
            ("&#38;", "&"),
        ]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        (id.to_owned(), plain)
    };
    page.split(begin).skip(1).map(code).collect()
}

/// What each example was answered: the status and the body of its last call.
fn run(server: &Server) -> BTreeMap<String, (u16, Value)> {
    demo(server);
    let holder = holder(server);
    // What a person does between two calls a worker has time for, and no more.
    let worker = worker(server, Duration::from_millis(500));
    let page = server.nobody().get("/docs").text;
    let examples = codes(&page, "<code class=\"example\" data-of=\"");
    let (_, sign_in) = codes(&page, "<code id=\"")
        .into_iter()
        .find(|(id, _)| id == "sign-in")
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The headers of the last call are kept, whoever makes it. $RANDOM counts, so that a recording is like
    // the one before.
    let mut script = format!("curl() {{ command curl -D \"$HEADERS\" \"$@\"; }}\nunset RANDOM\n{sign_in}\n");
    // What stands in a mail or on a telephone isn't here: those calls have tests of their own.
    let is_by_hand = |id: &str| {
        firma_http::operations()
            .iter()
            .any(|o| o.id == id && o.is_by_hand())
    };
    let examples: Vec<_> = examples.into_iter().filter(|(id, _)| !is_by_hand(id)).collect();
    for (n, (id, source)) in examples.iter().enumerate() {
        let number = 2_001 + n;
        script.push_str(&format!(
            "HEADERS={id}.headers RANDOM={number}\n(\n{source}\n) >{id}.body\n"
        ));
    }
    let ran = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .env("FIRMA_URL", &server.url)
        .env("PASSWORD", PASSWORD)
        .env("EMPLOYEE_PASSWORD", PASSWORD)
        .env("STAKEHOLDER_PASSWORD", PASSWORD)
        .env("PLATFORM_EMAIL", holder)
        .env("PLATFORM_PASSWORD", PASSWORD)
        .env("HEADERS", "sign-in.headers")
        .output()
        .expect("bash, curl and jq have to be installed");
    worker.stop(Duration::from_secs(60));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.is_empty(), "{said}");
    let answer = |(id, _): &(String, String)| {
        // Bytes of a picture are nothing to read.
        let read = |what: &str| {
            let bytes = std::fs::read(folder.path().join(format!("{id}.{what}"))).unwrap();
            String::from_utf8(bytes).unwrap_or_default()
        };
        let headers = read("headers");
        let status = headers.split_whitespace().nth(1).unwrap().parse().unwrap();
        let body = match read("body") {
            text if text.is_empty() => Value::Null,
            text => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        };
        (id.clone(), (status, body))
    };
    examples.iter().map(answer).collect()
}

/// Ids, instants and tokens differ with each run: they become the same. Long lists are cut.
fn normal(value: Value, ids: &mut Vec<String>) -> Value {
    match value {
        Value::Object(fields) => {
            // An archive has ids and instants in it, so its bytes are never the same.
            let is_archive = fields.contains_key("ready_at");
            let each = fields.into_iter().map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("access_token", Value::String(_)) => "eyJ0eXAiOiJKV1Qi…".into(),
                    ("refresh_token" | "next_cursor" | "device_token", Value::String(_)) => {
                        "Zk1xT0p3…".into()
                    }
                    ("sha256", Value::String(_)) if is_archive => "6c9310e6…".into(),
                    ("size", Value::Number(_)) if is_archive => 21_556.into(),
                    (_, value) => normal(value, ids),
                };
                (name, value)
            });
            Value::Object(each.collect::<Map<_, _>>())
        }
        // A few of many are enough to see what they are like.
        Value::Array(items) => items.into_iter().take(5).map(|item| normal(item, ids)).collect(),
        Value::String(text) if is_system_role(&text) => text.into(),
        Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => {
            let at = ids.iter().position(|id| *id == text).unwrap_or_else(|| {
                ids.push(text);
                ids.len() - 1
            });
            format!("0190a6c8-5d2e-7b31-8a00-{:012}", at + 1).into()
        }
        Value::String(text) if text.len() == 27 && text.ends_with('Z') => {
            "2027-01-15T09:30:00.000000Z".into()
        }
        other => other,
    }
}

fn is_system_role(id: &str) -> bool {
    firma_auth::access::SYSTEM_ROLES
        .iter()
        .any(|role| role.id.to_string() == id)
}

/// Whether both have the same fields, however they are filled.
fn assert_alike(at: &str, found: &Value, said: &Value) {
    match (found, said) {
        (Value::Object(found), Value::Object(said)) => {
            assert_eq!(
                found.keys().collect::<Vec<_>>(),
                said.keys().collect::<Vec<_>>(),
                "{at}"
            );
            for (name, value) in found {
                assert_alike(&format!("{at}/{name}"), value, &said[name]);
            }
        }
        (Value::Array(found), Value::Array(said)) => {
            assert_eq!(found.is_empty(), said.is_empty(), "{at}");
            if let (Some(found), Some(said)) = (found.first(), said.first()) {
                assert_alike(at, found, said);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        _ => assert_eq!(
            std::mem::discriminant(found),
            std::mem::discriminant(said),
            "{at}: {found} {said}"
        ),
    }
}

#[test]
fn every_example_works_as_it_stands() {
    if std::env::var_os("FIRMA_RECORD").is_some() {
        let mut ids = Vec::new();
        let answered = run(&Server::start(TestDatabase::sqlite()));
        for operation in firma_http::operations().iter().filter(|o| !o.is_by_hand()) {
            let (status, body) = &answered[&operation.id];
            assert_eq!(*status, operation.status, "{}: {body}", operation.id);
        }
        let answers: Map<_, _> = answered
            .into_iter()
            .filter(|(_, (_, body))| !body.is_null())
            .map(|(id, (_, body))| (id, normal(body, &mut ids)))
            .collect();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/answers.json");
        let before: Map<String, Value> =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let by_hand = |id: &String| {
            firma_http::operations()
                .iter()
                .any(|o| o.id == *id && o.is_by_hand())
        };
        let kept = before.into_iter().filter(|(id, _)| by_hand(id));
        let answers: Map<_, _> = answers.into_iter().chain(kept).collect();
        std::fs::write(file, format!("{:#}\n", Value::Object(answers))).unwrap();
        return;
    }
    on_each(|server| {
        let answered = run(server);
        let document = server.nobody().get("/openapi.json").expect(200);
        for operation in firma_http::operations().iter().filter(|o| !o.is_by_hand()) {
            let (status, body) = &answered[&operation.id];
            let said = &document["paths"][&operation.path][operation.method.as_str().to_lowercase()];
            let sent = &said["requestBody"]["content"][operation.media_type]["example"];
            assert_eq!(sent.is_object(), operation.body.is_some(), "{}", operation.id);
            let answer = &said["responses"][status.to_string()];
            if operation.is_unsure() && *status != operation.status {
                let code = body["code"].as_str().unwrap();
                let text = answer["description"].as_str().unwrap();
                assert!(text.contains(&format!("`{code}`")), "{}: {body}", operation.id);
                continue;
            }
            assert_eq!(*status, operation.status, "{}: {body}", operation.id);
            let content = &answer["content"][operation.answer_type];
            // The bytes of a picture are no text to compare.
            if operation.answer_type == "*/*" && body.is_null() {
                assert!(content["schema"].is_object(), "{}", operation.id);
                continue;
            }
            assert_eq!(content["schema"].is_null(), body.is_null(), "{}", operation.id);
            assert_alike(&operation.id, body, &content["example"]);
        }
    });
}
