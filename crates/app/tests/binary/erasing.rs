//! A person is erased by who runs the server.

use crate::house::{EMAIL, House, PASSWORD, at, sign_in};
use serde_json::{Value, json};

const ANN: &str = "ann@person.example";

#[test]
fn who_runs_the_server_erases_a_person() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        let member = json!({"email": ANN, "name": "Ann Zephyrine"});
        let id = owner.post(&at("members"), member).id();
        // More than a page of the file holds.
        let long = json!({"metadata": {"note": "Ann Zephyrine ".repeat(1_000)}});
        owner.patch(&at(&format!("members/{id}")), long).expect(200);
        house.run(&["admin", "password", "--email", ANN], PASSWORD).fine();
        let ann = sign_in(&server, ANN, PASSWORD);

        let erase = |email: &str, more: &[&str]| {
            let arguments = [&["erase-person", "--email", email], more].concat();
            house.run(&arguments, "")
        };
        assert!(erase(ANN, &[]).line(2).contains("say --yes"));
        assert!(
            erase("nobody@person.example", &["--yes"])
                .line(1)
                .contains("no user")
        );
        assert!(erase(EMAIL, &["--yes"]).line(1).ends_with(": firm"));
        ann.get("/api/v1/me").expect(200);

        let told: Value = serde_json::from_str(&erase(ANN, &["--yes", "--json"]).fine()).unwrap();
        assert_eq!((&told["ok"], &told["user_id"]), (&json!(true), &json!(id)));
        ann.get("/api/v1/me").problem(401, "unauthenticated");
        let named = |table: &str, column: &str| {
            let query = format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%Zephyrine%'");
            house.database.number(&query)
        };
        assert_eq!(
            (named("audit_payloads", "changes"), named("users", "name")),
            (0, 0)
        );
        house.run(&["audit", "verify"], "").fine();
        assert!(erase(ANN, &["--yes"]).line(1).contains("no user"));
        if house.is_postgres() {
            continue;
        }
        // Nor is anything of it left between the rows of the file.
        server.terminate();
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        let path = house.database.url().replacen("sqlite://", "", 1);
        let file = std::fs::read(path).unwrap();
        for trace in [ANN, "Zephyrine", "zephyrine"] {
            let is_there = file.windows(trace.len()).any(|part| part == trace.as_bytes());
            assert!(!is_there, "{trace}");
        }
    }
}
