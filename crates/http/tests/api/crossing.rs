//! What several do at once with links, addresses and factors: it counts once.

use crate::identity::set_password;
use crate::post::{auth, events, login, mails, on_each_clock, signed_in, token};
use crate::second_factor::factored;
use firma_auth::password::verify;
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};

const PASSWORD: &str = "grey herons wade slowly";
const AT_ONCE: usize = 8;

/// The statuses of calls that are made at once.
fn at_once(calls: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<u16> {
    let call = &call;
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..calls).map(|n| scope.spawn(move || call(n).status)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    statuses
}

/// The token of the mail to that address; there may be other mails.
fn sent_to(server: &Server, address: &str) -> String {
    let sent = mails(server);
    let to = |mail: &&firma_domain::platform::Message| mail.to.as_str() == address;
    token(sent.iter().find(to).unwrap())
}

fn ask_for_email(client: &Client, email: &str) {
    auth(client, "change-email", json!({"email": email})).expect(202);
}

fn email_of(client: &Client) -> Value {
    client.get("/api/v1/me").expect(200)["user"]["email"].clone()
}

#[test]
fn of_many_uses_of_a_link_at_once_one_counts() {
    on_each(|server| {
        let firm = Firm::new(server);
        let email = format!("owner@{}.example", firm.slug);
        let only_first = |statuses: Vec<u16>| {
            assert_eq!(statuses[0], 204, "{statuses:?}");
            assert!(statuses[1..].iter().all(|status| *status == 422), "{statuses:?}");
        };
        auth(&server.nobody(), "forgot-password", json!({"email": email})).expect(202);
        let link = sent_to(server, &email);
        let password = |n: usize| format!("{n} grey herons wade slowly");
        only_first(at_once(AT_ONCE, |n| {
            let body = json!({"token": link, "password": password(n)});
            auth(&server.nobody(), "reset-password", body)
        }));
        assert_eq!(events(server, "password_changed"), 1);
        assert_eq!(mails(server).len(), 1);
        let owner = firm.owner_id;
        let hash = server.read(move |tx| Ok(tx.credential(owner)?.unwrap().hash));
        let works = (0..AT_ONCE).filter(|n| verify(&password(*n), &hash));
        assert_eq!(works.count(), 1);
        let body = json!({"email": "kim@new.example", "name": "Kim", "password": PASSWORD});
        auth(&server.nobody(), "register", body).expect(202);
        let link = sent_to(server, "kim@new.example");
        only_first(at_once(AT_ONCE, |_| {
            auth(&server.nobody(), "verify-email", json!({"token": link}))
        }));
        assert_eq!(events(server, "registered"), 1);
    });
}

#[test]
fn two_who_want_each_others_address_keep_their_own() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (a, b) = (firm.member(None).1, firm.member(None).1);
        let (of_a, of_b) = (email_of(&a), email_of(&b));
        ask_for_email(&a, of_b.as_str().unwrap());
        ask_for_email(&b, of_a.as_str().unwrap());
        let sent = mails(server);
        assert_eq!(
            sent.len(),
            4,
            "both are told twice: of the wish, and that the address is wanted"
        );
        assert!(sent.iter().all(|mail| !mail.text.contains("token: ")));
        assert_eq!((email_of(&a), email_of(&b)), (of_a, of_b));
        assert_eq!(
            (events(server, "address_taken"), events(server, "email_changed")),
            (2, 0)
        );
    });
}

#[test]
fn an_address_that_two_confirm_at_once_goes_to_one() {
    on_each(|server| {
        let firm = Firm::new(server);
        let clients = [firm.member(None).1, firm.member(None).1];
        let links: Vec<String> = clients
            .iter()
            .map(|client| {
                ask_for_email(client, "one@new.example");
                sent_to(server, "one@new.example")
            })
            .collect();
        let confirm = |n: usize| auth(&server.nobody(), "confirm-email", json!({"token": links[n]}));
        assert_eq!(at_once(2, confirm), [204, 409]);
        let have = clients
            .iter()
            .filter(|client| email_of(client) == "one@new.example");
        assert_eq!((have.count(), events(server, "email_changed")), (1, 1));
    });
}

#[test]
fn a_change_of_the_email_is_over_after_an_hour_and_with_the_account() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(None);
        let before = email_of(&client);
        let confirm = |link: &str| auth(&server.nobody(), "confirm-email", json!({"token": link}));
        ask_for_email(&client, "late@new.example");
        let late = sent_to(server, "late@new.example");
        clock.by(3_601);
        confirm(&late).problem(422, "invalid");
        assert_eq!(
            (email_of(&server.client(user)), events(server, "link_refused")),
            (before, 1)
        );
        let client = Firm::new(server).member(None).1;
        ask_for_email(&client, "gone@new.example");
        let gone = sent_to(server, "gone@new.example");
        client.delete("/api/v1/me").expect(204);
        confirm(&gone).problem(422, "invalid");
        assert_eq!(events(server, "email_changed"), 0);
    });
}

#[test]
fn the_last_factor_is_removed_once_however_many_remove_it() {
    on_each_clock(|server, clock| {
        let (email, client, ..) = factored(server, clock);
        let statuses = at_once(AT_ONCE, |_| client.delete("/api/v1/me/second-factor"));
        assert_eq!(statuses[0], 204);
        assert!(statuses[1..].iter().all(|status| *status == 404), "{statuses:?}");
        assert_eq!(events(server, "second_factor_off"), 1);
        login(server, &email, PASSWORD).expect(200);
    });
}

#[test]
fn a_factor_that_is_turned_on_or_off_ends_the_other_sessions() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let email = format!("owner@{}.example", firm.slug);
        set_password(server, &email, PASSWORD);
        let (here, there) = (
            signed_in(server, &email, PASSWORD),
            signed_in(server, &email, PASSWORD),
        );
        let secret = here.act("/api/v1/me/second-factor").expect(200)["secret"].clone();
        there.get("/api/v1/me").expect(200);
        let code = crate::second_factor::code(&secret, clock, 0);
        let codes = here
            .post("/api/v1/me/second-factor/confirm", json!({"code": code}))
            .expect(200);
        here.get("/api/v1/me").expect(200);
        there.get("/api/v1/me").problem(401, "unauthenticated");
        let challenge =
            login(server, &email, PASSWORD).problem(401, "second_factor_required")["challenge"].clone();
        let body = json!({"challenge": challenge, "code": codes["recovery_codes"][0]});
        let there = auth(&server.nobody(), "login/second-factor", body).expect(200);
        let there = server
            .nobody()
            .with_token(there["access_token"].as_str().map(str::to_owned));
        there.get("/api/v1/me").expect(200);
        here.delete("/api/v1/me/second-factor").expect(204);
        here.get("/api/v1/me").expect(200);
        there.get("/api/v1/me").problem(401, "unauthenticated");
    });
}
