//! Registering, passwords that were lost or changed, another e-mail.

use crate::identity::set_password;
use crate::post::{auth, events, login, mail, mails, on_each_clock, on_each_with, signed_in, token};
use crate::samples::bare;
use firma_domain::identity::Signup;
use firma_http::Limits;
use firma_testing::{Answer, Firm, Server, on_each};
use serde_json::json;

pub(crate) const PASSWORD: &str = "grey herons wade slowly";
pub(crate) const OTHER: &str = "another one, long enough";

fn register(server: &Server, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "name": "Kim Winter", "password": password});
    auth(&server.nobody(), "register", body)
}

fn verify(server: &Server, token: &str) -> Answer {
    auth(&server.nobody(), "verify-email", json!({"token": token}))
}

pub(crate) fn forgot(server: &Server, email: &str) -> Answer {
    auth(&server.nobody(), "forgot-password", json!({"email": email}))
}

pub(crate) fn reset(server: &Server, token: &str, password: &str) -> Answer {
    auth(
        &server.nobody(),
        "reset-password",
        json!({"token": token, "password": password}),
    )
}

pub(crate) fn confirm(server: &Server, token: &str) -> Answer {
    auth(&server.nobody(), "confirm-email", json!({"token": token}))
}

#[track_caller]
pub(crate) fn no_token(answer: Answer) {
    let problem = answer.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "#/token");
    assert_eq!(problem["errors"][0]["code"], "token");
}

#[test]
fn who_registers_proves_the_mail_and_then_signs_in() {
    on_each(|server| {
        register(server, "Kim@new.example", PASSWORD).expect(202);
        let mail = mail(server, "Kim@new.example");
        assert!(mail.text.contains("Kim Winter") && mail.text.contains("/api/v1/auth/verify-email"));
        login(server, "kim@new.example", PASSWORD).problem(401, "wrong_credentials");
        assert_eq!(server.base.number("SELECT COUNT(*) FROM users"), 0);
        let token = token(&mail);
        verify(server, &token).expect(204);
        let kim = signed_in(server, "kim@new.example", PASSWORD);
        let me = kim.get("/api/v1/me").expect(200);
        assert!(me["user"]["email_verified_at"].is_string() && me["user"]["name"] == "Kim Winter");
        let slug = crate::samples::unique();
        kim.post("/api/v1/organizations", json!({"name": slug, "slug": slug}))
            .expect(201);
        no_token(verify(server, &token));
        assert_eq!(
            (events(server, "registered"), events(server, "link_refused")),
            (1, 1)
        );
        assert!(mails(server).is_empty());
    });
}

#[test]
fn nobody_learns_whether_an_address_is_taken() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = format!("owner@{}.example", firm.slug);
        set_password(server, &owner, PASSWORD);
        let same = |ask: &dyn Fn(&str) -> Answer| {
            let (taken, free) = (ask(&owner), ask("free@new.example"));
            assert_eq!((taken.status, bare(&taken, "")), (202, bare(&free, "")));
        };
        same(&|email| register(server, email, OTHER));
        let sent = mails(server);
        assert_eq!(sent.len(), 2);
        let to_owner = sent.iter().find(|mail| mail.to.as_str() == owner).unwrap();
        assert!(
            !to_owner.text.contains("token") && to_owner.subject.contains("already"),
            "{}",
            to_owner.text
        );
        login(server, &owner, OTHER).problem(401, "wrong_credentials");
        login(server, &owner, PASSWORD).expect(200);
        same(&|email| forgot(server, email));
        assert_eq!(mail(server, &owner).subject, "Firma: set a new password");
        let client = signed_in(server, &owner, PASSWORD);
        let other = format!("other@{}.example", firm.slug);
        Firm::user(server, &other);
        let change = |email: &str| auth(&client, "change-email", json!({"email": email}));
        let (taken, free) = (change(&other), change("free@new.example"));
        assert_eq!(bare(&taken, ""), bare(&free, ""));
        assert_eq!(events(server, "address_taken"), 1);
        mails(server);
        assert_eq!(events(server, "address_taken"), 2);
    });
}

#[test]
fn who_reads_the_mail_decides_whose_account_it_is() {
    on_each(|server| {
        // Somebody else registers the address, before its owner does and after.
        register(server, "ann@new.example", "the password of a thief").expect(202);
        let thief = token(&mail(server, "ann@new.example"));
        register(server, "ann@new.example", PASSWORD).expect(202);
        let ann = token(&mail(server, "ann@new.example"));
        register(server, "ann@new.example", "the password of a thief").expect(202);
        mails(server);
        verify(server, &ann).expect(204);
        login(server, "ann@new.example", "the password of a thief").problem(401, "wrong_credentials");
        login(server, "ann@new.example", PASSWORD).expect(200);
        no_token(verify(server, &thief));
        login(server, "ann@new.example", PASSWORD).expect(200);
        assert_eq!(server.base.number("SELECT COUNT(*) FROM users"), 1);
    });
}

#[test]
fn who_was_added_to_an_organization_claims_the_account_by_mail() {
    on_each(|server| {
        let firm = Firm::new(server);
        for (email, by_reset) in [("a@claim.example", false), ("b@claim.example", true)] {
            let body = json!({"email": email, "name": "Added"});
            firm.owner.post(&firm.at("members"), body).expect(201);
            if by_reset {
                forgot(server, email).expect(202);
                let token = token(&mail(server, email));
                reset(server, &token, PASSWORD).expect(204);
                mails(server);
            } else {
                register(server, email, PASSWORD).expect(202);
                verify(server, &token(&mail(server, email))).expect(204);
            }
            let places = signed_in(server, email, PASSWORD).get("/api/v1/me").expect(200);
            assert_eq!(places["memberships"][0]["slug"], json!(firm.slug));
            assert!(places["memberships"][0]["joined_at"].is_string());
        }
    });
}

#[test]
fn a_lost_password_is_set_anew_once_and_in_time() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let email = format!("owner@{}.example", firm.slug);
        set_password(server, &email, PASSWORD);
        let session = signed_in(server, &email, PASSWORD);
        forgot(server, &email.to_uppercase()).expect(202);
        let old = token(&mail(server, &email));
        forgot(server, &email).expect(202);
        let newest = token(&mail(server, &email));
        no_token(reset(server, &old, OTHER));
        let weak = reset(server, &newest, "too short").problem(422, "invalid");
        assert_eq!(
            weak["errors"][0],
            json!({"pointer": "#/password", "code": "short", "detail": "has to be at least 15 characters long"})
        );
        reset(server, &newest, OTHER).expect(204);
        session.get("/api/v1/me").problem(401, "unauthenticated");
        assert_eq!(mail(server, &email).subject, "Firma: your password was changed");
        login(server, &email, PASSWORD).problem(401, "wrong_credentials");
        login(server, &email, OTHER).expect(200);
        no_token(reset(server, &newest, PASSWORD));
        forgot(server, &email).expect(202);
        let late = token(&mail(server, &email));
        clock.by(3_601);
        no_token(reset(server, &late, PASSWORD));
        login(server, &email, OTHER).expect(200);
        assert_eq!(events(server, "link_refused"), 3);
    });
}

#[test]
fn links_are_for_one_thing_and_one_user() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let email = format!("owner@{}.example", firm.slug);
        forgot(server, &email).expect(202);
        let reset_token = token(&mail(server, &email));
        register(server, "kim@new.example", PASSWORD).expect(202);
        let verify_token = token(&mail(server, "kim@new.example"));
        no_token(verify(server, &reset_token));
        no_token(confirm(server, &reset_token));
        no_token(reset(server, &verify_token, OTHER));
        let (mine, other) = (&reset_token[..21], &verify_token[21..]);
        for none in [
            "",
            "x",
            &format!("{mine}{other}"),
            &"A".repeat(64),
            &"é".repeat(10_000),
            "密码",
        ] {
            no_token(verify(server, none));
            no_token(reset(server, none, OTHER));
            no_token(confirm(server, none));
        }
        assert_eq!(events(server, "password_changed"), 0);
        clock.by(24 * 3_600 + 1);
        no_token(verify(server, &verify_token));
        assert_eq!(server.base.number("SELECT COUNT(*) FROM users"), 1);
    });
}

#[test]
fn passwords_and_names_of_every_script_and_length() {
    on_each(|server| {
        let of = |name: &str, password: &str| {
            let body = json!({"email": "kim@new.example", "name": name, "password": password});
            auth(&server.nobody(), "register", body)
        };
        for (name, password, pointer, code) in [
            ("K", "x", "#/password", "short"),
            ("K", &"x y".repeat(4_000), "#/password", "long"),
            ("K", "passwordpassword", "#/password", "common"),
            ("K", "123456789012345", "#/password", "common"),
            ("", PASSWORD, "#/name", "length"),
            (" \t", PASSWORD, "#/name", "length"),
            (&"n".repeat(10_000), PASSWORD, "#/name", "length"),
        ] {
            let problem = of(name, password).problem(422, "invalid");
            let error = &problem["errors"][0];
            assert_eq!(
                (&error["pointer"], &error["code"]),
                (&json!(pointer), &json!(code)),
                "{name} {password}"
            );
        }
        assert!(mails(server).is_empty());
        for (n, (name, password)) in [
            ("Ж", "пятнадцать букв и больше"),
            ("金", "密码很长而且没有人会猜到它真的"),
            ("ع", "كلمة سر طويلة بما يكفي"),
            ("🦀", "🦀🐙🐡🐠🐟🐬🐳🦈🐊🐅🐆🦓🦍🐘🦛"),
            ("Kim", "  spaces stay where they are  "),
        ]
        .into_iter()
        .enumerate()
        {
            let email = format!("u{n}@new.example");
            let body = json!({"email": email, "name": name, "password": password});
            auth(&server.nobody(), "register", body).expect(202);
            verify(server, &token(&mail(server, &email))).expect(204);
            let client = signed_in(server, &email, password);
            assert_eq!(client.get("/api/v1/me").expect(200)["user"]["name"], json!(name));
        }
        login(server, "u4@new.example", "spaces stay where they are").problem(401, "wrong_credentials");
    });
}

#[test]
fn a_changed_password_ends_the_other_sessions() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let email = format!("owner@{}.example", firm.slug);
        set_password(server, &email, PASSWORD);
        let (here, there) = (
            signed_in(server, &email, PASSWORD),
            signed_in(server, &email, PASSWORD),
        );
        let change = |password: &str| {
            let body = json!({"password": password, "current_password": PASSWORD});
            auth(&here, "change-password", body)
        };
        change("short").problem(422, "invalid");
        clock.by(601);
        change(OTHER).problem(403, "step_up_required");
        change("short").problem(403, "step_up_required");
        let step_up = |password: &str| auth(&here, "step-up", json!({"password": password}));
        step_up(OTHER).problem(401, "wrong_credentials");
        change(OTHER).problem(403, "step_up_required");
        assert!(step_up(PASSWORD).expect(200)["valid_until"].is_string());
        change(OTHER).expect(204);
        here.get("/api/v1/me").expect(200);
        there.get("/api/v1/me").problem(401, "unauthenticated");
        assert_eq!(mail(server, &email).subject, "Firma: your password was changed");
        login(server, &email, OTHER).expect(200);
        assert_eq!(
            (
                events(server, "step_up_failed"),
                events(server, "password_changed")
            ),
            (1, 2)
        );
    });
}

#[test]
fn who_may_register_is_said_by_who_runs_the_server() {
    on_each_with(
        || (Limits::wide(), Signup::Invite),
        |server, _| {
            let firm = Firm::new(server);
            register(server, "free@new.example", PASSWORD).expect(202);
            assert!(mails(server).is_empty());
            let body = json!({"email": "asked@new.example", "name": "Asked"});
            firm.owner.post(&firm.at("members"), body).expect(201);
            register(server, "asked@new.example", PASSWORD).expect(202);
            verify(server, &token(&mail(server, "asked@new.example"))).expect(204);
            let asked = signed_in(server, "asked@new.example", PASSWORD);
            asked
                .post(
                    "/api/v1/organizations",
                    json!({"name": "X", "slug": "x-of-asked"}),
                )
                .problem(403, "signup_closed");
        },
    );
    on_each_with(
        || (Limits::wide(), Signup::Off),
        |server, _| {
            register(server, "free@new.example", PASSWORD).problem(403, "signup_closed");
            let body = json!({"name": "X", "slug": "x-of-nobody"});
            let firm = Firm::new(server);
            firm.owner
                .post("/api/v1/organizations", body)
                .problem(403, "signup_closed");
        },
    );
}
