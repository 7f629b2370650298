//! Guessing passwords, and who still gets in; limits; deleting an account.

use crate::identity::set_password;
use crate::post::{auth, events, login, mail, mails, on_each_clock, on_each_with, signed_in};
use crate::samples::bare;
use firma_domain::identity::Signup;
use firma_http::Limits;
use firma_testing::{Firm, Server, TestDatabase, on_each};
use serde_json::json;

const PASSWORD: &str = "grey herons wade slowly";

fn owner(server: &Server) -> (Firm<'_>, String) {
    let mut firm = Firm::new(server);
    let email = format!("owner@{}.example", firm.slug);
    set_password(server, &email, PASSWORD);
    // Setting it ended the sessions.
    firm.owner = server.client(firm.owner_id);
    (firm, email)
}

fn wrong(server: &Server, name: &str, times: usize) {
    for _ in 0..times {
        login(server, name, "wrong horse battery staple").problem(401, "wrong_credentials");
    }
}

#[test]
fn who_guesses_waits_longer_each_time_on_every_server_known_or_not() {
    on_each_clock(|server, clock| {
        let (_, email) = owner(server);
        let beside = server.beside();
        let mut answers = Vec::new();
        for name in [email.as_str(), "nobody@nowhere.example"] {
            wrong(server, name, 5);
            for at in [server, &beside] {
                let held = login(at, name, PASSWORD);
                assert_eq!(held.header("retry-after"), Some("1"));
                let mut body = held.problem(429, "too_many_tries");
                body["request_id"] = json!(null);
                answers.push(body);
            }
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
        // Being told to wait is no guess: after the wait there is one, and then twice the wait.
        clock.by(1);
        wrong(server, &email, 1);
        assert_eq!(login(server, &email, PASSWORD).header("retry-after"), Some("2"));
        clock.by(2);
        login(server, &email, PASSWORD).expect(200);
        // That was right: all is forgotten.
        wrong(server, &email, 4);
        login(server, &email, PASSWORD).expect(200);
    });
}

/// Nobody waits for a day because a clock was a day ahead.
#[test]
fn a_clock_that_is_set_right_keeps_nobody_out() {
    on_each_clock(|server, clock| {
        let (_, email) = owner(server);
        clock.by(86_400);
        for _ in 0..8 {
            wrong(server, &email, 1);
            clock.by(10);
        }
        wrong(server, &email, 1);
        assert!(login(server, &email, PASSWORD).header("retry-after").is_some());
        clock.by(-86_480);
        wrong(server, &email, 1);
        login(server, &email, PASSWORD).expect(200);
    });
}

#[test]
fn ten_wrong_guesses_are_a_warning_and_an_hour_later_forgotten() {
    on_each_clock(|server, clock| {
        let (firm, email) = owner(server);
        for _ in 0..10 {
            wrong(server, &email, 1);
            clock.by(64);
        }
        assert_eq!(
            events(server, "many_sign_in_failures"),
            2,
            "of the account and of the address"
        );
        assert_eq!(events(server, "sign_in_failed"), 10);
        let seen = server
            .client(firm.owner_id)
            .get("/api/v1/me/security-events?limit=50")
            .expect(200);
        let told = |event: &&serde_json::Value| {
            event["type"] == "many_sign_in_failures" && event["severity"] == "warning"
        };
        assert_eq!(seen["data"].as_array().unwrap().iter().filter(told).count(), 2);
        clock.by(3_601);
        wrong(server, &email, 4);
        login(server, &email, PASSWORD).expect(200);
        assert_eq!(events(server, "many_sign_in_failures"), 2);
    });
}

#[test]
fn an_address_is_held_too_whatever_accounts_it_guesses_at() {
    on_each_clock(|server, _| {
        let (_, email) = owner(server);
        for n in 0..20 {
            wrong(server, &format!("u{n}@nowhere.example"), 1);
        }
        // An account of one's own doesn't wash it off.
        login(server, &email, PASSWORD).problem(429, "too_many_tries");
    });
}

#[test]
fn those_who_guess_at_once_are_counted_one_by_one() {
    on_each_clock(|server, _| {
        let (_, email) = owner(server);
        let nobody = server.nobody();
        let guess = |n: usize| {
            auth(
                &nobody,
                "login",
                json!({"email": email, "password": format!("guess {n}")}),
            )
        };
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..16).map(|n| scope.spawn(move || guess(n).status)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let wrong = statuses.iter().filter(|status| **status == 401).count();
        assert_eq!(wrong, 5, "{statuses:?}");
        assert!(statuses.iter().all(|status| [401, 429].contains(status)));
    });
}

#[test]
fn a_device_that_is_known_gets_in_while_others_guess() {
    on_each_clock(|server, clock| {
        let (firm, email) = owner(server);
        let (other, _) = firm.member(None);
        let device = login(server, &email, PASSWORD).expect(200)["device_token"].clone();
        let device = device.as_str().unwrap().to_owned();
        let by = |device: &str, name: &str, password: &str| {
            let body = json!({"email": name, "password": password}).to_string();
            server.nobody().send(
                "POST",
                "/api/v1/auth/login",
                &[("x-device-token", device)],
                Some(body.as_bytes()),
            )
        };
        wrong(server, &email, 5);
        login(server, &email, PASSWORD).problem(429, "too_many_tries");
        let renewed = by(&device, &email, PASSWORD).expect(200);
        assert!(renewed["device_token"].is_string());
        // It is the user's alone, and it guesses no better.
        let user = server.client(other).get("/api/v1/me").expect(200)["user"]["email"].clone();
        let user = user.as_str().unwrap().to_owned();
        wrong(server, &user, 5);
        by(&device, &user, PASSWORD).problem(429, "too_many_tries");
        for _ in 0..5 {
            by(&device, &email, "wrong").problem(401, "wrong_credentials");
        }
        by(&device, &email, PASSWORD).problem(429, "too_many_tries");
        clock.by(2);
        by(&device, &email, PASSWORD).expect(200);
        // Forged, or too old.
        clock.by(90 * 86_400);
        wrong(server, &email, 5);
        by(&device, &email, PASSWORD).problem(429, "too_many_tries");
        by("x", &email, PASSWORD).problem(429, "too_many_tries");
    });
}

#[test]
fn a_new_device_is_told_of_by_mail() {
    on_each(|server| {
        let (_, email) = owner(server);
        let from = |agent: &str, device: &str| {
            let body = json!({"email": email, "password": PASSWORD}).to_string();
            let headers = [
                ("user-agent", agent),
                ("x-device-token", device),
                ("accept-language", "de-AT,en"),
            ];
            server
                .nobody()
                .send("POST", "/api/v1/auth/login", &headers, Some(body.as_bytes()))
                .expect(200)
        };
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
        let first = from("one/1", "");
        from("one/1", "");
        assert!(mails(server).is_empty());
        from(firefox, "");
        let mail = mail(server, &email);
        assert_eq!(
            (mail.language.as_str(), mail.subject.as_str()),
            ("de", "Firma: Anmeldung von einem neuen Gerät")
        );
        assert!(
            mail.text.contains("Firefox on Linux") && mail.text.contains("127.0.0.1"),
            "{}",
            mail.text
        );
        from("three/3", first["device_token"].as_str().unwrap());
        assert!(mails(server).is_empty());
        assert_eq!(events(server, "new_device"), 1);
    });
}

#[test]
fn an_old_cost_is_renewed_at_sign_in() {
    on_each(|server| {
        let (_, email) = owner(server);
        let hash = firma_auth::password::hash(PASSWORD, 5, [9; 16]).unwrap();
        server
            .base
            .execute(&format!("UPDATE user_credentials SET password_hash = '{hash}'"));
        let hashes = || server.base.lines("SELECT password_hash FROM user_credentials");
        wrong(server, &email, 1);
        assert_eq!(hashes(), std::slice::from_ref(&hash));
        login(server, &email, PASSWORD).expect(200);
        assert!(hashes()[0].starts_with("$2b$04$"), "{:?}", hashes());
        login(server, &email, PASSWORD).expect(200);
    });
}

#[test]
fn calls_are_limited_and_the_headers_say_how() {
    on_each_with(
        || (Limits::default(), Signup::Open),
        |server, _| {
            let ask = || {
                auth(
                    &server.nobody(),
                    "forgot-password",
                    json!({"email": "Kim@new.example"}),
                )
            };
            for left in (0..5).rev() {
                let answer = ask();
                assert_eq!(answer.header("ratelimit-policy"), Some("\"reset\";q=5;w=3600"));
                let said = answer.header("ratelimit").unwrap().to_owned();
                assert!(said.starts_with(&format!("\"reset\";r={left};t=")), "{said}");
                answer.expect(202);
            }
            let refused = ask();
            let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=720).contains(&wait), "{wait}");
            assert_eq!(
                refused.header("ratelimit"),
                Some(format!("\"reset\";r=0;t={wait}").as_str())
            );
            refused.problem(429, "too_many_requests");
            auth(
                &server.nobody(),
                "forgot-password",
                json!({"email": "kim@NEW.example"}),
            )
            .problem(429, "too_many_requests");
            auth(
                &server.nobody(),
                "forgot-password",
                json!({"email": "ann@new.example"}),
            )
            .expect(202);
            let register = |n: usize| {
                let body = json!({"email": format!("u{n}@new.example"), "name": "U", "password": "x"});
                auth(&server.nobody(), "register", body).status
            };
            let statuses: Vec<u16> = (0..21).map(register).collect();
            assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 20);
            assert_eq!(statuses[20], 429);
            login(server, "nobody@new.example", "x").problem(401, "wrong_credentials");
        },
    );
}

#[test]
fn who_deletes_the_account_leaves_a_pseudonym() {
    on_each_clock(|server, clock| {
        let (firm, _) = owner(server);
        let (user, client) = firm.member(Some("employee"));
        let email = client.get("/api/v1/me").expect(200)["user"]["email"].clone();
        let email = email.as_str().unwrap().to_owned();
        set_password(server, &email, PASSWORD);
        let client = signed_in(server, &email, PASSWORD);
        let company = client.post(&firm.at("companies"), json!({"name": "Kept"})).id();
        client
            .patch("/api/v1/me/profile", json!({"bio": "mine", "tags": ["x"]}))
            .expect(200);
        clock.by(601);
        client.delete("/api/v1/me").problem(403, "step_up_required");
        auth(&client, "step-up", json!({"password": PASSWORD})).expect(200);
        server
            .client(firm.owner_id)
            .delete("/api/v1/me")
            .problem(409, "last_owner");
        client.delete("/api/v1/me").expect(204);
        client.get("/api/v1/me").problem(401, "unauthenticated");
        assert_eq!(mail(server, &email).subject, "Firma: your account was deleted");
        login(server, &email, PASSWORD).problem(401, "wrong_credentials");
        let found = firm
            .owner
            .get(&firm.at(&format!("companies/{company}")))
            .expect(200);
        assert_eq!(
            (&found["created_by"], &found["owner_id"]),
            (&json!(user), &json!(user))
        );
        let member = firm.owner.get(&firm.at(&format!("members/{user}"))).expect(200);
        assert_eq!(member["is_active"], false);
        assert!(member["name"].as_str().unwrap().starts_with("Deleted user "));
        assert!(!member.to_string().contains(&email));
        let roles = firm
            .owner
            .get(&firm.at(&format!("role-assignments?user_id={user}")))
            .expect(200);
        assert!(
            roles["data"]
                .as_array()
                .unwrap()
                .iter()
                .all(|role| role["is_active"] == false)
        );
        let id = server.base.id_literal(user);
        for table in [
            "user_logins",
            "user_credentials",
            "sessions",
            "user_profiles",
            "user_profile_terms",
            "verification_tokens",
        ] {
            assert_eq!(
                server
                    .base
                    .number(&format!("SELECT COUNT(*) FROM {table} WHERE user_id = {id}")),
                0,
                "{table}"
            );
        }
        assert_eq!(events(server, "account_deleted"), 1);
        // The address is free again.
        let body = json!({"email": email, "name": "Again", "password": PASSWORD});
        auth(&server.nobody(), "register", body).expect(202);
        let again = crate::post::token(&mail(server, &email));
        auth(&server.nobody(), "verify-email", json!({"token": again})).expect(204);
        let me = signed_in(server, &email, PASSWORD).get("/api/v1/me").expect(200);
        assert_eq!(me["memberships"], json!([]));
    });
}

#[test]
fn the_username_signs_in_as_the_email_does() {
    on_each_clock(|server, _| {
        let (firm, email) = owner(server);
        server
            .client(firm.owner_id)
            .patch("/api/v1/me", json!({"username": "Kim.Winter"}))
            .expect(200);
        login(server, " kim.WINTER ", PASSWORD).expect(200);
        wrong(server, "kim.winter", 5);
        // One account, however it is named.
        let (by_name, by_email) = (
            login(server, "kim.winter", PASSWORD),
            login(server, &email, PASSWORD),
        );
        assert_eq!((by_name.status, bare(&by_name, "")), (429, bare(&by_email, "")));
    });
}

#[test]
fn a_server_of_its_own_counts_nothing_of_another() {
    let (one, two) = (
        Server::start(TestDatabase::sqlite()),
        Server::start(TestDatabase::sqlite()),
    );
    wrong(&one, "nobody@nowhere.example", 5);
    wrong(&two, "nobody@nowhere.example", 1);
}
