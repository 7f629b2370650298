//! What `/metrics` tells, and to whom.

use firma_auth::access::Founding;
use firma_domain::crm::Company;
use firma_persistence::archive::Source;
use firma_services::platform::NewJob;
use firma_testing::{Firm, METRICS_TOKEN, Server, on_each};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Each series with its value.
pub(crate) fn series(server: &Server) -> BTreeMap<String, f64> {
    let asker = server.nobody().with_token(Some(METRICS_TOKEN.into()));
    let shown = asker.get("/metrics");
    assert_eq!(
        shown.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(shown.text.ends_with("# EOF\n"), "{}", shown.text);
    let lines = shown.text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[test]
fn only_who_has_the_token_sees_them() {
    on_each(|server| {
        let nobody = server.nobody();
        let firm = Firm::new(server);
        let wrong = nobody.with_token(Some("a-token-for-the-metrics-of-a-tesT".into()));
        for asker in [&nobody, &wrong, &firm.owner] {
            let answer = asker.get("/metrics");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            answer.problem(401, "unauthenticated");
        }
        nobody.act("/metrics").problem(405, "method_not_allowed");
        assert!(series(server).len() > 10);
    });
}

#[test]
fn requests_are_counted_by_their_pattern() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        for _ in 0..3 {
            firm.owner.get(&firm.at(&format!("deals/{deal}"))).expect(200);
        }
        firm.owner
            .get(&firm.at("deals/nothing"))
            .problem(404, "not_found");
        server.nobody().get("/secret-path").problem(404, "no_route");
        // A method that nobody knows is no label of its own.
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        let brew = b"BREW /secret-path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(brew).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        let body = json!({"email": "who@example.com", "password": "not the password"});
        server
            .nobody()
            .post("/api/v1/auth/login", body)
            .problem(401, "wrong_credentials");

        let series = series(server);
        let value = |name: &str| series.get(name).copied();
        let one = "route=\"/api/v1/organizations/{organization}/deals/{id}\"";
        let of = |status| format!("firma_http_requests_total{{method=\"GET\",{one},status=\"{status}\"}}");
        assert_eq!((value(&of(200)), value(&of(404))), (Some(3.0), Some(1.0)));
        let took = |part: &str, more: &str| {
            value(&format!(
                "firma_http_request_duration_seconds_{part}{{{more}method=\"GET\",{one}}}"
            ))
        };
        assert_eq!(took("count", ""), Some(4.0), "{series:#?}");
        assert!(took("sum", "").is_some_and(|seconds| seconds > 0.0 && seconds < 60.0));
        for (method, count) in [("GET", 1.0), ("other", 1.0)] {
            let unknown =
                format!("firma_http_requests_total{{method=\"{method}\",route=\"-\",status=\"404\"}}");
            assert_eq!(value(&unknown), Some(count), "{method}");
        }
        assert_eq!(value("firma_sign_in_failures_total"), Some(1.0));
        let all = series.keys().cloned().collect::<String>();
        for never in ["secret", &firm.slug, &deal, "who@", "BREW"] {
            assert!(!all.contains(never), "{never}");
        }
    });
}

#[test]
fn the_database_is_watched() {
    on_each(|server| {
        let firm = Firm::new(server);
        let queries = |server: &Server| series(server)["firma_database_query_duration_seconds_count"];
        let before = queries(server);
        firm.owner.get(&firm.at("deals")).expect(200);
        assert!(queries(server) >= before + 2.0);
        let series = series(server);
        assert!(series["firma_database_connections"] >= 3.0, "{series:#?}");
        assert!(series["firma_database_connections_in_use"] <= series["firma_database_connections"]);
        for name in ["firma_database_calls_waiting", "firma_database_away"] {
            assert_eq!(series[name], 0.0, "{name}");
        }
    });
}

#[test]
fn what_waits_is_told_by_kind() {
    on_each(|server| {
        let firm = Firm::new(server);
        let waits = |kind: &str, what: &str| {
            let name = format!("firma_jobs_{what}{{kind=\"{kind}\"}}");
            series(server).get(&name).copied()
        };
        assert_eq!(waits("sample", "waiting"), None);
        let (organization, owner) = (firm.id, firm.owner_id);
        for (kind, seconds) in [("sample", -90), ("sample", -5), ("other", 0), ("later", 600)] {
            firm.server.write(move |tx| {
                let job = NewJob {
                    kind,
                    payload: "{}".into(),
                    run_at: Some(tx.now().plus_seconds(seconds)),
                    max_attempts: 1,
                };
                Ok(tx.enqueue(Founding::of(organization, owner).grant::<Company>(), job)?)
            });
        }
        assert_eq!(waits("sample", "waiting"), Some(2.0));
        let age = waits("sample", "oldest_seconds").unwrap();
        assert!((90.0..150.0).contains(&age), "{age}");
        assert_eq!(waits("other", "waiting"), Some(1.0));
        assert_eq!(waits("later", "waiting"), None);
    });
}

#[test]
fn the_age_of_the_last_good_backup_is_told_once_there_is_one() {
    on_each(|server| {
        let age = || series(server).get("firma_backup_age_seconds").copied();
        let unproved = || series(server).get("firma_backup_unproved_age_seconds").copied();
        assert_eq!((age(), unproved()), (None, None));
        let earlier = server.database.sources.clock.now().plus_seconds(-3_600);
        // One that was not proved is no good one.
        Source::note(server.base.target(), earlier, false).unwrap();
        assert_eq!(age(), None);
        assert!(unproved().is_some_and(|age| (3_600.0..3_700.0).contains(&age)));
        Source::note(server.base.target(), earlier, true).unwrap();
        assert!(
            age().is_some_and(|age| (3_600.0..3_700.0).contains(&age)),
            "{:?}",
            age()
        );
        Source::note(server.base.target(), earlier.plus_seconds(3_590), true).unwrap();
        assert!(
            age().is_some_and(|age| (10.0..110.0).contains(&age)),
            "{:?}",
            age()
        );
    });
}
