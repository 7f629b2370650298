//! Passwords and names of every kind, wherever one is taken.

use crate::identity::set_password;
use crate::post::{auth, events, login, mail, mails, on_each_clock, signed_in, token};
use firma_testing::{Answer, Firm, Server, on_each};
use serde_json::{Value, json};

const PASSWORD: &str = "grey herons wade slowly";

#[track_caller]
fn refused(answer: Answer, pointer: &str, code: &str) {
    let problem = answer.problem(422, "invalid");
    let error = &problem["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["code"]),
        (&json!(pointer), &json!(code))
    );
}

fn owner(server: &Server) -> (Firm<'_>, String) {
    let firm = Firm::new(server);
    let email = format!("owner@{}.example", firm.slug);
    set_password(server, &email, PASSWORD);
    (firm, email)
}

fn reset_token(server: &Server, email: &str) -> String {
    auth(&server.nobody(), "forgot-password", json!({"email": email})).expect(202);
    token(&mail(server, email))
}

#[test]
fn what_is_known_of_a_user_is_no_password_wherever_it_is_set() {
    on_each(|server| {
        let register = |password: &str| {
            let body = json!({"email": "kim@harbour.example", "name": "Kim Winter", "password": password});
            auth(&server.nobody(), "register", body)
        };
        for known in ["Winter-2026-Harbour", "Firma password 1", "harbour+princess"] {
            refused(register(known), "#/password", "common");
        }
        register("winter, when the harbour freezes").expect(202);
        mails(server);
        let (_, email) = owner(server);
        let client = signed_in(server, &email, PASSWORD);
        client
            .patch(
                "/api/v1/me",
                json!({"name": "Zoë Meadowlark", "username": "lighthouse"}),
            )
            .expect(200);
        let token = reset_token(server, &email);
        for known in ["zoë.meadowlark.26", "Lighthouse/Owner", "owner of meadowlark"] {
            let body = json!({"password": known});
            refused(auth(&client, "change-password", body), "#/password", "common");
            let body = json!({"token": token, "password": known});
            refused(
                auth(&server.nobody(), "reset-password", body),
                "#/password",
                "common",
            );
        }
        assert_eq!(
            events(server, "password_changed"),
            1,
            "only the one of the beginning"
        );
        login(server, &email, PASSWORD).expect(200);
    });
}

#[test]
fn a_password_that_is_changed_or_reset_has_any_script_and_an_end() {
    on_each_clock(|server, _| {
        let (_, email) = owner(server);
        let client = signed_in(server, &email, PASSWORD);
        let change = |password: &str| auth(&client, "change-password", json!({"password": password}));
        for (password, code) in [
            ("", "short"),
            ("x", "short"),
            ("ж", "short"),
            ("🦀", "short"),
            (&"ж🦀金".repeat(4_000), "long"),
        ] {
            refused(change(password), "#/password", code);
            let token = reset_token(server, &email);
            let body = json!({"token": token, "password": password});
            refused(auth(&server.nobody(), "reset-password", body), "#/password", code);
        }
        let mut old = PASSWORD.to_owned();
        // A thousand characters.
        let long: String = (100..350).map(|n| format!("{n}é")).collect();
        for password in [
            "пятнадцать букв и больше",
            "密码很长而且没有人会猜到它真的",
            "كلمة سر طويلة بما يكفي",
            "🦀🐙🐡🐠🐟🐬🐳🦈🐊🐅🐆🦓🦍🐘🦛",
            "  spaces stay where they are  ",
            "nothing\u{0} is cut off, not behind a zero",
            &long,
        ] {
            let body = json!({"password": password, "current_password": old});
            auth(&client, "change-password", body).expect(204);
            old = password.to_owned();
            assert_eq!(mail(server, &email).subject, "Firma: your password was changed");
            login(server, &email, password).expect(200);
            let cut: String = password.chars().take(password.chars().count() - 1).collect();
            login(server, &email, &cut).problem(401, "wrong_credentials");
            auth(&client, "step-up", json!({"password": password})).expect(200);
        }
    });
}

#[test]
fn who_signs_in_with_anything_is_told_no_more_than_that_it_is_wrong() {
    on_each_clock(|server, clock| {
        let (_, email) = owner(server);
        let long = "ж🦀金x".repeat(2_500);
        for (name, password) in [
            (email.as_str(), ""),
            (&email, "x"),
            (&email, &long),
            (&email, "\u{0}"),
            ("", PASSWORD),
            ("x", PASSWORD),
            ("金", PASSWORD),
            ("\u{0}\u{1f}", PASSWORD),
            (&long, PASSWORD),
            ("' OR 1=1 --", "' OR 1=1 --"),
        ] {
            login(server, name, password).problem(401, "wrong_credentials");
            clock.by(3_601);
        }
        let client = signed_in(server, &email, PASSWORD);
        for password in ["", "x", &long] {
            auth(&client, "step-up", json!({"password": password})).problem(401, "wrong_credentials");
        }
        for body in [json!(1), json!(null), json!([]), json!({"$ne": ""})] {
            let body = json!({"email": email, "password": body});
            auth(&server.nobody(), "login", body).problem(422, "invalid");
        }
        assert_eq!(events(server, "sign_in_failed"), 10);
    });
}

#[test]
fn names_of_every_script_stay_what_they_are_and_have_an_end() {
    on_each(|server| {
        let firm = Firm::new(server);
        let me = || firm.owner.get("/api/v1/me").expect(200)["user"].clone();
        let change = |body: Value| firm.owner.patch("/api/v1/me", body);
        for name in ["K", "Ж", "金", "ع", "🦀", "Đorđe İnce", "ศิริพร", "e\u{301}"] {
            change(json!({"name": name, "given_name": name, "family_name": name})).expect(200);
            let shown = if name == "e\u{301}" { "é" } else { name };
            assert_eq!(
                (&me()["name"], &me()["given_name"], &me()["family_name"]),
                (&json!(shown), &json!(shown), &json!(shown))
            );
        }
        for username in ["имя.пользователя", "金金金金", "Ann_Lee-1"] {
            change(json!({"username": username})).expect(200);
            assert_eq!(me()["username"], json!(username));
        }
        let before = me();
        let long = "ж".repeat(10_000);
        for (field, value) in [
            ("name", long.as_str()),
            ("given_name", &long),
            ("family_name", &long),
            ("username", &long),
            ("username", "K"),
            ("username", "🦀🦀🦀🦀"),
            ("username", "a b c d"),
        ] {
            let problem = change(json!({field: value})).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], json!(format!("#/{field}")));
        }
        assert_eq!(me(), before);
    });
}

#[test]
fn a_sign_in_with_the_password_of_before_does_not_outlive_its_change() {
    on_each(|server| {
        let (_, email) = owner(server);
        let mut old = PASSWORD.to_owned();
        for n in 0..4 {
            let client = signed_in(server, &email, &old);
            let new = format!("{PASSWORD}, {n} of them");
            let answers: Vec<_> = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..2)
                    .map(|_| scope.spawn(|| login(server, &email, &old)))
                    .collect();
                let body = json!({"password": new, "current_password": old});
                let change = scope.spawn(|| auth(&client, "change-password", body));
                change.join().unwrap().expect(204);
                tries.into_iter().map(|one| one.join().unwrap()).collect()
            });
            for answer in answers {
                match answer.status {
                    200 => {
                        let token = answer.expect(200)["access_token"].as_str().map(str::to_owned);
                        let client = server.nobody().with_token(token);
                        client.get("/api/v1/me").problem(401, "unauthenticated");
                    }
                    other => assert!([401, 429].contains(&other), "{other}"),
                }
            }
            old = new;
        }
    });
}

/// Of two changes at once one is of a session that the other has ended, or names what is the former password by then.
#[test]
fn of_two_changes_of_a_password_at_once_one_is_made() {
    on_each(|server| {
        let (_, email) = owner(server);
        let mut old = PASSWORD.to_owned();
        for n in 0..3 {
            let clients = [0, 1].map(|_| signed_in(server, &email, &old));
            let new = [0, 1].map(|of| format!("{PASSWORD}, {n} and {of} of them"));
            let statuses: Vec<_> = std::thread::scope(|scope| {
                let both = clients.iter().zip(&new).map(|(client, new)| {
                    let body = json!({"password": new, "current_password": old});
                    scope.spawn(move || auth(client, "change-password", body).status)
                });
                let both: Vec<_> = both.collect();
                both.into_iter().map(|one| one.join().unwrap()).collect()
            });
            let made = statuses.iter().position(|status| *status == 204).unwrap();
            assert_eq!(statuses[1 - made], 401, "{statuses:?}");
            clients[1 - made]
                .get("/api/v1/me")
                .problem(401, "unauthenticated");
            clients[made].get("/api/v1/me").expect(200);
            old.clone_from(&new[made]);
            login(server, &email, &old).expect(200);
        }
    });
}

#[test]
fn a_change_asks_for_the_password_of_now() {
    on_each_clock(|server, clock| {
        let (_, email) = owner(server);
        let (here, there) = (
            signed_in(server, &email, PASSWORD),
            signed_in(server, &email, PASSWORD),
        );
        let new = "another that nobody guesses";
        let change = |current: Value| {
            let body = json!({"password": new, "current_password": current});
            auth(&here, "change-password", body)
        };
        // Who finds a session open hasn't got it, and guesses no faster than at the step-up.
        refused(change(Value::Null), "#/current_password", "required");
        let mut guesses = 0;
        loop {
            let answer = change(json!(PASSWORD[1..]));
            if answer.status == 429 {
                break drop(answer.problem(429, "too_many_tries"));
            }
            answer.problem(401, "wrong_credentials");
            guesses += 1;
        }
        assert!((5..9).contains(&guesses), "{guesses}");
        assert_eq!(events(server, "step_up_failed"), guesses);
        there.get("/api/v1/me").expect(200);
        login(server, &email, PASSWORD).expect(200);
        clock.by(60);
        change(json!(PASSWORD)).expect(204);
        there.get("/api/v1/me").problem(401, "unauthenticated");
        login(server, &email, new).expect(200);
    });
}
