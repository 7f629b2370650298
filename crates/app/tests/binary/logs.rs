//! What the log says, and what it never says.

use crate::house::{EMAIL, House, PASSWORD, at};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn lines_are_json_with_a_request_id_and_without_secrets() {
    for house in House::each() {
        house.found();
        let server = house.start_with(&[("FIRMA_LOG_FORMAT", "json"), ("FIRMA_LOG", "debug")]);
        let owner = house.owner(&server);
        let wrong = json!({"email": "who@example.com", "password": "guessed it perhaps"});
        let failed = server.client().post("/api/v1/auth/login", wrong);
        assert_eq!(failed.status, 401);
        let answer = owner.get(&at("companies?industry=hats-and-gloves"));
        let id = answer.header("x-request-id").unwrap().to_owned();
        answer.expect(200);
        let sent = [
            ("x-request-id", "mine-1"),
            (
                "traceparent",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ),
        ];
        let me = owner.send("GET", "/api/v1/me", &sent, None).expect(200);
        owner
            .post(&at("companies"), json!({"name": "Quiet Ltd", "nonsense": 1}))
            .problem(422, "invalid");

        server.terminate();
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0));
        let token = owner.token().unwrap();
        for never in [
            EMAIL,
            PASSWORD,
            token,
            "who@example.com",
            "guessed it",
            "hats-and-gloves",
            "Quiet Ltd",
        ] {
            assert!(!log.contains(never), "{never} in:\n{log}");
        }
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        for line in &lines {
            for field in ["time", "level", "target", "message"] {
                assert!(line[field].is_string(), "{line}");
            }
        }
        let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
        assert!(
            requests
                .iter()
                .all(|line| line["request_id"].as_str().is_some_and(|id| !id.is_empty()))
        );
        let of = |id: &str| requests.iter().find(|line| line["request_id"] == id).copied();
        let listed = of(&id).unwrap();
        assert_eq!(listed["route"], "/api/v1/organizations/{organization}/companies");
        assert_eq!(
            (&listed["method"], &listed["status"]),
            (&json!("GET"), &json!(200))
        );
        assert_eq!(listed["user_id"], me["user"]["id"]);
        assert_eq!(listed["organization_id"], me["memberships"][0]["organization_id"]);
        assert!(listed["ms"].is_f64(), "{listed}");
        let traced = of("mine-1").unwrap();
        assert_eq!(traced["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        let traces: BTreeSet<_> = requests
            .iter()
            .filter_map(|line| line["trace_id"].as_str())
            .collect();
        assert_eq!(traces.len(), requests.len());
        assert!(traces.iter().all(|trace| trace.len() == 32));
    }
}

#[test]
fn metrics_are_there_for_who_was_given_a_token() {
    for house in House::each() {
        house.found();
        house.start().client().get("/metrics").problem(404, "no_route");
        let token = "0123456789abcdef";
        let server = house.start_with(&[("FIRMA_METRICS_TOKEN", token)]);
        server.client().get("/metrics").problem(401, "unauthenticated");
        let shown = server.client().with_token(Some(token.to_owned())).get("/metrics");
        assert_eq!(shown.status, 200);
        assert!(shown.text.contains("firma_build_info{version="), "{}", shown.text);
        let short = house.run_with(&[("FIRMA_METRICS_TOKEN", "short")], &[], "");
        assert!(!short.line(2).contains("short\""), "{short:?}");
    }
}

#[test]
fn what_went_wrong_is_noted_under_the_id_that_the_client_gets() {
    for house in House::each() {
        house.found();
        let server = house.start_with(&[("FIRMA_LOG_FORMAT", "json")]);
        let owner = house.owner(&server);
        house.database.execute("ALTER TABLE companies RENAME TO gone");
        let problem = owner.get(&at("companies")).problem(500, "internal");
        assert!(!problem.to_string().contains("companies\\\""), "{problem}");
        let id = problem["request_id"].as_str().unwrap();
        let noted = || {
            let log = server.log();
            let line = log
                .lines()
                .find(|line| line.contains("\"ERROR\"") && line.contains(id));
            line.is_some_and(|line| line.contains("companies"))
        };
        server.await_that("noted with its request_id", noted);
    }
}
