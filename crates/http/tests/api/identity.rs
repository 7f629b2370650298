//! Signing in, staying signed in, signing out.

use firma_auth::password;
use firma_domain::Email;
use firma_services::identity;
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Sets a person's password, as `admin password` does.
pub(crate) fn set_password(server: &Server, email: &str, password: &str) {
    let (email, hash) = (
        Email::parse(email).unwrap(),
        password::hash(password, 4, [3; 16]).unwrap(),
    );
    server.write(move |tx| identity::set_password(tx, &email, &hash));
}

pub(crate) fn login(server: &Server, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    server.nobody().post("/api/v1/auth/login", body)
}

pub(crate) fn refresh(server: &Server, token: &Value) -> Answer {
    server
        .nobody()
        .post("/api/v1/auth/refresh", json!({"refresh_token": token}))
}

pub(crate) fn signed_in(server: &Server, tokens: &Value) -> Client {
    server
        .nobody()
        .with_token(tokens["access_token"].as_str().map(str::to_owned))
}

pub(crate) fn events(server: &Server, kind: &str) -> i64 {
    server.base.number(&format!(
        "SELECT COUNT(*) FROM security_events WHERE type = '{kind}'"
    ))
}

/// An owner with a password, and the e-mail.
pub(crate) fn owner(server: &Server) -> (Firm<'_>, String) {
    let mut firm = Firm::new(server);
    let email = format!("owner@{}.example", firm.slug);
    set_password(server, &email, PASSWORD);
    // A new password has ended the session.
    firm.owner = server.client(firm.owner_id);
    (firm, email)
}

#[test]
fn who_signs_in_gets_tokens_and_the_account() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let tokens = login(server, &email, PASSWORD).expect(200);
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 900);
        assert_eq!(
            (&tokens["user"]["id"], &tokens["user"]["email"]),
            (&json!(firm.owner_id), &json!(email))
        );
        assert!(!tokens.to_string().contains("hash"));
        let client = signed_in(server, &tokens);
        assert_eq!(
            client.get("/api/v1/me").expect(200)["user"]["id"],
            json!(firm.owner_id)
        );
        client.get(&firm.path).expect(200);
        login(server, &format!(" {} ", email.to_uppercase()), PASSWORD).expect(200);
    });
}

#[test]
fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    on_each(|server| {
        let (firm, email) = owner(server);
        firm.member(None);
        let unclaimed = firm.owner.post(
            &firm.at("members"),
            json!({"email": "new@claim.example", "name": "New"}),
        );
        unclaimed.expect(201);
        let before = events(server, "sign_in_failed");
        let mut answers = Vec::new();
        for (email, password) in [
            (email.as_str(), "wrong horse battery staple"),
            (email.as_str(), ""),
            (email.as_str(), "nobody has this password"),
            ("nobody@nowhere.example", PASSWORD),
            ("nobody@nowhere.example", "nobody has this password"),
            ("new@claim.example", "nobody has this password"),
            ("no address", PASSWORD),
        ] {
            let answer = login(server, email, password);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let mut body = answer.problem(401, "wrong_credentials");
            body["request_id"] = json!(null);
            answers.push(body);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
        assert_eq!(events(server, "sign_in_failed"), before + 7);
    });
}

#[test]
fn a_deactivated_user_cannot_sign_in() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let id = server.base.id_literal(firm.owner_id);
        server
            .base
            .execute(&format!("UPDATE users SET is_active = FALSE WHERE id = {id}"));
        login(server, &email, PASSWORD).problem(401, "wrong_credentials");
    });
}

#[test]
fn a_refresh_token_is_used_up() {
    on_each(|server| {
        let (_, email) = owner(server);
        let first = login(server, &email, PASSWORD).expect(200);
        let second = refresh(server, &first["refresh_token"]).expect(200);
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        signed_in(server, &second).get("/api/v1/me").expect(200);
        // A client that sends the old one right after was only late: the session lives on.
        refresh(server, &first["refresh_token"]).problem(401, "invalid_refresh_token");
        signed_in(server, &second).get("/api/v1/me").expect(200);
        assert_eq!(events(server, "refresh_token_reused"), 0);
        let third = refresh(server, &second["refresh_token"]).expect(200);
        for garbage in ["", "garbage", "a.b.c"] {
            refresh(server, &json!(garbage)).problem(401, "invalid_refresh_token");
        }
        let mut forged = third["refresh_token"].as_str().unwrap().to_owned();
        let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
        forged.insert(forged.len() / 2, last);
        refresh(server, &json!(forged)).problem(401, "invalid_refresh_token");
        signed_in(server, &third).get("/api/v1/me").expect(200);
    });
}

#[test]
fn a_refresh_token_that_is_sent_twice_at_once_is_good_for_one() {
    on_each(|server| {
        let (_, email) = owner(server);
        let token = login(server, &email, PASSWORD).expect(200)["refresh_token"].clone();
        let nobody = server.nobody();
        let send = || nobody.post("/api/v1/auth/refresh", json!({"refresh_token": token}));
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..6).map(|_| scope.spawn(send)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let (good, late): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(good.len(), 1);
        late.into_iter()
            .for_each(|answer| drop(answer.problem(401, "invalid_refresh_token")));
        signed_in(server, &good[0].body).get("/api/v1/me").expect(200);
    });
}

#[test]
fn an_old_refresh_token_that_comes_back_ends_the_session() {
    on_each(|server| {
        let (_, email) = owner(server);
        let (first, bystander) = (
            login(server, &email, PASSWORD).expect(200),
            login(server, &email, PASSWORD).expect(200),
        );
        let second = refresh(server, &first["refresh_token"]).expect(200);
        let earlier = server.base.earlier("rotated_at", 60);
        server
            .base
            .execute(&format!("UPDATE sessions SET rotated_at = {earlier}"));
        refresh(server, &first["refresh_token"]).problem(401, "invalid_refresh_token");
        refresh(server, &second["refresh_token"]).problem(401, "invalid_refresh_token");
        for tokens in [&first, &second] {
            signed_in(server, tokens)
                .get("/api/v1/me")
                .problem(401, "unauthenticated");
        }
        refresh(server, &first["refresh_token"]).problem(401, "invalid_refresh_token");
        assert_eq!(events(server, "refresh_token_reused"), 1);
        signed_in(server, &bystander).get("/api/v1/me").expect(200);
        refresh(server, &bystander["refresh_token"]).expect(200);
    });
}

#[test]
fn a_session_ends_however_often_it_is_refreshed() {
    on_each(|server| {
        let (_, email) = owner(server);
        server.base.execute("DELETE FROM sessions");
        let tokens = login(server, &email, PASSWORD).expect(200);
        // Signed in 25 days ago: five are left, though a refresh gives seven.
        let (created, ends) = (
            server.base.earlier("created_at", 25 * 86_400),
            server.base.earlier("ends_at", 25 * 86_400),
        );
        server.base.execute(&format!(
            "UPDATE sessions SET created_at = {created}, ends_at = {ends}"
        ));
        let tokens = refresh(server, &tokens["refresh_token"]).expect(200);
        assert_eq!(
            server
                .base
                .number("SELECT COUNT(*) FROM sessions WHERE expires_at > ends_at"),
            0
        );
        assert_eq!(
            server
                .base
                .number("SELECT COUNT(*) FROM sessions WHERE expires_at = ends_at"),
            1
        );
        let (expires, ends) = (
            server.base.earlier("expires_at", 6 * 86_400),
            server.base.earlier("ends_at", 6 * 86_400),
        );
        server.base.execute(&format!(
            "UPDATE sessions SET expires_at = {expires}, ends_at = {ends}"
        ));
        refresh(server, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
        signed_in(server, &tokens)
            .get("/api/v1/me")
            .problem(401, "unauthenticated");
    });
}

#[test]
fn signing_out_counts_at_once_and_on_every_server() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let beside = server.beside();
        let tokens = login(server, &email, PASSWORD).expect(200);
        let other = login(server, &email, PASSWORD).expect(200);
        let (here, there) = (signed_in(server, &tokens), signed_in(&beside, &tokens));
        here.get(&firm.path).expect(200);
        there.get(&firm.path).expect(200);
        here.act("/api/v1/auth/logout").expect(204);
        for client in [&here, &there] {
            client.get("/api/v1/me").problem(401, "unauthenticated");
            client.get(&firm.path).problem(401, "unauthenticated");
        }
        refresh(&beside, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
        here.act("/api/v1/auth/logout").problem(401, "unauthenticated");
        signed_in(&beside, &other).get(&firm.path).expect(200);
    });
}
