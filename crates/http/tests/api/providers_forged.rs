//! A provider that lies: what its ID tokens have to be, what else it answers, and its keys.

use crate::kit::rows;
use crate::post::events;
use crate::provider::{Browser, Scene, on_each, parameter};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_domain::identity::Signup;
use firma_domain::source::Clock;
use firma_testing::{Answer, Client};
use serde_json::{Value, json};

/// Begins a sign-in, and ends it with a code by which the provider is told what to answer.
#[track_caller]
fn forged(scene: &Scene, mut told: Value) -> Answer {
    let url = scene.start("wrong");
    if told["nonce"].is_null() {
        told["nonce"] = json!(parameter(&url, "nonce"));
    }
    let code = URL_SAFE_NO_PAD.encode(told.to_string());
    scene.finish(&scene.server.nobody(), "token", &parameter(&url, "state"), &code)
}

fn claims(over: Value) -> Value {
    let mut all = json!({"email": "kim@home.example", "email_verified": true});
    all.as_object_mut()
        .unwrap()
        .extend(over.as_object().unwrap().clone());
    all
}

fn right() -> Value {
    json!({"claims": claims(json!({}))})
}

fn seen(scene: &Scene) -> Value {
    Client::new(&scene.peer.wrong, None).get("/seen").expect(200)
}

#[test]
fn an_id_token_that_is_not_for_this_sign_in_signs_nobody_in() {
    on_each(Signup::Open, |scene| {
        let now = scene.clock.now().seconds();
        let of = |over: Value| json!({"claims": claims(over)});
        let signed = |how: Value| {
            let mut told = right();
            told.as_object_mut()
                .unwrap()
                .extend(how.as_object().unwrap().clone());
            told
        };
        let wrong = [
            ("another nonce", of(json!({"nonce": "another"}))),
            ("no nonce", of(json!({"nonce": null}))),
            ("another audience", of(json!({"aud": "other"}))),
            ("one audience more", of(json!({"aud": ["wrong", "other"]}))),
            ("no audience", of(json!({"aud": null}))),
            ("another client", of(json!({"azp": "other"}))),
            ("another issuer", of(json!({"iss": "https://id.example"}))),
            (
                "the issuer with a slash",
                of(json!({"iss": format!("{}/", scene.peer.wrong)})),
            ),
            ("no issuer", of(json!({"iss": null}))),
            ("over", of(json!({"exp": now - 61}))),
            ("without an end", of(json!({"exp": null}))),
            ("made in the future", of(json!({"iat": now + 120}))),
            ("made long ago", of(json!({"iat": now - 700}))),
            ("no subject", of(json!({"sub": null}))),
            ("an empty subject", of(json!({"sub": ""}))),
            ("a long subject", of(json!({"sub": "x".repeat(256)}))),
            ("a subject that is no ASCII", of(json!({"sub": "käthe"}))),
            (
                "another access token",
                of(json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})),
            ),
            (
                "an e-mail that isn't proved",
                of(json!({"email_verified": false})),
            ),
            (
                "an e-mail of which nothing is said",
                of(json!({"email_verified": null})),
            ),
            ("an e-mail that is none", of(json!({"email": "kim"}))),
            ("no signature", signed(json!({"alg": "none"}))),
            ("a MAC with our secret", signed(json!({"alg": "HS256"}))),
            (
                "a MAC with nothing",
                signed(json!({"alg": "HS256", "secret": ""})),
            ),
            ("a key that isn't published", signed(json!({"key": "hidden"}))),
            (
                "a key under another's name",
                signed(json!({"key": "hidden", "kid": "first-RS256"})),
            ),
            (
                "another algorithm under a key's name",
                signed(json!({"alg": "ES256", "kid": "first-RS256"})),
            ),
            ("no token", signed(json!({"token": ""}))),
            ("half a token", signed(json!({"token": "eyJhbGciOiJub25lIn0"}))),
            ("a token of nothing", signed(json!({"token": "e30.e30.e30"}))),
            (
                "a refused code",
                json!({"answer": {"status": 400, "body": {"error": "invalid_grant"}}}),
            ),
            (
                "a client that it doesn't know",
                json!({"answer": {"status": 401, "body": {"error": "invalid_client"}}}),
            ),
            ("no tokens", json!({"answer": {"status": 200, "body": {}}})),
            ("no JSON", json!({"answer": {"status": 200, "body": "<html>"}})),
            (
                "a redirect",
                json!({"answer": {"status": 307, "body": "", "headers": {"location": format!("{}/token", scene.peer.wrong)}}}),
            ),
        ];
        let count = i64::try_from(wrong.len()).unwrap();
        for (what, told) in wrong {
            eprintln!("{what}");
            forged(scene, told).problem(403, "provider_refused");
        }
        assert_eq!(
            (rows(&scene.server, "users"), rows(&scene.server, "accounts")),
            (0, 0)
        );
        assert_eq!(events(&scene.server, "provider_refused"), count);
        forged(scene, right()).expect(200);
        forged(
            scene,
            of(json!({"azp": "wrong", "aud": ["wrong"], "exp": now - 5})),
        )
        .expect(200);
    });
}

#[test]
fn what_the_token_leaves_out_is_asked_for_and_is_about_the_same_person() {
    on_each(Signup::Open, |scene| {
        let info = |info: Value| json!({"userinfo": info});
        forged(
            scene,
            info(json!({"sub": "another", "email": "kim@home.example", "email_verified": true})),
        )
        .problem(403, "provider_refused");
        forged(scene, info(json!({"sub": "forged"}))).problem(403, "provider_refused");
        let kim =
            json!({"sub": "forged", "email": "kim@home.example", "email_verified": true, "name": "K\u{0}"});
        let user = forged(scene, info(kim)).expect(200)["user"].clone();
        // What is no name here is left out.
        assert_eq!(
            (&user["email"], &user["name"]),
            (&json!("kim@home.example"), &json!("kim"))
        );
    });
}

#[test]
fn a_provider_that_can_not_answer_is_away() {
    on_each(Signup::Open, |scene| {
        for (what, told) in [
            ("broken", json!({"answer": {"status": 503, "body": "later"}})),
            ("busy", json!({"answer": {"status": 429, "body": "later"}})),
            ("more than anybody reads", json!({"endless": true})),
        ] {
            let mut browser = Browser::at(&scene.server.url);
            let url = browser.start("wrong");
            let code = URL_SAFE_NO_PAD.encode(told.to_string());
            let back = format!(
                "/api/v1/auth/oidc/wrong/callback?state={}&code={code}",
                parameter(&url, "state")
            );
            assert_eq!(
                browser.follow(&back),
                "/console?a=b#error=provider_away",
                "{what}"
            );
        }
        forged(scene, right()).expect(200);
    });
}

#[test]
fn keys_are_asked_for_once_an_hour_and_when_one_is_new() {
    on_each(Signup::Open, |scene| {
        let seen = || {
            let seen = seen(scene);
            (
                seen["discovery"].as_i64().unwrap(),
                seen["keys"].as_i64().unwrap(),
            )
        };
        let (discovery, keys) = seen();
        let since = || (seen().0 - discovery, seen().1 - keys);
        forged(scene, right()).expect(200);
        forged(scene, right()).expect(200);
        assert_eq!(since(), (1, 1));
        // Each database's server meets a key that it hasn't seen.
        let mut told = right();
        told["key"] = json!(format!("new in {}", scene.server.base.kind()));
        forged(scene, told.clone()).expect(200);
        assert_eq!(since(), (2, 2));
        forged(scene, told).expect(200);
        assert_eq!(since(), (2, 2));
        let mut hidden = right();
        hidden["key"] = json!("hidden");
        forged(scene, hidden).problem(403, "provider_refused");
        assert_eq!(since(), (3, 3));
        scene.clock.by(3_601);
        scene.start("wrong");
        scene.start("wrong");
        assert_eq!(since(), (4, 4));
    });
}

#[test]
fn another_provider_under_the_same_name_has_other_people() {
    on_each(Signup::Open, |scene| {
        forged(scene, right()).expect(200);
        scene
            .server
            .base
            .execute("UPDATE accounts SET issuer = 'https://id.example'");
        forged(scene, right()).problem(403, "provider_refused");
    });
}
