//! Invitations of who is erased, in organizations where they never were.

use crate::erasing::{clean, found, is_whole};
use crate::post::{auth, mails, token};
use firma_domain::Id;
use firma_testing::{Firm, Server, TestDatabase, on_each};
use serde_json::json;

#[test]
fn an_invitation_that_was_never_accepted_loses_the_address_too() {
    on_each(|server| {
        let (home, [asked, declined, closed]) = (Firm::new(server), [(); 3].map(|()| Firm::new(server)));
        let (user, client) = home.member(Some("employee"));
        let email = client.get("/api/v1/me").expect(200)["user"]["email"].clone();
        let email = email.as_str().unwrap();
        let said = json!({"email": email, "name": "Ann Zephyrine", "message": "Dear Zephyrine"});
        let stranger = json!({"email": format!("other-{email}"), "name": "Somebody"});
        for firm in [&asked, &declined, &closed] {
            // Its stored answer and its mail name the address.
            firm.owner
                .post_once(&firm.at("invitations"), "asked", said.clone())
                .expect(201);
            firm.owner
                .post(&firm.at("invitations"), stranger.clone())
                .expect(201);
        }
        let here = declined.path.clone();
        let listed = declined
            .owner
            .get(&format!("{here}/invitations?email={email}"))
            .expect(200);
        let revoked = listed["data"][0]["id"].as_str().unwrap();
        declined
            .owner
            .act(&format!("{here}/invitations/{revoked}/revoke"))
            .expect(200);
        mails(server);
        // One whose mail couldn't be sent.
        asked
            .owner
            .act(&asked.at(&format!(
                "invitations/{}/resend",
                asked.owner.get(&asked.at(&format!("invitations?email={email}"))).expect(200)["data"][0]["id"]
                    .as_str()
                    .unwrap()
            )))
            .expect(200);
        closed.owner.delete(&closed.path).expect(204);
        // An address that the person only typed is another's: what was sent there stays.
        auth(
            &client,
            "change-email",
            json!({"email": format!("other-{email}")}),
        )
        .expect(202);
        let named = [email, "zephyrine"].map(str::to_owned);
        let texts = named.each_ref().map(String::as_str);
        for text in texts {
            assert!(!found(server, &[text]).is_empty(), "{text}");
        }
        is_whole(server);
        client.delete("/api/v1/me").expect(204);
        mails(server);
        clean(server);
        let others = |line: &String| !line.starts_with(email);
        let left: Vec<_> = found(server, &[&format!("\"{email}"), "zephyrine"]);
        assert_eq!(
            left.into_iter().filter(others).collect::<Vec<_>>(),
            Vec::<String>::new()
        );
        let of = |address: &str| {
            server.base.number(&format!(
                "SELECT COUNT(*) FROM invitations WHERE email = '{address}'"
            ))
        };
        assert_eq!((of(email), of(&format!("other-{email}"))), (0, 3));
        assert_eq!(of(&format!("deleted-{user}@firma.invalid")), 3);
        let kept = asked.owner.get(&asked.at("invitations?status=open")).expect(200);
        assert_eq!(kept["data"].as_array().unwrap().len(), 2);
        assert_eq!(
            server
                .base
                .number("SELECT COUNT(*) FROM invitations WHERE name = 'Somebody'"),
            3
        );
        is_whole(server);
    });
}

/// Whoever asks for an e-mail has only typed it: what somebody else has at that address stays.
#[test]
fn what_a_stranger_has_at_an_address_that_was_only_typed_stays() {
    on_each(|server| {
        let (home, other) = (Firm::new(server), Firm::new(server));
        let (user, client) = home.member(Some("employee"));
        let (victim, own) = ("victim@new.example", "own@new.example");
        for address in [victim, own] {
            other
                .owner
                .post_once(&other.at("invitations"), address, json!({"email": address}))
                .expect(201);
        }
        mails(server);
        // The first one is voided by the second, and again when that is confirmed.
        let ask = |address: &str| {
            auth(&client, "change-email", json!({"email": address})).expect(202);
            mails(server)
        };
        let sent = [victim, own].map(ask).concat();
        let shown = sent.iter().find(|mail| mail.to.as_str() == own).unwrap();
        auth(&server.nobody(), "confirm-email", json!({"token": token(shown)})).expect(204);
        for address in [victim, "last@new.example"] {
            ask(address);
        }
        let body = json!({"email": victim, "name": "Somebody", "password": "grey herons wade slowly"});
        auth(&server.nobody(), "register", body).expect(202);
        client.delete("/api/v1/me").expect(204);
        let count = |what: &str| server.base.number(&format!("SELECT COUNT(*) FROM {what}"));
        let of = |address: &str| count(&format!("invitations WHERE email = '{address}'"));
        assert_eq!((of(victim), of(own)), (1, 0));
        assert_eq!(of(&format!("deleted-{user}@firma.invalid")), 1);
        let answers = |address: &str| count(&format!("idempotency_keys WHERE body LIKE '%\"{address}\"%'"));
        assert_eq!((answers(victim), answers(own)), (1, 0));
        let sent = mails(server);
        let registering = sent.iter().find(|mail| mail.to.as_str() == victim).unwrap();
        let token = json!({"token": token(registering)});
        auth(&server.nobody(), "verify-email", token).expect(204);
        is_whole(server);
    });
}

/// Which organizations have an address is told of nobody who is there.
#[test]
fn where_somebody_is_invited_is_told_of_nobody_who_has_an_account() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let server = Server::start(base);
    let firm = Firm::new(&server);
    let (user, client) = firm.member(None);
    let email = client.get("/api/v1/me").expect(200)["user"]["email"].clone();
    let (email, other) = (email.as_str().unwrap(), "nobody@else.example");
    let asking = Firm::new(&server);
    for address in [email, other] {
        asking
            .owner
            .post(&asking.at("invitations"), json!({"email": address}))
            .expect(201);
    }
    let told = |person: Id, address: &str, count: i64| {
        server.base.execute(&format!(
            "DO $$ BEGIN SET LOCAL ROLE firma_app; IF (SELECT COUNT(*) FROM organizations_that_invited('{person}', \
             '{address}')) <> {count} THEN RAISE EXCEPTION 'not {count}'; END IF; END $$"
        ));
    };
    for person in [user, firm.owner_id, Id::NIL] {
        told(person, email, 0);
        told(person, other, 0);
    }
    // Of who is erased it is told, though not of an address that is somebody's.
    server.base.execute(&format!(
        "UPDATE users SET deleted_at = now() WHERE id = '{user}'"
    ));
    told(user, email, 0);
    told(user, other, 1);
}
