//! The second factor, recovery codes, and the password given again.

use crate::identity::set_password;
use crate::post::{Moved, auth, events, login, on_each_clock, signed_in};
use firma_domain::source::Clock;
use firma_testing::{Answer, Client, Firm, Server};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

const PASSWORD: &str = "grey herons wade slowly";
pub(crate) const PATH: &str = "/api/v1/me/second-factor";

/// The code of a secret, so many steps from now.
pub(crate) fn code(secret: &Value, clock: &Moved, steps: i64) -> String {
    let secret = Secret::try_from_base32(secret.as_str().unwrap()).unwrap();
    let totp = Builder::new()
        .with_secret(secret)
        .with_account_name("x")
        .build()
        .unwrap();
    let at = clock.now().seconds() + 30 * steps;
    totp.generate(u64::try_from(at).unwrap()).to_string()
}

/// A user with a second factor: the e-mail, a client, the secret and the recovery codes.
pub(crate) fn factored(server: &Server, clock: &Moved) -> (String, Client, Value, Vec<Value>) {
    let firm = Firm::new(server);
    let email = format!("owner@{}.example", firm.slug);
    set_password(server, &email, PASSWORD);
    let client = signed_in(server, &email, PASSWORD);
    let secret = client.act(PATH).expect(200)["secret"].clone();
    let body = json!({"code": code(&secret, clock, -1)});
    let codes = client.post(&format!("{PATH}/confirm"), body).expect(200);
    (
        email,
        client,
        secret,
        codes["recovery_codes"].as_array().unwrap().clone(),
    )
}

#[track_caller]
fn challenge(server: &Server, email: &str) -> String {
    let problem = login(server, email, PASSWORD).problem(401, "second_factor_required");
    assert_eq!(problem["expires_in"], 300);
    problem["challenge"].as_str().unwrap().to_owned()
}

fn second(server: &Server, challenge: &str, code: &str) -> Answer {
    let body = json!({"challenge": challenge, "code": code});
    auth(&server.nobody(), "login/second-factor", body)
}

#[test]
fn a_sign_in_takes_two_steps_once_the_factor_is_on() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let email = format!("owner@{}.example", firm.slug);
        set_password(server, &email, PASSWORD);
        let client = signed_in(server, &email, PASSWORD);
        assert_eq!(
            client.get(PATH).expect(200),
            json!({"is_on": false, "confirmed_at": null, "recovery_codes_left": 0})
        );
        let enrolled = client.act(PATH).expect(200);
        let uri = enrolled["uri"].as_str().unwrap();
        assert!(
            uri.starts_with("otpauth://totp/Firma:owner%40")
                && uri.contains(enrolled["secret"].as_str().unwrap())
        );
        // Not yet on.
        login(server, &email, PASSWORD).expect(200);
        let confirm = |code: &str| client.post(&format!("{PATH}/confirm"), json!({"code": code}));
        for wrong in ["", "000000x", "1", &"9".repeat(10_000), "１２３４５６"] {
            let problem = confirm(wrong).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], "#/code");
        }
        let codes = confirm(&code(&enrolled["secret"], clock, 0)).expect(200);
        assert_eq!(codes["recovery_codes"].as_array().unwrap().len(), 10);
        client.act(PATH).problem(409, "second_factor_on");
        confirm("000000").problem(409, "second_factor_on");
        let state = client.get(PATH).expect(200);
        assert_eq!(
            (&state["is_on"], &state["recovery_codes_left"]),
            (&json!(true), &json!(10))
        );
        // The secret is nowhere to be read.
        let secret = enrolled["secret"].as_str().unwrap();
        assert!(
            server
                .base
                .lines("SELECT secret FROM second_factors")
                .iter()
                .all(|s| !s.contains(secret))
        );
        let challenge = challenge(server, &email);
        second(server, &challenge, &code(&enrolled["secret"], clock, 0)).problem(401, "wrong_code");
        assert_eq!(events(server, "code_reused"), 1);
        let tokens = second(server, &challenge, &code(&enrolled["secret"], clock, 1)).expect(200);
        let token = tokens["access_token"].as_str().map(str::to_owned);
        server.nobody().with_token(token).get("/api/v1/me").expect(200);
        assert_eq!(events(server, "second_factor_on"), 1);
    });
}

#[test]
fn a_code_is_good_once_and_a_challenge_for_five_minutes() {
    on_each_clock(|server, clock| {
        let (email, client, secret, codes) = factored(server, clock);
        let challenge_now = challenge(server, &email);
        let now = code(&secret, clock, 0);
        second(server, &challenge_now, &now).expect(200);
        second(server, &challenge_now, &now).problem(401, "wrong_code");
        let typed = codes[0].as_str().unwrap().to_lowercase().replace('-', " ");
        second(server, &challenge_now, &typed).expect(200);
        second(server, &challenge_now, &typed).problem(401, "wrong_code");
        assert_eq!(events(server, "recovery_code_used"), 1);
        assert_eq!(client.get(PATH).expect(200)["recovery_codes_left"], 9);
        clock.by(301);
        let late = second(server, &challenge_now, &code(&secret, clock, 0)).problem(422, "invalid");
        assert_eq!(late["errors"][0]["pointer"], "#/challenge");
        for forged in ["", "x", &"A".repeat(75), &challenge_now[1..]] {
            second(server, forged, &code(&secret, clock, 0)).problem(422, "invalid");
        }
        // What a challenge is worth ends with the password.
        let void = challenge(server, &email);
        clock.by(2);
        set_password(server, &email, "another one, long enough");
        second(server, &void, &code(&secret, clock, 0)).problem(422, "invalid");
    });
}

#[test]
fn switching_it_off_needs_the_password_again_and_works_once() {
    on_each_clock(|server, clock| {
        let (email, client, secret, codes) = factored(server, clock);
        clock.by(601);
        client.delete(PATH).problem(403, "step_up_required");
        client
            .act(&format!("{PATH}/recovery-codes"))
            .problem(403, "step_up_required");
        let step_up = |body: Value| auth(&client, "step-up", body);
        let lacking = step_up(json!({"password": PASSWORD})).problem(422, "invalid");
        assert_eq!(lacking["errors"][0]["pointer"], "#/code");
        step_up(json!({"password": PASSWORD, "code": "000000"})).problem(401, "wrong_code");
        step_up(json!({"password": "wrong", "code": code(&secret, clock, 0)}))
            .problem(401, "wrong_credentials");
        step_up(json!({"password": PASSWORD, "code": code(&secret, clock, 0)})).expect(200);
        let renewed = client.act(&format!("{PATH}/recovery-codes")).expect(200);
        assert_ne!(renewed["recovery_codes"][0], codes[0]);
        let challenge = challenge(server, &email);
        second(server, &challenge, codes[1].as_str().unwrap()).problem(401, "wrong_code");
        second(server, &challenge, renewed["recovery_codes"][1].as_str().unwrap()).expect(200);
        client.delete(PATH).expect(204);
        client.delete(PATH).problem(404, "not_found");
        client
            .act(&format!("{PATH}/recovery-codes"))
            .problem(404, "not_found");
        login(server, &email, PASSWORD).expect(200);
        assert_eq!(events(server, "second_factor_off"), 1);
        assert_eq!(server.base.number("SELECT COUNT(*) FROM recovery_codes"), 0);
    });
}

#[test]
fn a_short_password_needs_the_factor() {
    on_each_clock(|server, clock| {
        let (_, client, ..) = factored(server, clock);
        let change = |old: &str, new: &str| {
            let body = json!({"password": new, "current_password": old});
            auth(&client, "change-password", body)
        };
        change(PASSWORD, "seven c").problem(422, "invalid");
        change(PASSWORD, "password1").problem(422, "invalid");
        change(PASSWORD, "eight ch").expect(204);
        client.delete(PATH).problem(409, "password_too_short");
        change("eight ch", PASSWORD).expect(204);
        client.delete(PATH).expect(204);
        change(PASSWORD, "eight ch").problem(422, "invalid");
    });
}

#[test]
fn what_is_shown_once_is_not_shown_to_a_retry() {
    on_each_clock(|server, _| {
        let firm = Firm::new(server);
        let once = || firm.owner.send("POST", PATH, &[("idempotency-key", "one")], None);
        once().expect(200);
        once().problem(409, "secret_already_shown");
        let stored = server
            .base
            .lines("SELECT body FROM idempotency_keys WHERE body LIKE '%otpauth%'");
        assert!(stored.is_empty(), "{stored:?}");
    });
}

#[test]
fn codes_are_guessed_as_little_as_passwords() {
    on_each_clock(|server, clock| {
        let (email, _, secret, _) = factored(server, clock);
        let challenge = challenge(server, &email);
        for _ in 0..5 {
            second(server, &challenge, "000000").problem(401, "wrong_code");
        }
        let held = second(server, &challenge, &code(&secret, clock, 0));
        assert!(held.header("retry-after").unwrap().parse::<i64>().unwrap() >= 1);
        held.problem(429, "too_many_tries");
        clock.by(2);
        second(server, &challenge, &code(&secret, clock, 0)).expect(200);
        assert_eq!(events(server, "second_factor_failed"), 5);
    });
}
