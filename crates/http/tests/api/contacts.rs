//! Contacts: their phones and addresses, the primary one of a company, what goes with a company.

use crate::kit::{data, pointers, rows, texts};
use crate::samples::unique;
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

fn ids(firm: &Firm<'_>, path: &str) -> Vec<String> {
    let mut ids = texts(&data(&firm.owner.get(&firm.at(path)).expect(200)), "id");
    ids.sort();
    ids
}

fn made(firm: &Firm<'_>, collection: &str, body: Value) -> String {
    firm.owner.post(&firm.at(collection), body).id()
}

fn is_primary(firm: &Firm<'_>, contact: &str) -> bool {
    let contact = firm
        .owner
        .get(&firm.at(&format!("contacts/{contact}")))
        .expect(200);
    contact["is_primary"].as_bool().unwrap()
}

#[test]
fn a_phone_is_shown_as_typed_and_kept_in_e164() {
    on_each(|server| {
        let firm = Firm::new(server);
        let post = |collection: &str, body: Value| firm.owner.post(&firm.at(collection), body);
        let home = json!({"name": "A", "phones": ["+381 11 333-4444", "011 333 5555"]});
        // Without a country of the organization a number has to name its own.
        let problem = post("contacts", home.clone()).problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/phones/1"]);
        assert_eq!(problem["errors"][0]["code"], "phone");
        firm.owner
            .patch(&firm.path, json!({"country": "ZZ"}))
            .problem(422, "invalid");
        firm.owner.patch(&firm.path, json!({"country": "RS"})).expect(200);
        let answer = post("contacts", home);
        let (id, contact) = (answer.id(), answer.expect(201));
        assert_eq!(contact["phones"], json!(["+381 11 333-4444", "011 333 5555"]));
        assert_eq!(contact["phones_e164"], json!(["+381113334444", "+381113335555"]));
        let at = firm.at(&format!("contacts/{id}"));
        let other = firm
            .owner
            .patch(&at, json!({"phones": ["+90 212 555 00 11"]}))
            .expect(200);
        assert_eq!(other["phones_e164"], json!(["+902125550011"]));
        let problem = firm
            .owner
            .patch(&at, json!({"phones": ["nobody"]}))
            .problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/phones/0"]);
        let problem = firm
            .owner
            .patch(&at, json!({"phones_e164": []}))
            .problem(422, "invalid");
        assert_eq!(problem["errors"][0]["code"], "read_only");
        // Home's own prefix isn't taken out of a number abroad, whatever stands beside it.
        firm.owner.patch(&firm.path, json!({"country": "US"})).expect(200);
        for phones in [
            json!(["+86 138 0013 8000"]),
            json!(["+86 138 0013 8000", "(212) 736-5000"]),
        ] {
            let dialled =
                post("contacts", json!({"name": "A", "phones": phones})).expect(201)["phones_e164"].clone();
            assert_eq!(dialled[0], "+8613800138000");
            assert_eq!(
                dialled.as_array().unwrap().len(),
                phones.as_array().unwrap().len()
            );
        }
        // What was read stays until the phone changes.
        firm.owner.patch(&firm.path, json!({"country": "TR"})).expect(200);
        let same = firm.owner.patch(&at, json!({"position": "CEO"})).expect(200);
        assert_eq!(same["phones_e164"], json!(["+902125550011"]));

        let answer = post("companies", json!({"name": "A", "phone": "0212 555 00 11"}));
        let at = firm.at(&format!("companies/{}", answer.id()));
        assert_eq!(answer.expect(201)["phone_e164"], "+902125550011");
        let problem = firm
            .owner
            .patch(&at, json!({"phone": "12"}))
            .problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/phone"]);
        let none = firm.owner.patch(&at, json!({"phone": null})).expect(200);
        assert_eq!(
            (&none["phone"], &none["phone_e164"]),
            (&Value::Null, &Value::Null)
        );
    });
}

#[test]
fn any_address_finds_a_contact_in_any_spelling() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let emails = json!(["Ana.Popovic@Firm.example", "ana@home.example"]);
        let ana = made(
            &firm,
            "contacts",
            json!({"name": "Ana", "emails": emails.clone()}),
        );
        let ben = made(
            &firm,
            "contacts",
            json!({"name": "Ben", "emails": ["ben@firm.example"]}),
        );
        made(
            &other,
            "contacts",
            json!({"name": "Ana", "emails": emails.clone()}),
        );
        let at = firm.at(&format!("contacts/{ana}"));
        assert_eq!(firm.owner.get(&at).expect(200)["emails"], emails);
        let found = |emails: &str| ids(&firm, &format!("contacts?email={emails}"));
        assert_eq!(found("ana.popovic@firm.example"), [ana.as_str()]);
        assert_eq!(found("ANA@home.example"), [ana.as_str()]);
        let mut both = vec![ana.clone(), ben.clone()];
        both.sort();
        assert_eq!(found("ana@home.example,ben@firm.example"), both);
        assert_eq!(found("nobody@firm.example"), [""; 0]);
        firm.owner
            .patch(&at, json!({"emails": ["ana@home.example"]}))
            .expect(200);
        assert_eq!(found("ana.popovic@firm.example"), [""; 0]);
        firm.owner.delete(&at).expect(204);
        assert_eq!(found("ana@home.example"), [""; 0]);
        firm.owner.act(&format!("{at}/restore")).expect(200);
        assert_eq!(found("ana@home.example"), [ana]);
        for (path, code) in [
            ("contacts?email=ana", "invalid_value"),
            ("contacts?email=", "invalid_value"),
            ("deals?email=a@b.example", "unknown_parameter"),
        ] {
            let problem = firm.owner.get(&firm.at(path)).expect(400);
            assert_eq!(problem["code"], code, "{path}");
        }
        assert_eq!(rows(server, "emails"), 4);
    });
}

#[test]
fn a_company_has_one_primary_contact_at_most() {
    on_each(|server| {
        let firm = Firm::new(server);
        let [company, elsewhere] = ["A", "B"].map(|name| made(&firm, "companies", json!({"name": name})));
        let new = |primary: bool| {
            let body = json!({"name": unique(), "company_id": company, "is_primary": primary});
            made(&firm, "contacts", body)
        };
        let at = |contact: &str| firm.at(&format!("contacts/{contact}"));
        let primary = || ids(&firm, &format!("contacts?company_id={company}&is_primary=true"));
        let (first, second) = (new(true), new(true));
        assert_eq!(primary(), [second.as_str()]);
        let was = firm.owner.get(&at(&first)).expect(200);
        assert_eq!((&was["is_primary"], &was["version"]), (&json!(false), &json!(2)));
        firm.owner
            .patch(&at(&first), json!({"is_primary": true}))
            .expect(200);
        assert_eq!(primary(), [first.as_str()]);
        // Of a company's own; and who moves there isn't.
        let moved = firm
            .owner
            .patch(&at(&first), json!({"company_id": elsewhere}))
            .expect(200);
        assert_eq!(moved["is_primary"], false);
        assert_eq!(primary(), [""; 0]);
        firm.owner
            .patch(&at(&first), json!({"is_primary": true}))
            .expect(200);
        firm.owner
            .patch(&at(&second), json!({"is_primary": true}))
            .expect(200);
        assert!(is_primary(&firm, &first) && is_primary(&firm, &second));
        // Who comes back doesn't take the place of who came after.
        firm.owner.delete(&at(&second)).expect(204);
        let third = new(true);
        let back = firm.owner.act(&format!("{}/restore", at(&second))).expect(200);
        assert_eq!(back["is_primary"], false);
        assert_eq!(primary(), [third.as_str()]);
        firm.owner.delete(&at(&third)).expect(204);
        firm.owner.act(&format!("{}/restore", at(&third))).expect(200);
        assert_eq!(primary(), [third]);
        let alone = json!({"name": "A", "is_primary": true});
        let problem = firm
            .owner
            .post(&firm.at("contacts"), alone)
            .problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/is_primary"]);
    });
}

#[test]
fn several_who_become_primary_at_once_leave_one() {
    on_each(|server| {
        let firm = Firm::new(server);
        let company = made(&firm, "companies", json!({"name": "A"}));
        let contacts: Vec<_> = (0..6)
            .map(|_| {
                made(
                    &firm,
                    "contacts",
                    json!({"name": unique(), "company_id": company}),
                )
            })
            .collect();
        std::thread::scope(|scope| {
            for contact in &contacts {
                let firm = &firm;
                scope.spawn(move || {
                    let at = firm.at(&format!("contacts/{contact}"));
                    firm.owner.patch(&at, json!({"is_primary": true})).expect(200);
                });
            }
        });
        let primary = contacts.iter().filter(|contact| is_primary(&firm, contact));
        assert_eq!(primary.count(), 1);
    });
}

#[test]
fn a_consent_is_kept_with_its_instant_and_found() {
    on_each(|server| {
        let firm = Firm::new(server);
        let post = |body: Value| firm.owner.post(&firm.at("contacts"), body);
        let problem = post(json!({"name": "A", "mail_consent": true})).problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/mail_consent_source"]);
        let agreed = post(json!({"name": "A", "mail_consent": true, "mail_consent_source": "fair"}));
        let (id, agreed) = (agreed.id(), agreed.expect(201));
        assert_eq!(agreed["mail_consent_at"], agreed["created_at"]);
        post(json!({"name": "B"})).expect(201);
        assert_eq!(ids(&firm, "contacts?mail_consent=true"), [id.as_str()]);
        let at = firm.at(&format!("contacts/{id}"));
        let ended = firm.owner.patch(&at, json!({"mail_consent": false})).expect(200);
        assert_eq!(
            (&ended["mail_consent_at"], &ended["mail_consent_source"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(ids(&firm, "contacts?mail_consent=true"), [""; 0]);
    });
}

#[test]
fn contacts_go_with_their_company_and_come_back_with_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        let company = made(&firm, "companies", json!({"name": "A"}));
        let new = |primary: bool| {
            let body = json!({"name": unique(), "company_id": company, "is_primary": primary});
            made(&firm, "contacts", body)
        };
        let (first, second, gone) = (new(true), new(false), new(false));
        let stays = made(&firm, "contacts", json!({"name": "B"}));
        let at = |contact: &str| firm.at(&format!("contacts/{contact}"));
        let place = firm.at(&format!("companies/{company}"));
        firm.owner.delete(&at(&gone)).expect(204);
        let deal = made(&firm, "deals", json!({"title": "D", "company_id": company}));
        firm.owner.delete(&place).problem(409, "in_use");
        firm.owner.get(&at(&first)).expect(200);
        firm.owner.delete(&firm.at(&format!("deals/{deal}"))).expect(204);

        // Another's deal loses its contact with it, and gets it back.
        let theirs = made(&firm, "deals", json!({"title": "E"}));
        let link = json!({"deal_id": theirs, "contact_id": first});
        firm.owner.post(&firm.at("deal-contacts"), link).expect(201);
        firm.owner.delete(&place).expect(204);
        assert_eq!(ids(&firm, "contacts"), [stays.as_str()]);
        assert_eq!(ids(&firm, "deal-contacts"), [""; 0]);
        let restore = firm.owner.act(&format!("{}/restore", at(&second)));
        restore.problem(409, "referred_to");
        firm.owner.act(&format!("{place}/restore")).expect(200);
        let mut all = vec![first.clone(), second, stays];
        all.sort();
        assert_eq!(ids(&firm, "contacts"), all);
        assert!(is_primary(&firm, &first));
        assert_eq!(
            ids(
                &firm,
                &format!("deal-contacts?deal_id={theirs}&contact_id={first}")
            )
            .len(),
            1
        );
        // What went before stays away until it is brought back by itself.
        firm.owner.get(&at(&gone)).problem(404, "not_found");
        firm.owner.act(&format!("{}/restore", at(&gone))).expect(200);
    });
}
