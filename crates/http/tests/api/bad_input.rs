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

#[test]
fn a_name_that_stands_twice_is_refused() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let deal = firm.at(&format!("deals/{id}"));
        let money = r#"{"amount": "1.00", "currency": "EUR"}"#;
        let once = [("idempotency-key", "k")];
        let bulk = |operation: &str| format!(r#"{{"operations": [{operation}]}}"#);
        refused(server, &firm, || {
            for (method, path, body) in [
                (
                    "POST",
                    firm.at("deals"),
                    r#"{"title": "x", "title": "x"}"#.to_owned(),
                ),
                (
                    "POST",
                    firm.at("deals"),
                    r#"{"title": "x", "t\u0069tle": "y"}"#.into(),
                ),
                (
                    "POST",
                    firm.at("deals"),
                    format!(r#"{{"title": "x", "value": {money}, "value": {money}}}"#),
                ),
                (
                    "POST",
                    firm.at("deals"),
                    r#"{"title": "x", "value": {"amount": "1", "amount": "2", "currency": "EUR"}}"#.into(),
                ),
                ("PATCH", deal.clone(), r#"{"title": "y", "title": "z"}"#.into()),
                (
                    "PATCH",
                    "/api/v1/me/profile".into(),
                    r#"{"metadata": {"a": 1, "a": 2}}"#.into(),
                ),
                (
                    "PATCH",
                    "/api/v1/me/profile".into(),
                    r#"{"metadata": {"a": [{"b": {"c": 1, "c": 1}}]}}"#.into(),
                ),
                (
                    "POST",
                    firm.at("deals/bulk"),
                    r#"{"operations": [], "operations": []}"#.into(),
                ),
                (
                    "POST",
                    firm.at("deals/bulk"),
                    bulk(r#"{"op": "create", "value": {"title": "x", "title": "y"}}"#),
                ),
                (
                    "POST",
                    firm.at("deals/bulk?atomic=false"),
                    bulk(r#"{"op": "create", "op": "delete"}"#),
                ),
                ("DELETE", deal.clone(), r#"{"a": 1, "a": 1}"#.into()),
            ] {
                let problem = ask(&firm.owner, method, &path, &once, Some(body.as_bytes()));
                let problem = problem.problem(400, "malformed_body");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains("stands twice in an object"), "{body}: {detail}");
            }
        });
        // The same name in several objects stands once in each.
        let body = r#"{"metadata": {"a": {"a": [{"a": 1.5}, {"a": -1}]}, "b": {"a": null}}}"#;
        let profile = ask(
            &firm.owner,
            "PATCH",
            "/api/v1/me/profile",
            &[],
            Some(body.as_bytes()),
        );
        assert_eq!(
            profile.expect(200)["metadata"],
            json!({"a": {"a": [{"a": 1.5}, {"a": -1}]}, "b": {}})
        );
    });
}

#[test]
fn every_name_that_is_not_known_is_told() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = firm.owner.post(&firm.at("companies"), json!({"name": "x"})).id();
        let nobody = "01890000-0000-7000-8000-000000000000";
        let wrong = json!({"name": "x", "colour": 1, "shade": 1, "billing_address": {"zip": 1, "town": 1}});
        let names = [
            "#/billing_address/town",
            "#/billing_address/zip",
            "#/colour",
            "#/shade",
        ];
        refused(server, &firm, || {
            let made = post(&firm, "companies", &wrong).problem(422, "invalid");
            assert_eq!(pointers(&made), names);
            assert_eq!(made["detail"], "4 values are wrong");
            let at = firm.at(&format!("companies/{id}"));
            let changed = firm.owner.patch(&at, wrong.clone()).problem(422, "invalid");
            assert_eq!(pointers(&changed), names);
            let sign_in = json!({"email": "a@example.com", "password": "x", "colour": 1, "shade": 1});
            let signed_in = server.nobody().post("/api/v1/auth/login", sign_in);
            assert_eq!(
                pointers(&signed_in.problem(422, "invalid")),
                ["#/colour", "#/shade"]
            );
            let operations = json!([
                {"op": "update", "id": nobody, "value": {"name": "x"}},
                {"op": "create", "value": wrong},
                {"op": "update", "id": id, "value": {"shade": 1, "name": ""}},
                {"op": "delete", "id": id, "shade": 1, "colour": 1},
                {"op": "create", "id": id, "version": 1, "value": {"name": "x"}},
            ]);
            let bulk = |path: &str, operations: &Value| {
                let body = json!({"operations": operations});
                firm.owner.post_once(&firm.at(path), "k", body)
            };
            let all = bulk("companies/bulk", &operations).problem(422, "invalid");
            let mut expected: Vec<_> = names
                .iter()
                .map(|name| name.replace('#', "#/operations/1/value"))
                .collect();
            expected.push("#/operations/2/value/shade".into());
            for field in ["3/colour", "3/shade", "4/id", "4/version"] {
                expected.push(format!("#/operations/{field}"));
            }
            assert_eq!(pointers(&all), expected);
            let many: Vec<_> = (0..30)
                .map(|_| json!({"op": "create", "value": {"shade": 1}}))
                .collect();
            let told = bulk("companies/bulk", &json!(many)).problem(422, "invalid");
            assert_eq!(pointers(&told).len(), 20);
        });
        // Each for itself, each is told its own.
        let operations = json!([{"op": "create", "value": wrong}, {"op": "create", "value": {"name": "y"}}]);
        let done = firm.owner.post_once(
            &firm.at("companies/bulk?atomic=false"),
            "k",
            json!({"operations": operations}),
        );
        let results = &done.expect(207)["results"];
        assert_eq!(
            pointers(&results[0]["problem"]),
            names.map(|name| name.replace('#', "#/operations/0/value"))
        );
        assert_eq!(results[1]["status"], 201);
    });
}
