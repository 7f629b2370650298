//! Another e-mail: told to both addresses, confirmed by the new one.

use crate::accounts::{OTHER, PASSWORD, confirm, forgot, no_token, reset};
use crate::identity::set_password;
use crate::post::{auth, events, login, mail, mails, on_each_clock, signed_in, token};
use firma_testing::{Firm, Server, on_each};
use serde_json::{Value, json};

#[test]
fn another_email_is_told_to_both_and_confirmed_by_the_new_one() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let old = format!("owner@{}.example", firm.slug);
        set_password(server, &old, PASSWORD);
        let client = signed_in(server, &old, PASSWORD);
        let ask = |email: &str| auth(&client, "change-email", json!({"email": email}));
        let link = |server: &Server| {
            let sent = mails(server);
            assert_eq!(sent.len(), 2);
            assert!(
                sent.iter()
                    .any(|mail| mail.to.as_str() == old && !mail.text.contains("token:"))
            );
            token(sent.iter().find(|mail| mail.to.as_str() != old).unwrap())
        };
        ask(&old).problem(422, "invalid");
        ask("first@new.example").expect(202);
        let first = link(server);
        ask("second@new.example").expect(202);
        let second = link(server);
        no_token(confirm(server, &first));
        forgot(server, &old).expect(202);
        let reset_token = token(&mail(server, &old));
        confirm(server, &second).expect(204);
        no_token(confirm(server, &second));
        no_token(reset(server, &reset_token, OTHER));
        login(server, &old, PASSWORD).problem(401, "wrong_credentials");
        login(server, "second@new.example", PASSWORD).expect(200);
        assert_eq!(
            client.get("/api/v1/me").expect(200)["user"]["email"],
            "second@new.example"
        );
        assert_eq!(events(server, "email_changed"), 1);
        // By it colleagues find the member, and the log says what became of the old one.
        let member = |email: &str| {
            let found = client
                .get(&firm.at(&format!("members?email={email}")))
                .expect(200);
            found["data"].as_array().unwrap().len()
        };
        assert_eq!((member("second@new.example"), member(&old)), (1, 0));
        let log = client.get(&firm.at("audit-entries/verification")).expect(200);
        assert_eq!(log["is_whole"], true);
        clock.by(601);
        ask("third@new.example").problem(403, "step_up_required");
    });
}

#[test]
fn of_two_who_want_one_address_the_first_gets_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (a, _) = firm.member(None);
        let (b, _) = firm.member(None);
        let (a, b) = (server.client(a), server.client(b));
        let mut tokens = Vec::new();
        for client in [&a, &b] {
            auth(client, "change-email", json!({"email": "one@new.example"})).expect(202);
            let sent = mails(server);
            tokens.push(token(
                sent.iter()
                    .find(|mail| mail.to.as_str() == "one@new.example")
                    .unwrap(),
            ));
        }
        confirm(server, &tokens[0]).expect(204);
        let problem = confirm(server, &tokens[1]).problem(409, "not_unique");
        assert_eq!(problem["errors"][0]["pointer"], "#/email");
        let email = |client: &firma_testing::Client| -> Value {
            client.get("/api/v1/me").expect(200)["user"]["email"].clone()
        };
        assert_eq!(email(&a), "one@new.example");
        assert_ne!(email(&b), "one@new.example");
        no_token(confirm(server, &tokens[1]));
    });
}
