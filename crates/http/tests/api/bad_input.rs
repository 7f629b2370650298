//! Bodies that are wrong: each is a whole problem that names the fault, and nothing is stored.

use crate::kit::{pointers, stored};
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};

/// What every answer has, whatever was asked.
#[track_caller]
pub(crate) fn framed(answer: Answer) -> Answer {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {}", answer.text);
    }
    assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()));
    answer
}

/// Sends a request under an id of its own, which comes back.
#[track_caller]
pub(crate) fn ask(
    client: &Client,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Answer {
    let headers: Vec<_> = headers
        .iter()
        .copied()
        .chain([("x-request-id", "asked-by-a-test")])
        .collect();
    let answer = framed(client.send(method, path, &headers, body));
    assert_eq!(answer.header("x-request-id"), Some("asked-by-a-test"));
    answer
}

/// Runs calls that are all refused: nothing is stored, and the server still answers.
pub(crate) fn refused(server: &Server, firm: &Firm, calls: impl FnOnce()) {
    let before = stored(server);
    calls();
    assert_eq!(stored(server), before);
    framed(firm.owner.get(&firm.at("deals"))).expect(200);
}

#[track_caller]
pub(crate) fn post(firm: &Firm, collection: &str, body: &Value) -> Answer {
    ask(
        &firm.owner,
        "POST",
        &firm.at(collection),
        &[],
        Some(body.to_string().as_bytes()),
    )
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        refused(server, &firm, || {
            for bad in [
                "a\0b",
                "a\u{7}b",
                "a\u{1b}[31m",
                "a\u{7f}",
                "a\u{85}b",
                "a\nb",
                "a\tb",
                "\0",
            ] {
                let text = json!(bad);
                for (collection, body, pointer) in [
                    ("companies", json!({"name": text}), "#/name"),
                    (
                        "companies",
                        json!({"name": "x", "tags": ["ok", text]}),
                        "#/tags/1",
                    ),
                    (
                        "companies",
                        json!({"name": "x", "billing_address": {"city": text}}),
                        "#/billing_address/city",
                    ),
                    (
                        "companies",
                        json!({"name": "x", "external_id": text}),
                        "#/external_id",
                    ),
                    (
                        "deals",
                        json!({"title": "x", "value": {"amount": text, "currency": "EUR"}}),
                        "#/value/amount",
                    ),
                ] {
                    let problem = post(&firm, collection, &body).problem(422, "invalid");
                    assert_eq!(pointers(&problem), [pointer], "{bad:?}");
                    assert_eq!(problem["errors"][0]["code"], "control_character");
                }
                let at = firm.at(&format!("deals/{deal}"));
                let problem = firm
                    .owner
                    .patch(&at, json!({"title": bad}))
                    .problem(422, "invalid");
                assert_eq!(pointers(&problem), ["#/title"]);
                for op in ["create", "upsert"] {
                    let bulk =
                        json!({"operations": [{"op": op, "value": {"name": "x", "external_id": bad}}]});
                    let problem = firm
                        .owner
                        .post_once(&firm.at("companies/bulk"), "k", bulk)
                        .problem(422, "invalid");
                    assert_eq!(
                        pointers(&problem),
                        ["#/operations/0/value/external_id"],
                        "{op} {bad:?}"
                    );
                }
            }
            post(&firm, "companies", &json!({"name": "x", "a\u{0}b": 1})).problem(422, "invalid");
            let reason = json!({"title": "x", "lost_reason": "a\0b"});
            assert_eq!(
                pointers(&post(&firm, "deals", &reason).problem(422, "invalid")),
                ["#/lost_reason"]
            );
        });
        let reason =
            json!({"title": "x", "lost_reason": "one\r\ntwo\tthree", "stage_id": firm.stage("Lost")});
        assert_eq!(
            post(&firm, "deals", &reason).expect(201)["lost_reason"],
            "one\ntwo\tthree"
        );
    });
}

#[test]
fn a_body_has_to_be_json_and_not_too_large() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deals = firm.at("deals");
        let deal = firm.at(&format!(
            "deals/{}",
            firm.owner.post(&deals, json!({"title": "x"})).id()
        ));
        let send = |method: &str, path: &str, kind: &str, body: &[u8]| {
            ask(&firm.owner, method, path, &[("content-type", kind)], Some(body))
        };
        let padded = |length: usize| {
            let mut body = b"{\"title\": \"padded\"}".to_vec();
            body.resize(length, b' ');
            body
        };
        refused(server, &firm, || {
            let deep = |open: &str, n: usize| format!("{{\"title\": {}", open.repeat(n));
            for body in [
                "",
                " ",
                "{",
                "{\"title\": \"x\"",
                "{\"title\": \"x\"} x",
                "{'title': 'x'}",
                "{\"title\": \"\u{0}\"}",
                "{\"title\": NaN}",
                "{\"title\": 1e999}",
                "\u{feff}{\"title\": \"x\"}",
                "title=x",
                "{\"title\": \"\\ud800\"}",
                &deep("[", 100_000),
                &deep("{\"a\":", 100_000),
                &format!("{}1{}", "[".repeat(500_000), "]".repeat(500_000)),
            ] {
                send("POST", &deals, "application/json", body.as_bytes()).problem(400, "malformed_body");
                send("PATCH", &deal, "application/merge-patch+json", body.as_bytes())
                    .problem(400, "malformed_body");
            }
            send("POST", &deals, "application/json", b"{\"title\": \"\xff\xfe\"}")
                .problem(400, "malformed_body");
            for kind in [
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/xml",
                "application/jsonx",
                "multipart/form-data",
                "",
            ] {
                send("POST", &deals, kind, b"{\"title\": \"x\"}").problem(415, "media_type");
                send("PATCH", &deal, kind, b"{\"title\": \"y\"}").problem(415, "media_type");
            }
            ask(&firm.owner, "POST", &deals, &[], None).problem(415, "media_type");
            send("POST", &deals, "application/json", &padded(2_000_001)).problem(413, "body_too_large");
            send("PATCH", &deal, "application/json", &padded(2_000_001)).problem(413, "body_too_large");
        });
        send("POST", &deals, "application/json", &padded(2_000_000)).expect(201);
        send(
            "POST",
            &deals,
            "application/json; charset=utf-8",
            b"{\"title\": \"x\"}",
        )
        .expect(201);
        send("PATCH", &deal, "application/json", b"{\"title\": \"y\"}").expect(200);
    });
}
