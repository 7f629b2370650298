//! Paths, methods and headers that are wrong: each is a whole problem that names the fault.

use crate::bad_input::{ask, framed, refused};
use firma_testing::{Firm, on_each};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn paths_and_methods_that_are_not_there() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        refused(server, &firm, || {
            for bad in [
                "nothing",
                "1",
                "%00",
                "%ff",
                "..%2f",
                "01890000-0000-7000-8000-000000000000",
                "01890000-0000-7000-8000-00000000000g",
            ] {
                let at = firm.at(&format!("deals/{bad}"));
                for (method, path) in [
                    ("GET", at.clone()),
                    ("DELETE", at.clone()),
                    ("POST", format!("{at}/restore")),
                    ("GET", format!("{at}/stage-history")),
                ] {
                    ask(&firm.owner, method, &path, &[], None).problem(404, "not_found");
                }
                ask(&firm.owner, "PATCH", &at, &[], Some(b"{\"title\": \"y\"}")).problem(404, "not_found");
            }
            for path in [
                "/",
                "/api",
                "/api/v2",
                "/api/v1/nothing",
                &firm.at("nothing"),
                &firm.at("deals/"),
                &firm.at(&format!("deals/{id}/nothing")),
            ] {
                ask(&firm.owner, "GET", path, &[], None).problem(404, "no_route");
                ask(&server.nobody(), "POST", path, &[], Some(b"{}")).problem(404, "no_route");
            }
            for (method, path, allowed) in [
                ("PUT", firm.at("deals"), "GET, HEAD, POST"),
                ("DELETE", firm.at("deals"), "GET, HEAD, POST"),
                ("PUT", firm.at(&format!("deals/{id}")), "DELETE, GET, HEAD, PATCH"),
                ("GET", firm.at(&format!("deals/{id}/restore")), "POST"),
                ("GET", firm.at("deals/bulk"), "POST"),
                ("OPTIONS", firm.at("deals"), "GET, HEAD, POST"),
                ("POST", "/health/live".into(), "GET, HEAD"),
                ("DELETE", "/openapi.json".into(), "GET, HEAD"),
            ] {
                let answer = ask(&firm.owner, method, &path, &[], None);
                let mut methods: Vec<_> = answer.header("allow").unwrap_or("").split(", ").collect();
                methods.sort_unstable();
                assert_eq!(methods.join(", "), allowed, "{method} {path}");
                answer.problem(405, "method_not_allowed");
            }
            for organization in [
                "nothing",
                "%00",
                "01890000-0000-7000-8000-000000000000",
                "NO",
                "a--b",
            ] {
                let path = format!("/api/v1/organizations/{organization}/deals");
                ask(&firm.owner, "GET", &path, &[], None).problem(404, "organization_not_found");
                ask(&firm.owner, "POST", &path, &[], Some(b"{")).problem(404, "organization_not_found");
                ask(&server.nobody(), "GET", &path, &[], None).problem(401, "unauthenticated");
            }
        });
    });
}

#[test]
fn headers_that_are_wrong() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deal = firm.at(&format!(
            "deals/{}",
            firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id()
        ));
        let body = Some(&b"{\"title\": \"y\"}"[..]);
        let long = "k".repeat(256);
        refused(server, &firm, || {
            for key in ["", "ğ", "a\tb", &long] {
                let problem = ask(
                    &firm.owner,
                    "POST",
                    &firm.at("deals"),
                    &[("idempotency-key", key)],
                    body,
                )
                .problem(400, "invalid_header");
                assert_eq!(problem["parameter"], "Idempotency-Key", "{key:?}");
            }
            let twice = [("idempotency-key", "one"), ("idempotency-key", "two")];
            let problem = ask(&firm.owner, "POST", &firm.at("deals"), &twice, body);
            problem.problem(400, "invalid_header");
            // What is wrong by itself is told before the row is missed.
            for bad in ["nothing", "01890000-0000-7000-8000-000000000000"] {
                let at = firm.at(&format!("deals/{bad}"));
                ask(&firm.owner, "PATCH", &at, &[], Some(b"{")).problem(400, "malformed_body");
                for body in [
                    "{\"title\": 1}",
                    "{\"title\": \"\"}",
                    "{\"tags\": [\"a\", \"a\"]}",
                ] {
                    ask(&firm.owner, "PATCH", &at, &[], Some(body.as_bytes())).problem(422, "invalid");
                }
            }
            let stale = [("if-match", "\"2\"")];
            ask(&firm.owner, "PATCH", &deal, &stale, Some(b"{\"title\": \"\"}")).problem(422, "invalid");
            for (method, body) in [("PATCH", body), ("DELETE", None)] {
                let lines = [("if-match", "\"2\""), ("if-match", "\"3\"")];
                ask(&firm.owner, method, &deal, &lines, body).problem(412, "changed");
            }
            for tag in [
                "",
                "\"2\"",
                "\"0\"",
                "W/\"1\"",
                "nothing",
                "\"ğ\"",
                "\"99999999999\"",
                "\"2\", \"3\"",
                "\"1",
                "1",
            ] {
                for (method, body) in [("PATCH", body), ("DELETE", None)] {
                    let answer = ask(&firm.owner, method, &deal, &[("if-match", tag)], body);
                    assert_eq!(answer.status, 412, "{tag}: {}", answer.text);
                    answer.problem(412, "changed");
                }
            }
            for token in ["", "nonsense", "a.b.c"] {
                let answer = ask(
                    &server.nobody(),
                    "GET",
                    &firm.at("deals"),
                    &[("authorization", &format!("Bearer {token}"))],
                    None,
                );
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                answer.problem(401, "unauthenticated");
            }
        });
        // A request id that is no plain one is replaced.
        for id in ["", "a b", &"x".repeat(129)] {
            let answer = framed(firm.owner.send("GET", &deal, &[("x-request-id", id)], None));
            assert!(
                answer
                    .header("x-request-id")
                    .is_some_and(|given| given != id && !given.is_empty()),
                "{id}"
            );
            assert_eq!(answer.status, 200);
        }
        // Several lines are one list.
        let lines = [("if-match", "\"7\""), ("if-match", "\"1\"")];
        ask(&firm.owner, "PATCH", &deal, &lines, body).expect(200);
        let lines = [("if-none-match", "\"7\""), ("if-none-match", "\"2\"")];
        assert_eq!(framed(firm.owner.send("GET", &deal, &lines, None)).status, 304);
        let fits = "k".repeat(255);
        ask(
            &firm.owner,
            "POST",
            &firm.at("deals"),
            &[("idempotency-key", &fits)],
            body,
        )
        .expect(201);
    });
}

#[test]
fn what_is_hardly_http_is_answered_or_closed_and_harms_nobody() {
    on_each(|server| {
        let firm = Firm::new(server);
        let raw = |bytes: &[u8]| {
            let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
            stream
                .set_read_timeout(Some(std::time::Duration::from_secs(10)))
                .unwrap();
            stream.write_all(bytes).unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        };
        refused(server, &firm, || {
            for bytes in [
                &b"\0\0\0\0\r\n\r\n"[..],
                b"GET\r\n\r\n",
                b"GET / HTTP/9.9\r\n\r\n",
                b"GET /%%% HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                b"GET /\xff\xfe?\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
            ] {
                let answer = raw(bytes);
                assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
            }
            let path = firm.at("deals");
            let token = server.token(firm.owner_id, 60);
            let untyped = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{{\"title\": \"x\"}}"
            );
            assert!(raw(untyped.as_bytes()).starts_with("HTTP/1.1 415"));
        });
    });
}
