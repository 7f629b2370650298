//! What the log says, and what it never says.

use crate::house::{EMAIL, House, PASSWORD, at};
use serde_json::{Value, json};

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
        owner
            .send("GET", "/api/v1/me", &[("x-request-id", "mine-1")], None)
            .expect(200);
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
        assert!(of("mine-1").is_some(), "{log}");
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
