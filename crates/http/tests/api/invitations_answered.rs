//! What comes of an invitation: looked at, accepted with an account or by making one, declined, or no good any more.

use crate::identity::set_password;
use crate::invitations::invited;
use crate::kit::{data, rows, texts};
use crate::post::{auth, events, login, mail, mails, on_each_clock, on_each_with, signed_in, token};
use crate::samples::{bare, role};
use firma_domain::identity::Signup;
use firma_http::Limits;
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "grey herons wade slowly";
pub(crate) const KIM: &str = "kim@new.example";

fn look(server: &Server, token: &str) -> Answer {
    auth(&server.nobody(), "invitation", json!({"token": token}))
}

pub(crate) fn register(server: &Server, token: &str) -> Answer {
    let body = json!({"token": token, "name": "Kim Winter", "password": PASSWORD});
    auth(&server.nobody(), "register-by-invitation", body)
}

pub(crate) fn accept(client: &Client, token: &str) -> Answer {
    auth(client, "accept-invitation", json!({"token": token}))
}

fn decline(server: &Server, token: &str) -> Answer {
    auth(&server.nobody(), "decline-invitation", json!({"token": token}))
}

#[track_caller]
pub(crate) fn no_token(answer: Answer) {
    let problem = answer.problem(422, "invalid");
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
        (&json!("#/token"), &json!("token"))
    );
}

/// All four answers to a token that is no good.
#[track_caller]
pub(crate) fn no_good(server: &Server, client: &Client, token: &str) {
    no_token(look(server, token));
    no_token(register(server, token));
    no_token(accept(client, token));
    no_token(decline(server, token));
}

/// The names of the roles that a member holds now.
pub(crate) fn roles_of(firm: &Firm<'_>, user: &str) -> Vec<String> {
    let held = firm
        .owner
        .get(&firm.at(&format!("role-assignments?user_id={user}")))
        .expect(200);
    let all = firm.owner.get(&firm.at("roles")).expect(200);
    let name = |id: &Value| {
        let found = data(&all).into_iter().find(|known| &known["id"] == id);
        found.unwrap()["name"].as_str().unwrap().to_owned()
    };
    let mut names: Vec<_> = data(&held)
        .iter()
        .filter(|row| row["is_active"] == json!(true))
        .map(|row| name(&row["role_id"]))
        .collect();
    names.sort();
    names
}

#[test]
fn who_has_no_account_gets_one_and_is_in() {
    on_each(|server| {
        let firm = Firm::new(server);
        let team = firm.team(&[]);
        let body = json!({"name": "Kim", "role_ids": [role("employee"), role("designer")], "team_ids": [team],
            "message": "Welcome!"});
        let (id, token) = invited(server, &firm, KIM, body);
        let seen = look(server, &token).expect(200);
        assert_eq!(
            (
                &seen["organization"],
                &seen["slug"],
                &seen["email"],
                &seen["message"]
            ),
            (
                &json!(firm.slug),
                &json!(firm.slug),
                &json!(KIM),
                &json!("Welcome!")
            )
        );
        assert_eq!(
            (&seen["roles"], &seen["has_account"]),
            (&json!(["employee", "designer"]), &json!(false))
        );
        let joined = register(server, &token).expect(200);
        assert_eq!(
            (&joined["organization_id"], &joined["slug"]),
            (&json!(firm.id), &json!(firm.slug))
        );
        assert_eq!(
            (&joined["role_ids"], &joined["team_ids"]),
            (&json!([role("employee"), role("designer")]), &json!([team]))
        );
        assert_eq!(
            (&joined["withheld_role_ids"], &joined["withheld_team_ids"]),
            (&json!([]), &json!([]))
        );
        let kim = signed_in(server, KIM, PASSWORD);
        let me = kim.get("/api/v1/me").expect(200);
        assert!(me["user"]["email_verified_at"].is_string());
        assert_eq!(me["user"]["name"], "Kim Winter");
        let user = me["user"]["id"].as_str().unwrap();
        assert_eq!(roles_of(&firm, user), ["designer", "employee"]);
        kim.get(&firm.at("deals")).expect(200);
        let member = firm.owner.get(&firm.at(&format!("members/{user}"))).expect(200);
        assert_eq!(
            (&member["name"], &member["email"], &member["invited_by"]),
            (&json!("Kim"), &json!(KIM), &json!(firm.owner_id))
        );
        let path = firm.at(&format!("team-members?user_id={user}"));
        assert_eq!(
            texts(&data(&firm.owner.get(&path).expect(200)), "team_id"),
            [team]
        );
        let kept = firm.owner.get(&firm.at(&format!("invitations/{id}"))).expect(200);
        assert_eq!(
            (&kept["status"], &kept["accepted_by"]),
            (&json!("accepted"), &json!(user))
        );
        no_good(server, &kim, &token);
        assert_eq!(
            (
                events(server, "invitation_accepted"),
                events(server, "registered"),
                events(server, "link_refused")
            ),
            (1, 1, 4)
        );
        // Who joined did it, by the right of who invited.
        let by = "SELECT COUNT(*) FROM role_assignments WHERE assigned_by = invited AND created_by = joined"
            .replace("invited", &server.base.id_literal(firm.owner_id))
            .replace("joined", &server.base.id_literal(user.parse().unwrap()));
        assert_eq!(server.base.number(&by), 2);
        assert!(mails(server).is_empty());
    });
}

#[test]
fn who_has_an_account_accepts_signed_in() {
    on_each(|server| {
        let firm = Firm::new(server);
        let user = Firm::user(server, "Late@account.example");
        set_password(server, "late@account.example", PASSWORD);
        let client = server.client(user);
        let (_, token) = invited(
            server,
            &firm,
            "late@account.example",
            json!({"role_ids": [role("manager")]}),
        );
        assert_eq!(look(server, &token).expect(200)["has_account"], json!(true));
        client.get(&firm.path).problem(404, "organization_not_found");
        // Nobody sets another password by an invitation.
        register(server, &token).problem(409, "has_account");
        login(server, "late@account.example", PASSWORD).expect(200);
        no_token(accept(&firm.owner, &token));
        server
            .nobody()
            .post("/api/v1/auth/accept-invitation", json!({"token": token}))
            .problem(401, "unauthenticated");
        let joined = accept(&client, &token).expect(200);
        assert_eq!(joined["role_ids"], json!([role("manager")]));
        client.get(&firm.at("deals")).expect(200);
        assert_eq!(roles_of(&firm, &user.to_string()), ["manager"]);
        no_good(server, &client, &token);
    });
}

#[test]
fn only_the_address_that_the_mail_went_to_accepts() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (owner, other) = (
            Firm::user(server, KIM),
            Firm::user(server, "mallory@account.example"),
        );
        let (_, token) = invited(server, &firm, KIM, json!({}));
        let mallory = server.client(other);
        no_token(accept(&mallory, &token));
        mallory.get(&firm.path).problem(404, "organization_not_found");
        // An address that was never proved isn't one's own.
        let unproved = server.base.id_literal(owner);
        server.base.execute(&format!(
            "UPDATE users SET email_verified_at = NULL WHERE id = {unproved}"
        ));
        accept(&server.client(owner), &token).problem(403, "email_unverified");
        server.base.execute(&format!(
            "UPDATE users SET email_verified_at = created_at WHERE id = {unproved}"
        ));
        accept(&server.client(owner), &token).expect(200);
        assert_eq!(events(server, "link_refused"), 1);
    });
}

#[test]
fn declined_is_declined() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (id, token) = invited(server, &firm, KIM, json!({}));
        decline(server, &token).expect(204);
        let kept = firm.owner.get(&firm.at(&format!("invitations/{id}"))).expect(200);
        assert!(kept["declined_at"].is_string() && kept["status"] == "declined");
        no_good(server, &firm.owner, &token);
        let resend = firm.at(&format!("invitations/{id}/resend"));
        firm.owner.act(&resend).problem(409, "transition");
        assert_eq!(
            (events(server, "invitation_declined"), rows(server, "users")),
            (1, 1)
        );
        // Who had invited is told that it was declined; the address isn't theirs to be kept with it.
        let named = "SELECT COUNT(*) FROM security_events WHERE details LIKE '%@%'";
        assert_eq!(server.base.number(named), 0);
        // Asked anew, one may think otherwise.
        let (_, token) = invited(server, &firm, KIM, json!({}));
        register(server, &token).expect(200);
    });
}

#[test]
fn tokens_that_are_no_good_are_answered_alike() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let (_, first) = invited(server, &firm, KIM, json!({}));
        let (_, second) = invited(server, &firm, "ann@new.example", json!({}));
        let user = Firm::user(server, "ann@new.example");
        let client = server.client(user);
        let (mine, theirs) = (&first[..21], &second[21..]);
        let crossed = format!("{mine}{theirs}");
        let forged = "A".repeat(64);
        for none in [
            "",
            "x",
            &crossed,
            &forged,
            &"é".repeat(9_000),
            "密码",
            &second[..63],
        ] {
            no_good(server, &client, none);
        }
        // A token for something else is none.
        auth(
            &server.nobody(),
            "forgot-password",
            json!({"email": "ann@new.example"}),
        )
        .expect(202);
        no_good(server, &client, &token(&mail(server, "ann@new.example")));
        let reset = json!({"token": first, "password": PASSWORD});
        no_token(auth(&server.nobody(), "reset-password", reset));
        let used = look(server, "x");
        clock.by(7 * 86_400 + 1);
        let client = server.client(user);
        no_good(server, &client, &first);
        no_good(server, &client, &second);
        let told = |answer: &Answer| (answer.status, bare(answer, "").2);
        assert_eq!(told(&look(server, &first)), told(&used));
        assert_eq!(rows(server, "memberships"), 1);
        assert_eq!(events(server, "invitation_accepted"), 0);
        for body in [
            json!({}),
            json!({"token": null}),
            json!({"token": "x", "more": 1}),
            json!([]),
        ] {
            auth(&server.nobody(), "invitation", body.clone()).problem(422, "invalid");
            auth(&server.nobody(), "decline-invitation", body.clone()).problem(422, "invalid");
            auth(&client, "accept-invitation", body).problem(422, "invalid");
        }
    });
}

#[test]
fn a_weak_password_or_no_name_makes_nothing_and_uses_nothing_up() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, token) = invited(server, &firm, KIM, json!({}));
        for (name, password, pointer, code) in [
            ("K", "short", "#/password", "short"),
            ("K", "123456789012345", "#/password", "common"),
            // What the mail goes to is known of who gets it.
            ("K", "example, 26, example", "#/password", "common"),
            ("", PASSWORD, "#/name", "length"),
            (" \t", PASSWORD, "#/name", "length"),
            (&"n".repeat(256), PASSWORD, "#/name", "length"),
        ] {
            let body = json!({"token": token, "name": name, "password": password});
            let problem = auth(&server.nobody(), "register-by-invitation", body).problem(422, "invalid");
            let error = &problem["errors"][0];
            assert_eq!(
                (&error["pointer"], &error["code"]),
                (&json!(pointer), &json!(code))
            );
        }
        assert_eq!(rows(server, "users"), 1);
        register(server, &token).expect(200);
    });
}

#[test]
fn who_was_added_claims_the_account_by_an_invitation() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let body = json!({"email": KIM, "name": "Added", "role_ids": [role("employee")]});
        let member = firm.owner.post(&firm.at("members"), body).id();
        other
            .owner
            .post(&other.at("members"), json!({"email": KIM, "name": "Other"}))
            .expect(201);
        let (_, token) = invited(
            server,
            &firm,
            KIM,
            json!({"role_ids": [role("employee"), role("designer")]}),
        );
        register(server, &token).expect(200);
        let kim = signed_in(server, KIM, PASSWORD);
        let me = kim.get("/api/v1/me").expect(200);
        assert_eq!(me["user"]["id"], json!(member));
        // All that waited is taken up, here and elsewhere.
        let places = me["memberships"].as_array().unwrap();
        assert!(places.len() == 2 && places.iter().all(|place| place["joined_at"].is_string()));
        assert_eq!(roles_of(&firm, &member), ["designer", "employee"]);
        let member = firm.owner.get(&firm.at(&format!("members/{member}"))).expect(200);
        assert_eq!(member["name"], "Added");
    });
}

#[test]
fn where_only_the_invited_register_an_invitation_is_enough() {
    on_each_with(
        || (Limits::wide(), Signup::Invite),
        |server, clock| {
            let firm = Firm::new(server);
            let register = |email: &str| {
                let body = json!({"email": email, "name": "Kim", "password": PASSWORD});
                auth(&server.nobody(), "register", body).expect(202);
                mails(server)
            };
            assert!(register("free@new.example").is_empty());
            let (id, _) = invited(server, &firm, KIM, json!({}));
            let sent = register("KIM@new.example");
            assert_eq!(sent.len(), 1);
            auth(
                &server.nobody(),
                "verify-email",
                json!({"token": token(&sent[0])}),
            )
            .expect(204);
            let kim = signed_in(server, KIM, PASSWORD);
            // The invitation waits for its own yes.
            kim.get(&firm.path).problem(404, "organization_not_found");
            firm.owner
                .act(&firm.at(&format!("invitations/{id}/resend")))
                .expect(200);
            accept(&kim, &token(&mail(server, KIM))).expect(200);
            kim.get(&firm.path).expect(200);
            // One that was taken back, or is over, is none.
            let (id, _) = invited(server, &firm, "ann@new.example", json!({}));
            firm.owner
                .act(&firm.at(&format!("invitations/{id}/revoke")))
                .expect(200);
            assert!(register("ann@new.example").is_empty());
            invited(server, &firm, "bob@new.example", json!({}));
            clock.by(7 * 86_400 + 1);
            assert!(register("bob@new.example").is_empty());
        },
    );
    // Nor does it need an open door where nobody registers.
    on_each_with(
        || (Limits::wide(), Signup::Off),
        |server, _| {
            let firm = Firm::new(server);
            let (_, token) = invited(server, &firm, KIM, json!({}));
            register(server, &token).expect(200);
            signed_in(server, KIM, PASSWORD).get(&firm.path).expect(200);
        },
    );
}
