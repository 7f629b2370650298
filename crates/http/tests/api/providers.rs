//! Signing in by a provider: who comes in, as whom, and who doesn't.

use crate::identity::set_password;
use crate::kit::{data, rows, texts};
use crate::post::{auth, events, login, mail, mails};
use crate::provider::{Browser, CALLBACK, CHALLENGE, PROGRAM, on_each, parameter, person};
use crate::second_factor::{code, factored};
use firma_auth::keys::Keys;
use firma_auth::sealed::{Place, open};
use firma_domain::Id;
use firma_domain::identity::Signup;
use firma_services::identity::{SEALED, rotate_secrets};
use firma_testing::{Firm, on_each as on_each_server};
use serde_json::json;
use std::sync::Arc;

const PASSWORD: &str = "grey herons wade slowly";

#[test]
fn a_browser_signs_in_by_cookies() {
    on_each(Signup::Open, |scene| {
        let listed = scene.server.nobody().get("/api/v1/auth/oidc").expect(200);
        assert_eq!(texts(&data(&listed), "name"), ["real", "public", "wrong", "away"]);
        assert_eq!(texts(&data(&listed), "label")[0], "The real one");
        let mut browser = Browser::at(&scene.server.url);
        let url = browser.start("real");
        let asked = |name: &str| parameter(&url, name);
        assert_eq!(
            (&*asked("response_type"), &*asked("code_challenge_method")),
            ("code", "S256")
        );
        assert!(asked("code_challenge").len() == 43 && asked("nonce").len() == 22);
        assert_eq!(asked("scope"), "openid+email+profile");
        let back = scene.visit(&url, &person("kim", "kim@home.example", true));
        let to = browser.follow(&back);
        let csrf = to
            .strip_prefix("/console?a=b#csrf_token=")
            .unwrap_or_else(|| panic!("{to}"));
        browser.csrf = Some(csrf.to_owned());
        let user = browser.get("/api/v1/me").expect(200)["user"].clone();
        assert_eq!(
            (&user["email"], &user["name"]),
            (&json!("kim@home.example"), &json!("kim Winter"))
        );
        assert!(user["email_verified_at"].is_string() && user["given_name"] == "kim");
        let body = json!({"family_name": "Winter"});
        browser
            .send("PATCH", "/api/v1/me", Some(body.clone()))
            .expect(200);
        browser.csrf = Some("none".into());
        browser
            .send("PATCH", "/api/v1/me", Some(body))
            .problem(403, "csrf");
        // The state was used up.
        browser.get(&back).problem(400, "invalid_value");
        // Another tab of the same browser has begun meanwhile, too: both come back.
        let (first, second) = (browser.start("real"), browser.start("real"));
        for url in [second, first] {
            let back = scene.visit(&url, &person("kim", "kim@home.example", true));
            assert!(browser.follow(&back).contains("#csrf_token="));
        }
        // Each sign-in ended the session whose cookies it overwrote.
        let alive = "SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL";
        assert_eq!(scene.server.base.number(alive), 1);
        assert_eq!(rows(&scene.server, "users"), 1);
        assert_eq!(
            ["registered", "account_linked", "signed_in_by_provider"].map(|kind| events(&scene.server, kind)),
            [1, 1, 3]
        );
        assert!(
            mails(&scene.server)
                .iter()
                .all(|mail| !mail.subject.contains("new way"))
        );
    });
}

#[test]
fn a_program_ends_its_sign_in_itself_and_once() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        let tokens = scene.sign_in(&kim).expect(200);
        assert!(tokens["refresh_token"].is_string() && tokens["device_token"].is_string());
        assert_eq!(tokens["user"]["email"], "kim@home.example");
        let again = scene.signing_in("real", &kim, false).expect(200);
        assert_eq!(again["user"]["id"], tokens["user"]["id"]);
        // A client without a secret proves itself by PKCE alone. Its people are those of another provider here.
        let public = scene.signing_in("public", &kim, false).expect(200);
        assert_eq!(
            public["user"]["id"], tokens["user"]["id"],
            "joined by the proved e-mail"
        );
        let back = scene.visit(&scene.start("real"), &kim);
        let (state, code) = (parameter(&back, "state"), parameter(&back, "code"));
        let nobody = scene.server.nobody();
        scene.finish(&nobody, "token", &state, &code).expect(200);
        let problem = scene
            .finish(&nobody, "token", &state, &code)
            .problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/state");
        // The code is used up at the provider, too: with another state it is no good.
        let other = parameter(&scene.start("real"), "state");
        scene
            .finish(&nobody, "token", &other, &code)
            .problem(403, "provider_refused");
        assert_eq!(events(&scene.server, "provider_refused"), 2);
    });
}

#[test]
fn of_its_tokens_only_the_one_to_refresh_is_kept_and_sealed() {
    on_each(Signup::Open, |scene| {
        scene
            .sign_in(&person("kim", "kim@home.example", true))
            .expect(200);
        let base = &scene.server.base;
        let kept = || base.lines("SELECT refresh_token FROM accounts").remove(0);
        let id = match base.is_postgres() {
            true => base.lines("SELECT id::text FROM accounts").remove(0),
            false => base.lines("SELECT lower(hex(id)) FROM accounts").remove(0),
        };
        let plain: String = id.chars().filter(|c| *c != '-').collect();
        let bytes: Vec<u8> = (0..16)
            .map(|n| u8::from_str_radix(&plain[2 * n..2 * n + 2], 16).unwrap())
            .collect();
        let place = Place {
            table: "accounts",
            column: "refresh_token",
            row: Id::from_bytes(bytes.try_into().unwrap()),
        };
        let (before, after) = (Keys::derive(&[7; 32]), Keys::derive(&[8; 32]));
        let token = open(&before.sealing, place, &kept()).unwrap();
        assert!(token.len() > 20 && !kept().contains(std::str::from_utf8(&token).unwrap()));
        let columns = match base.is_postgres() {
            true => "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'accounts'",
            false => "SELECT name FROM pragma_table_info('accounts')",
        };
        let columns = base.lines(columns);
        assert!(
            columns
                .iter()
                .all(|name| !name.contains("token") || name == "refresh_token"),
            "{columns:?}"
        );
        let keys = Arc::new(Keys::rotated(&[8; 32], Some(&[7; 32])));
        let entropy = scene.server.database.sources.entropy.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let rotating = rotate_secrets(&scene.server.database, keys, entropy, SEALED);
        let rotated = runtime.block_on(rotating).unwrap();
        assert_eq!((rotated.renewed, rotated.lost.len()), (1, 0));
        assert_eq!(open(&after.sealing, place, &kept()).unwrap(), token);
    });
}

#[test]
fn a_user_is_joined_by_an_e_mail_that_both_sides_hold_as_proved() {
    on_each(Signup::Open, |scene| {
        let firm = Firm::new(&scene.server);
        let email = format!("owner@{}.example", firm.slug);
        set_password(&scene.server, &email, PASSWORD);
        let refused = |vouched: bool| {
            let answer = scene.sign_in(&person("ann", &email, vouched));
            let problem = answer.problem(403, "provider_refused");
            assert_eq!(rows(&scene.server, "accounts"), 0);
            problem["detail"].clone()
        };
        let unproved_there = refused(false);
        // Somebody registered an address that isn't theirs, and has its password: they must not get in beside its owner.
        scene
            .server
            .base
            .execute("UPDATE users SET email_verified_at = NULL");
        assert_eq!(refused(true), unproved_there, "nobody learns which it was");
        scene
            .server
            .base
            .execute("UPDATE users SET email_verified_at = created_at");
        let upper = email.to_uppercase();
        let ann = scene.client(scene.sign_in(&person("ann", &upper, true)));
        assert_eq!(
            ann.get("/api/v1/me").expect(200)["user"]["id"],
            json!(firm.owner_id)
        );
        let told = mail(&scene.server, &email);
        assert_eq!(told.subject, "Firma: a new way to sign in");
        assert!(told.text.contains("The real one"), "{}", told.text);
        login(&scene.server, &email, PASSWORD).expect(200);
        // Once it is linked, it is the account that counts and not its e-mail.
        let moved = scene.client(scene.sign_in(&person("ann", "ann@moved.example", false)));
        assert_eq!(
            moved.get("/api/v1/me").expect(200)["user"]["id"],
            json!(firm.owner_id)
        );
        assert_eq!(events(&scene.server, "provider_refused"), 2);
    });
}

#[test]
fn who_may_register_decides_who_is_new_here() {
    for (signup, stranger, added) in [
        (Signup::Open, Ok(()), Ok(())),
        (Signup::Invite, Err("signup_closed"), Ok(())),
        (Signup::Off, Err("signup_closed"), Err("signup_closed")),
    ] {
        on_each(signup, |scene| {
            let firm = Firm::new(&scene.server);
            let body = json!({"email": "added@home.example", "name": "Added"});
            let member = firm.owner.post(&firm.at("members"), body).id();
            let body = json!({"email": "invited@home.example"});
            firm.owner.post(&firm.at("invitations"), body).expect(201);
            for (name, expected) in [("stranger", stranger), ("added", added), ("invited", added)] {
                let answer = scene.sign_in(&person(name, &format!("{name}@home.example"), true));
                match expected {
                    Err(code) => drop(answer.problem(403, code)),
                    Ok(()) => {
                        let me = scene.client(answer).get("/api/v1/me").expect(200);
                        assert_eq!(me["user"]["email"], format!("{name}@home.example"));
                        // Who was added takes up what waited, as who registers does.
                        let places = me["memberships"].as_array().unwrap();
                        assert_eq!(places.len(), usize::from(name == "added"));
                        assert!(places.iter().all(|place| place["joined_at"].is_string()));
                        assert_eq!(name == "added", me["user"]["id"] == member.as_str());
                    }
                }
            }
        });
    }
}

#[test]
fn an_account_that_is_claimed_by_a_provider_is_an_account() {
    on_each(Signup::Open, |scene| {
        let kim = scene.client(scene.sign_in(&person("kim", "kim@home.example", true)));
        let firm = Firm::new(&scene.server);
        let body = json!({"email": "kim@home.example", "name": "Kim"});
        firm.owner.post(&firm.at("members"), body).expect(201);
        let joined = || kim.get("/api/v1/me").expect(200)["memberships"][0]["joined_at"].is_string();
        // Another's try to register the address is told to whom it is, and gives no password.
        let body = json!({"email": "kim@home.example", "name": "Kim", "password": PASSWORD});
        auth(&scene.server.nobody(), "register", body).expect(202);
        assert!(
            mail(&scene.server, "kim@home.example")
                .subject
                .contains("already")
        );
        // Who invites them has them told to accept with it.
        let other = Firm::new(&scene.server);
        let body = json!({"email": "kim@home.example"});
        other.owner.post(&other.at("invitations"), body).expect(201);
        let invited = mail(&scene.server, "kim@home.example");
        assert!(
            !invited.text.contains("register-by-invitation"),
            "{}",
            invited.text
        );
        // A password for who has none comes by mail. It accepts nothing that waits, and ends the sessions.
        assert!(!joined());
        auth(
            &scene.server.nobody(),
            "forgot-password",
            json!({"email": "kim@home.example"}),
        )
        .expect(202);
        let token = crate::post::token(&mail(&scene.server, "kim@home.example"));
        let body = json!({"token": token, "password": PASSWORD});
        auth(&scene.server.nobody(), "reset-password", body).expect(204);
        let kim = crate::post::signed_in(&scene.server, "kim@home.example", PASSWORD);
        let me = kim.get("/api/v1/me").expect(200);
        assert!(me["memberships"][0]["joined_at"].is_null());
    });
}

#[test]
fn who_is_deactivated_or_gone_does_not_come_back_by_a_provider() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        let first = scene.client(scene.signing_in("real", &kim, true));
        let active = |is: bool| {
            scene
                .server
                .base
                .execute(&format!("UPDATE users SET is_active = {is}"))
        };
        active(false);
        scene.sign_in(&kim).problem(403, "provider_refused");
        scene
            .signing_in("public", &kim, false)
            .problem(403, "provider_refused");
        active(true);
        first.delete("/api/v1/me").expect(204);
        let left =
            ["accounts", "account_logins", "provider_attempts"].map(|table| rows(&scene.server, table));
        assert_eq!(left, [0, 0, 0]);
        let again = scene.sign_in(&kim).expect(200);
        assert_eq!(again["user"]["email"], "kim@home.example");
        assert_eq!(rows(&scene.server, "users"), 2);
    });
}

#[test]
fn a_second_factor_is_asked_for_here_too() {
    on_each(Signup::Open, |scene| {
        let (server, clock) = (&scene.server, &scene.clock);
        let (email, _, secret, _) = factored(server, clock);
        let ann = person("ann", &email, true);
        let problem = scene.sign_in(&ann).problem(401, "second_factor_required");
        let second = |challenge: &str, code: &str, transport: &str| {
            let body = json!({"challenge": challenge, "code": code, "transport": transport});
            auth(&server.nobody(), "login/second-factor", body)
        };
        let challenge = problem["challenge"].as_str().unwrap();
        second(challenge, "000000", "bearer").problem(401, "wrong_code");
        let user = second(challenge, &code(&secret, clock, 0), "bearer").expect(200)["user"].clone();
        assert_eq!(user["email"], json!(email));
        let mut browser = Browser::at(&server.url);
        let back = scene.visit(&browser.start("real"), &ann);
        let to = browser.follow(&back);
        let challenge = to.strip_prefix("/console?a=b#error=second_factor_required&challenge=");
        browser.get("/api/v1/me").problem(401, "unauthenticated");
        second(challenge.unwrap(), &code(&secret, clock, 1), "cookie").expect(200);
        // Who has no password at all has a second factor, too.
        server.base.execute("DELETE FROM user_credentials");
        clock.by(120);
        let problem = scene.sign_in(&ann).problem(401, "second_factor_required");
        let challenge = problem["challenge"].as_str().unwrap();
        second(challenge, &code(&secret, clock, 0), "bearer").expect(200);
    });
}

#[test]
fn where_there_is_no_provider_there_is_none() {
    on_each_server(|server| {
        let nobody = server.nobody();
        assert!(data(&nobody.get("/api/v1/auth/oidc").expect(200)).is_empty());
        let body = json!({"return_to": PROGRAM, "code_challenge": CHALLENGE});
        nobody
            .post("/api/v1/auth/oidc/real/start", body)
            .problem(404, "not_found");
        nobody
            .get(&format!("{CALLBACK}?state=x&code=x"))
            .problem(404, "not_found");
    });
}
