//! What comes back from a provider: to whom, from whom and when. And providers that are away.

use crate::kit::rows;
use crate::post::events;
use crate::provider::{Browser, CALLBACK, CHALLENGE, PROGRAM, VERIFIER, on_each, parameter, person};
use firma_domain::identity::Signup;
use firma_testing::METRICS_TOKEN;
use serde_json::{Value, json};

#[test]
fn a_sign_in_ends_in_the_browser_that_began_it() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        let (mut mine, mut another) = (Browser::at(&scene.server.url), Browser::at(&scene.server.url));
        let back = scene.visit(&mine.start("real"), &kim);
        // Somebody else's sign-in that a page sends a browser to: into somebody else's account.
        another.get(&back).problem(400, "invalid_value");
        another.start("real");
        another.get(&back).problem(400, "invalid_value");
        assert_eq!(rows(&scene.server, "users"), 0);
        assert!(mine.follow(&back).contains("#csrf_token="));
        let other = Browser::at(&scene.server.url).start("real");
        for path in [
            format!("{CALLBACK}?state=&code=x"),
            format!("{CALLBACK}?code=x"),
            format!("{CALLBACK}?state={}&state=x&code=x", parameter(&other, "state")),
            format!("{CALLBACK}?state={}&code=x", "A".repeat(43)),
            format!("{CALLBACK}?state={}&code=x", "%00%C3%A9".repeat(1_000)),
        ] {
            mine.get(&path).problem(400, "invalid_value");
        }
    });
}

#[test]
fn a_sign_in_ends_at_the_provider_that_it_began_at_and_in_time() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        let mut browser = Browser::at(&scene.server.url);
        // Two providers mixed up: the code of one goes to nobody else (RFC 9700, 4.4).
        let back = scene.visit(&browser.start("real"), &kim);
        let other = back.replace("/oidc/real/", "/oidc/wrong/");
        browser.get(&other).problem(400, "invalid_value");
        let (before, rest) = back.split_once("iss=").unwrap();
        let rest = rest.split_once('&').map_or("", |(_, rest)| rest);
        let elsewhere = format!("{before}iss=https%3A%2F%2Fid.example&{rest}");
        browser.get(&elsewhere).problem(400, "invalid_value");
        assert!(
            browser.follow(&back).contains("#csrf_token="),
            "it was not used up by that"
        );
        let back = scene.visit(&browser.start("real"), &kim);
        scene.clock.by(601);
        browser.get(&back).problem(400, "invalid_value");
        let late = scene.start("real");
        scene.clock.by(601);
        let (state, nobody) = (parameter(&late, "state"), scene.server.nobody());
        scene
            .finish(&nobody, "token", &state, "x")
            .problem(422, "invalid");
        assert_eq!(events(&scene.server, "provider_refused"), 4);
    });
}

#[test]
fn a_program_shows_what_it_kept() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        let nobody = scene.server.nobody();
        let token = |state: &str, code: &str, verifier: &str| {
            let body = json!({"state": state, "code": code, "code_verifier": verifier});
            nobody.post("/api/v1/auth/oidc/token", body)
        };
        for wrong in ["", "x", CHALLENGE] {
            let back = scene.visit(&scene.start("real"), &kim);
            let (state, code) = (parameter(&back, "state"), parameter(&back, "code"));
            token(&state, &code, wrong).problem(422, "invalid");
            // One guess, and it is over.
            token(&state, &code, VERIFIER).problem(422, "invalid");
        }
        // A browser's sign-in is no program's.
        let back = scene.visit(&Browser::at(&scene.server.url).start("real"), &kim);
        token(&parameter(&back, "state"), &parameter(&back, "code"), VERIFIER).problem(422, "invalid");
        assert_eq!(rows(&scene.server, "users"), 0);
    });
}

#[test]
fn what_a_sign_in_begins_with_is_judged_first() {
    on_each(Signup::Open, |scene| {
        let path = "/api/v1/auth/oidc/real/start";
        let wrong = |body: Value, field: &str| {
            let problem = scene
                .server
                .nobody()
                .post(path, body.clone())
                .problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], format!("#/{field}"), "{body}");
        };
        for to in [
            "https://evil.example/",
            "//evil.example/",
            "javascript:alert(1)",
            "",
            "/console",
        ] {
            wrong(json!({"return_to": to, "code_challenge": CHALLENGE}), "return_to");
        }
        for to in [
            "https://evil.example/",
            "//evil.example/",
            PROGRAM.replace("127.0.0.1", "10.0.0.1").as_str(),
        ] {
            wrong(json!({"return_to": to, "transport": "cookie"}), "return_to");
        }
        wrong(json!({"return_to": PROGRAM}), "code_challenge");
        wrong(
            json!({"return_to": PROGRAM, "code_challenge": "short"}),
            "code_challenge",
        );
        wrong(
            json!({"return_to": "/", "transport": "cookie", "code_challenge": CHALLENGE}),
            "code_challenge",
        );
        let body = json!({"return_to": "/", "transport": "cookie"}).to_string();
        let foreign = [("origin", "https://evil.example")];
        scene
            .server
            .nobody()
            .send("POST", path, &foreign, Some(body.as_bytes()))
            .problem(403, "csrf");
        assert_eq!(rows(&scene.server, "provider_attempts"), 0);
    });
}

#[test]
fn who_says_no_at_the_provider_is_told_so_here() {
    on_each(Signup::Open, |scene| {
        let no = json!({"sub": "kim", "refuses": true});
        let mut browser = Browser::at(&scene.server.url);
        let back = scene.visit(&browser.start("real"), &no);
        assert!(back.contains("error=access_denied"), "{back}");
        assert_eq!(browser.follow(&back), "/console?a=b#error=provider_refused");
        browser.get(&back).problem(400, "invalid_value");
        let back = scene.visit(&scene.start("real"), &no);
        let to = Browser::at(&scene.server.url).follow(&back);
        assert!(
            to.starts_with(PROGRAM) && to.ends_with("&error=provider_refused"),
            "{to}"
        );
    });
}

#[test]
fn a_provider_that_is_away_keeps_nobody_waiting() {
    on_each(Signup::Open, |scene| {
        let nobody = scene.server.nobody();
        let start = || {
            let body = json!({"return_to": PROGRAM, "code_challenge": CHALLENGE});
            nobody.post("/api/v1/auth/oidc/away/start", body)
        };
        let state = || nobody.get("/health/ready").expect(200)["providers"]["away"].clone();
        for _ in 0..5 {
            assert_eq!(state(), "closed");
            let answer = start();
            assert!(answer.header("retry-after").is_some());
            answer.problem(503, "provider_away");
        }
        assert_eq!(state(), "open");
        let answer = start();
        let wait: i64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((25..=30).contains(&wait), "{wait}");
        answer.problem(503, "provider_away");
        let asker = nobody.with_token(Some(METRICS_TOKEN.into()));
        let shown = asker.get("/metrics").text;
        assert!(
            shown.contains("firma_breaker_open{name=\"provider:away\"} 1"),
            "{shown}"
        );
        assert!(shown.contains("firma_breaker_open{name=\"provider:real\"} 0"));
        assert!(shown.contains("firma_breaker_open{name=\"mail\"} 0"));
        // The others go on.
        scene
            .sign_in(&person("kim", "kim@home.example", true))
            .expect(200);
        scene.clock.by(31);
        assert_eq!(state(), "half-open");
        start().problem(503, "provider_away");
        assert_eq!(state(), "open");
        assert_eq!(rows(&scene.server, "provider_attempts"), 0);
    });
}
