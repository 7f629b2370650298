//! Who is signed in shows anew who they are, by an account at a provider.

use crate::identity::set_password;
use crate::post::{events, on_each_with, signed_in};
use crate::provider::{Browser, CHALLENGE, PROGRAM, Scene, on_each, parameter, person};
use crate::second_factor::{code, factored};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_domain::identity::Signup;
use firma_domain::source::Clock;
use firma_http::Limits;
use firma_testing::{Answer, Client, Firm};
use serde_json::{Value, json};

const PASSWORD: &str = "grey herons wade slowly";
const CHANGE: &str = "/api/v1/auth/change-email";

/// Begins at a provider, with more in the body.
fn begin(client: &Client, name: &str, more: Value) -> Answer {
    let mut body = json!({"return_to": PROGRAM, "code_challenge": CHALLENGE});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    client.post(&format!("/api/v1/auth/oidc/{name}/step-up"), body)
}

fn url(answer: Answer) -> String {
    answer.expect(200)["authorization_url"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Goes to the real provider as somebody and comes back: state and code.
fn brought(scene: &Scene, url: &str, person: &Value) -> (String, String) {
    let back = scene.visit(url, person);
    (parameter(&back, "state"), parameter(&back, "code"))
}

/// Whether the session may do what is grave.
fn may(client: &Client) -> bool {
    let email = format!("{}@new.example", crate::samples::unique());
    match client.post(CHANGE, json!({"email": email})) {
        answer if answer.status == 202 => true,
        answer => {
            answer.problem(403, "step_up_required");
            false
        }
    }
}

#[test]
fn who_has_only_an_account_at_a_provider_steps_up_by_it() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        let client = scene.client(scene.sign_in(&kim));
        // The provider didn't say when it last saw the person.
        assert!(!may(&client));
        let at = url(begin(&client, "real", json!({})));
        assert_eq!(
            (parameter(&at, "max_age"), parameter(&at, "prompt")),
            ("0".into(), "login".into())
        );
        let (state, code) = brought(scene, &at, &kim);
        assert!(!may(&client), "before it is ended");
        let done = scene.finish(&client, "step-up", &state, &code).expect(200);
        assert!(done["authenticated_at"].as_str() < done["valid_until"].as_str());
        assert!(may(&client));
        // Another session of the same person's isn't meant; and it is good once.
        assert!(!may(&scene.client(scene.sign_in(&kim))));
        scene
            .finish(&client, "step-up", &state, &code)
            .problem(422, "invalid");
        let id = client.get("/api/v1/me").expect(200)["user"]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let old = match scene.server.base.is_postgres() {
            true => "authenticated_at - interval '11 minutes'",
            false => "authenticated_at - 660000000",
        };
        let whose = scene.server.base.id_literal(id);
        scene.server.base.execute(&format!(
            "UPDATE sessions SET authenticated_at = {old} WHERE user_id = {whose}"
        ));
        assert!(!may(&client), "ten minutes after");
    });
}

#[test]
fn nobody_steps_up_by_somebody_elses_account() {
    on_each(Signup::Open, |scene| {
        let (kim, bo) = (
            person("kim", "kim@home.example", true),
            person("bo", "bo@home.example", true),
        );
        let client = scene.client(scene.sign_in(&kim));
        let other = scene.client(scene.sign_in(&bo));
        for somebody in [&bo, &person("new", "new@home.example", true)] {
            let (state, code) = brought(scene, &url(begin(&client, "real", json!({}))), somebody);
            scene
                .finish(&client, "step-up", &state, &code)
                .problem(403, "provider_refused");
        }
        assert_eq!(events(&scene.server, "step_up_failed"), 2);
        // What one began another doesn't end, nor does it sign in or link; nor is a sign-in a step-up.
        let ends = |client: &Client, what: &str| {
            let (state, code) = brought(scene, &url(begin(&other, "real", json!({}))), &bo);
            scene.finish(client, what, &state, &code).problem(422, "invalid");
        };
        ends(&client, "step-up");
        ends(&other, "link");
        ends(&scene.server.nobody(), "token");
        let (state, code) = brought(scene, &scene.begin("real", true), &kim);
        scene
            .finish(&client, "step-up", &state, &code)
            .problem(422, "invalid");
        assert!(!may(&client) && !may(&other));
        // Who has no account there begins none, and who is signed out ends none.
        begin(&client, "public", json!({})).problem(404, "not_found");
        begin(&scene.server.nobody(), "real", json!({})).problem(401, "unauthenticated");
        let (state, code) = brought(scene, &url(begin(&client, "real", json!({}))), &kim);
        client.act("/api/v1/auth/logout").expect(204);
        scene
            .finish(&client, "step-up", &state, &code)
            .problem(401, "unauthenticated");
    });
}

#[test]
fn a_browser_steps_up_and_keeps_its_session() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        let mut browser = Browser::at(&scene.server.url);
        let back = scene.visit(&browser.start("real"), &kim);
        let to = browser.follow(&back);
        browser.csrf = to.split_once("#csrf_token=").map(|(_, csrf)| csrf.to_owned());
        let change = json!({"email": "kim@new.example"});
        browser
            .post(CHANGE, change.clone())
            .problem(403, "step_up_required");
        let body = json!({"transport": "cookie", "return_to": "/console"});
        let begun = browser.post("/api/v1/auth/oidc/real/step-up", body).expect(200);
        let back = scene.visit(begun["authorization_url"].as_str().unwrap(), &kim);
        let to = browser.follow(&back);
        assert!(to.starts_with("/console#stepped_up=20"), "{to}");
        browser.post(CHANGE, change).expect(202);
    });
}

#[test]
fn beside_a_second_factor_a_code_of_it_is_needed() {
    on_each(Signup::Open, |scene| {
        let (server, clock) = (&scene.server, &scene.clock);
        let (email, client, secret, codes) = factored(server, clock);
        let ann = person("ann", &email, true);
        scene.sign_in(&ann).problem(401, "second_factor_required");
        let old = if server.base.is_postgres() {
            "created_at - interval '1 hour'"
        } else {
            "created_at - 3600000000"
        };
        server
            .base
            .execute(&format!("UPDATE sessions SET authenticated_at = {old}"));
        assert!(!may(&client));
        let problem = begin(&client, "real", json!({})).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/code");
        begin(&client, "real", json!({"code": "000000"})).problem(401, "wrong_code");
        assert_eq!(events(server, "step_up_failed"), 1);
        // The code alone is no step-up.
        let at = url(begin(&client, "real", json!({"code": code(&secret, clock, 0)})));
        assert!(!may(&client));
        let (state, given) = brought(scene, &at, &ann);
        scene.finish(&client, "step-up", &state, &given).expect(200);
        assert!(may(&client));
        // Nor is one that was used good again; a recovery code is good once, too.
        begin(&client, "real", json!({"code": code(&secret, clock, 0)})).problem(401, "wrong_code");
        begin(&client, "real", json!({"code": codes[0]})).expect(200);
        begin(&client, "real", json!({"code": codes[0]})).problem(401, "wrong_code");
        let body = json!({"return_to": PROGRAM, "code_challenge": CHALLENGE, "code": "000000"});
        let problem = server
            .nobody()
            .post("/api/v1/auth/oidc/real/start", body)
            .problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/code");
    });
}

/// Beginning shows nothing: what was guessed before is still counted, and the calls themselves are.
#[test]
fn who_begins_at_a_provider_guesses_the_password_no_faster() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        scene.sign_in(&kim).expect(200);
        set_password(&scene.server, "kim@home.example", PASSWORD);
        let client = signed_in(&scene.server, "kim@home.example", PASSWORD);
        let guess = |password: &str| client.post("/api/v1/auth/step-up", json!({"password": password}));
        for _ in 0..4 {
            guess("none of anybody's").problem(401, "wrong_credentials");
        }
        begin(&client, "real", json!({})).expect(200);
        assert!((0..4).any(|_| guess("none of anybody's").status == 429));
    });
}

#[test]
fn beginning_and_ending_are_limited_like_the_step_up_by_password() {
    on_each_with(
        || (Limits::default(), Signup::Open),
        |server, _| {
            let client = Firm::new(server).owner;
            let begin = || begin(&client, "none", json!({}));
            let end = || client.post("/api/v1/auth/oidc/step-up", json!({"state": "x", "code": "y"}));
            begin().problem(404, "not_found");
            end().problem(422, "invalid");
            // 20 a minute, and nobody knows how slowly this runs.
            let mut calls = (0..60).map(|n| if n % 2 == 0 { begin() } else { end() });
            let refused = calls.find(|answer| answer.status == 429).unwrap();
            refused.problem(429, "too_many_requests");
        },
    );
}

#[test]
fn a_provider_that_does_not_say_when_proves_nothing() {
    on_each(Signup::Open, |scene| {
        // It tells what its code says, so somebody signs in by it first.
        let ended = |url: &str, client: &Client, what: &str, more: Value| {
            let mut claims = json!({"email": "kim@home.example", "email_verified": true});
            claims
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let told = json!({"nonce": parameter(url, "nonce"), "claims": claims});
            let code = URL_SAFE_NO_PAD.encode(told.to_string());
            scene.finish(client, what, &parameter(url, "state"), &code)
        };
        let signed_in = ended(&scene.start("wrong"), &scene.server.nobody(), "token", json!({}));
        let client = scene.client(signed_in);
        let now = scene.clock.now().seconds();
        for (why, claims) in [
            ("nothing", json!({})),
            ("long ago", json!({"auth_time": now - 3_600})),
            ("before it was asked", json!({"auth_time": now - 120})),
            ("no number", json!({"auth_time": "now"})),
        ] {
            let at = url(begin(&client, "wrong", json!({})));
            eprintln!("{why}");
            ended(&at, &client, "step-up", claims).problem(403, "provider_refused");
            assert!(!may(&client), "{why}");
        }
        let at = url(begin(&client, "wrong", json!({})));
        let now = scene.clock.now().seconds();
        ended(&at, &client, "step-up", json!({"auth_time": now})).expect(200);
        assert!(may(&client));
    });
}
