//! Bodies where there is nothing to say, and what bodies say of themselves.

use crate::bad_input::{ask, refused};
use crate::kit::pointers;
use crate::samples::{Place, form};
use firma_http::{Access, operations};
use firma_testing::{Firm, on_each};
use serde_json::json;

const JSON: &str = "application/json";

#[test]
fn what_takes_no_body_refuses_one_that_says_something() {
    on_each(|server| {
        let place = Place::new(server);
        let (_, holder) = Firm::platform(server, "website_owner");
        let mut calls = 0;
        refused(server, &place.firm, || {
            for operation in operations() {
                if operation.method == "GET" || operation.body.is_some() {
                    continue;
                }
                eprintln!("{}", operation.id);
                let client = match operation.access {
                    Access::Platform(..) => &holder,
                    _ => &place.firm.owner,
                };
                let (method, at) = (operation.method.as_str(), place.path(operation));
                let send = |kind: &str, body: &str| {
                    let headers = [("content-type", kind)];
                    ask(client, method, &at, &headers, Some(body.as_bytes()))
                };
                let problem = send(JSON, "{\"extra\": 1}").problem(422, "invalid");
                assert_eq!(pointers(&problem), ["#/extra"]);
                assert_eq!(problem["errors"][0]["code"], "unknown_field");
                for other in ["[]", "[1]", "null", "\"\"", "0"] {
                    let problem = send(JSON, other).problem(422, "invalid");
                    assert_eq!(pointers(&problem), ["#"], "{other}");
                }
                send(JSON, "{").problem(400, "malformed_body");
                send("text/plain", "{}").problem(415, "media_type");
                send("application/merge-patch+json", "{}").problem(415, "media_type");
                calls += 1;
            }
        });
        assert!(calls > 40, "{calls}");
    });
}

#[test]
fn nothing_and_an_empty_object_say_the_same() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let deal = firm.at(&format!("deals/{id}"));
        let restore = format!("{deal}/restore");
        let send = |method: &str, path: &str, kind: &str, body: &str| {
            ask(
                &firm.owner,
                method,
                path,
                &[("content-type", kind)],
                Some(body.as_bytes()),
            )
        };
        for (kind, body) in [(JSON, "{}"), (JSON, " { } "), (JSON, ""), ("text/plain", "")] {
            send("DELETE", &deal, kind, body).expect(204);
            send("POST", &restore, kind, body).expect(200);
        }
        // Also to who asks again under a key.
        send("DELETE", &deal, JSON, "").expect(204);
        for body in ["", "{}"] {
            let headers = [("content-type", JSON), ("idempotency-key", "the same")];
            ask(&firm.owner, "POST", &restore, &headers, Some(body.as_bytes())).expect(200);
        }
        // In its turn: after the query, before the row.
        let wrong = "{\"a\": 1}";
        send("DELETE", &format!("{deal}?force=true"), JSON, wrong).problem(400, "unknown_parameter");
        send("DELETE", &firm.at("deals/nothing"), JSON, wrong).problem(422, "invalid");
        let nowhere = "/api/v1/organizations/nothing/deals/nothing";
        send("DELETE", nowhere, JSON, wrong).problem(404, "organization_not_found");
    });
}

#[test]
fn media_types_are_read_without_regard_to_case() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deals = firm.at("deals");
        let send = |method: &str, path: &str, kind: &str, body: &[u8]| {
            ask(&firm.owner, method, path, &[("content-type", kind)], Some(body))
        };
        let mut id = String::new();
        for kind in [
            "Application/JSON",
            "APPLICATION/JSON;charset=UTF-8",
            "application/json; Charset=\"utf-8\"",
            "application/json ; profile=x",
        ] {
            let made = send("POST", &deals, kind, b"{\"title\": \"x\"}");
            assert_eq!(made.status, 201, "{kind}: {}", made.text);
            id = made.id();
        }
        let deal = firm.at(&format!("deals/{id}"));
        let patch = "Application/Merge-Patch+JSON";
        send("PATCH", &deal, patch, b"{\"title\": \"y\"}").expect(200);
        let (_, body) = form("sample.txt", b"some text");
        let kind = "Multipart/Form-Data; boundary=part";
        send("POST", &firm.at("files"), kind, &body).expect(201);
    });
}

#[test]
fn other_characters_and_packed_bodies_are_not_taken() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deals = firm.at("deals");
        let id = firm.owner.post(&deals, json!({"title": "x"})).id();
        let deal = firm.at(&format!("deals/{id}"));
        let body = Some(&b"{\"title\": \"y\"}"[..]);
        let (multipart, file) = form("sample.txt", b"some text");
        refused(server, &firm, || {
            for kind in [
                "application/json; charset=iso-8859-1",
                "application/json; charset=\"utf-16\"",
                "application/json;CHARSET=",
                "application/json; charset=utf-8; charset=utf-16",
            ] {
                let headers = [("content-type", kind)];
                ask(&firm.owner, "POST", &deals, &headers, body).problem(415, "media_type");
                ask(&firm.owner, "PATCH", &deal, &headers, body).problem(415, "media_type");
            }
            let patch = [("content-type", "application/merge-patch+json")];
            ask(&firm.owner, "POST", &deals, &patch, body).problem(415, "media_type");
            for coding in ["gzip", "br", "identity, GZIP", "nothing"] {
                let headers = [("content-encoding", coding)];
                for (method, path) in [("POST", &deals), ("PATCH", &deal), ("DELETE", &deal)] {
                    ask(&firm.owner, method, path, &headers, body).problem(415, "media_type");
                }
                let headers = [("content-encoding", coding), ("content-type", multipart)];
                let answer = ask(&firm.owner, "POST", &firm.at("files"), &headers, Some(&file));
                answer.problem(415, "media_type");
            }
        });
        let headers = [("content-encoding", "Identity")];
        ask(&firm.owner, "POST", &deals, &headers, body).expect(201);
    });
}
