//! The contacts of a deal: exactly one is the primary one where there is any.

use crate::kit::{data, pointers};
use crate::samples::unique;
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

/// A deal and people to put into it.
struct Table<'f, 's> {
    firm: &'f Firm<'s>,
    deal: String,
    people: [String; 3],
}

impl<'f, 's> Table<'f, 's> {
    fn new(firm: &'f Firm<'s>) -> Self {
        let made = |collection: &str, body: Value| firm.owner.post(&firm.at(collection), body).id();
        let person = || made("contacts", json!({"name": unique()}));
        Table {
            firm,
            deal: made("deals", json!({"title": unique()})),
            people: [person(), person(), person()],
        }
    }

    /// Puts a person into the deal; the link's path.
    fn link(&self, person: usize, primary: bool) -> String {
        let body = json!({"deal_id": self.deal, "contact_id": self.people[person], "is_primary": primary});
        let id = self.firm.owner.post(&self.firm.at("deal-contacts"), body).id();
        self.firm.at(&format!("deal-contacts/{id}"))
    }

    fn person(&self, person: usize) -> String {
        self.firm.at(&format!("contacts/{}", self.people[person]))
    }

    fn deal(&self) -> String {
        self.firm.at(&format!("deals/{}", self.deal))
    }

    fn version(&self) -> i64 {
        self.firm.owner.get(&self.deal()).expect(200)["version"]
            .as_i64()
            .unwrap()
    }

    /// Who is in the deal, the oldest first; the primary one with a star.
    fn seated(&self) -> Vec<String> {
        let path = format!("deal-contacts?deal_id={}&sort=created_at", self.deal);
        let page = self.firm.owner.get(&self.firm.at(&path)).expect(200);
        let seat = |link: &Value| {
            let at = self
                .people
                .iter()
                .position(|id| link["contact_id"] == json!(id))
                .unwrap();
            format!("{at}{}", if link["is_primary"] == true { "*" } else { "" })
        };
        data(&page).iter().map(seat).collect()
    }
}

#[test]
fn one_contact_of_a_deal_is_the_primary_one() {
    on_each(|server| {
        let firm = Firm::new(server);
        let table = Table::new(&firm);
        let owner = &firm.owner;
        let first = table.link(0, false);
        assert_eq!(table.seated(), ["0*"]);
        let second = table.link(1, false);
        table.link(2, true);
        assert_eq!(table.seated(), ["0", "1", "2*"]);
        owner.patch(&first, json!({"is_primary": true})).expect(200);
        assert_eq!(table.seated(), ["0*", "1", "2"]);
        let problem = owner
            .patch(&first, json!({"is_primary": false}))
            .problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/is_primary"]);
        for (field, of) in [
            ("contact_id", &table.people[1]),
            ("deal_id", &Table::new(&firm).deal),
        ] {
            let problem = owner.patch(&first, json!({field: of})).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "fixed");
        }
        let twice = json!({"deal_id": table.deal, "contact_id": table.people[1]});
        owner
            .post(&firm.at("deal-contacts"), twice)
            .problem(409, "not_unique");

        owner.delete(&first).expect(204);
        assert_eq!(table.seated(), ["1*", "2"]);
        // Who comes back doesn't take the place of who came after.
        owner.act(&format!("{first}/restore")).expect(200);
        assert_eq!(table.seated(), ["0", "1*", "2"]);
        owner.delete(&second).expect(204);
        assert_eq!(table.seated(), ["0*", "2"]);
        let expanded = format!("{first}?expand=contact,deal");
        assert_eq!(
            owner.get(&expanded).expect(200)["contact"]["id"],
            json!(table.people[0])
        );
    });
}

#[test]
fn a_change_among_them_is_one_of_the_deal() {
    on_each(|server| {
        let firm = Firm::new(server);
        let table = Table::new(&firm);
        let mut before = table.version();
        let mut raised = |what: &str| {
            let now = table.version();
            assert!(now > before, "{what}");
            before = now;
        };
        let first = table.link(0, false);
        raised("linked");
        let second = table.link(1, false);
        raised("another linked");
        firm.owner.patch(&second, json!({"is_primary": true})).expect(200);
        raised("another primary");
        firm.owner.delete(&first).expect(204);
        raised("one gone");
        firm.owner.act(&format!("{first}/restore")).expect(200);
        raised("one back");
        firm.owner.delete(&table.person(1)).expect(204);
        raised("a contact deleted");
        firm.owner
            .act(&format!("{}/restore", table.person(1)))
            .expect(200);
        raised("a contact restored");
    });
}

#[test]
fn places_go_with_contact_and_deal_and_come_back() {
    on_each(|server| {
        let firm = Firm::new(server);
        let table = Table::new(&firm);
        let owner = &firm.owner;
        let links = [table.link(0, true), table.link(1, false), table.link(2, false)];
        let restore = |path: &str| owner.act(&format!("{path}/restore"));
        // A contact leaves its deals, open ones too, and comes back to them.
        owner.delete(&table.person(0)).expect(204);
        assert_eq!(table.seated(), ["1*", "2"]);
        restore(&links[0]).problem(409, "referred_to");
        restore(&table.person(0)).expect(200);
        assert_eq!(table.seated(), ["0", "1*", "2"]);
        // A deal takes them all; the answer has the version that the deal then has.
        owner.delete(&table.deal()).expect(204);
        assert_eq!(table.seated(), [""; 0]);
        restore(&links[0]).problem(409, "referred_to");
        let deal = restore(&table.deal()).expect(200);
        assert_eq!(deal["version"], json!(table.version()));
        assert_eq!(table.seated(), ["0", "1*", "2"]);
        // Who is deleted meanwhile stays away as long, and another is the primary one.
        owner.delete(&table.deal()).expect(204);
        owner.delete(&table.person(1)).expect(204);
        restore(&table.deal()).expect(200);
        assert_eq!(table.seated(), ["0*", "2"]);
        restore(&table.person(1)).expect(200);
        assert_eq!(table.seated(), ["0*", "1", "2"]);
    });
}

/// All of a company's people leave a deal at once: nobody succeeds who leaves too, and the deal changes once.
#[test]
fn the_people_of_a_company_leave_a_deal_together_and_come_back() {
    on_each(|server| {
        let firm = Firm::new(server);
        let table = Table::new(&firm);
        let company = firm
            .owner
            .post(&firm.at("companies"), json!({"name": unique()}))
            .id();
        let company = firm.at(&format!("companies/{company}"));
        for person in 0..2 {
            let of = json!({"company_id": company.rsplit('/').next()});
            firm.owner.patch(&table.person(person), of).expect(200);
        }
        for person in 0..3 {
            table.link(person, false);
        }
        assert_eq!(table.seated(), ["0*", "1", "2"]);
        let version = table.version();
        firm.owner.delete(&company).expect(204);
        assert_eq!(table.seated(), ["2*"]);
        assert_eq!(table.version(), version + 1);
        for person in 0..2 {
            firm.owner.get(&table.person(person)).problem(404, "not_found");
        }
        firm.owner.act(&format!("{company}/restore")).expect(200);
        assert_eq!(table.seated(), ["0", "1", "2*"]);
        assert_eq!(table.version(), version + 2);
        // Each row has its entry, under the version that it has.
        for person in 0..2 {
            let id = &table.people[person];
            let told = firm.owner.get(&table.person(person)).expect(200);
            let log = firm.at(&format!("audit-entries?entity_id={id}&entity_type=contact"));
            let log = data(&firm.owner.get(&log).expect(200));
            let last: Vec<_> = log.iter().take(2).map(|entry| &entry["action"]).collect();
            assert_eq!(last, ["contact.restored", "contact.deleted"]);
            assert_eq!(log[0]["entity_version"], told["version"]);
        }
    });
}

#[test]
fn who_may_change_a_deal_may_change_its_contacts() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (me, actor) = firm.member(Some("employee"));
        let (mate, _) = firm.member(Some("employee"));
        let (stranger, _) = firm.member(Some("employee"));
        firm.team(&[me, mate]);
        let table = Table::new(&firm);
        firm.owner
            .patch(&table.person(0), json!({"owner_id": me}))
            .expect(200);
        let give = |owner: &str| {
            firm.owner
                .patch(&table.deal(), json!({"owner_id": owner}))
                .expect(200)
        };
        let link = json!({"deal_id": table.deal, "contact_id": table.people[0]});
        let post = || actor.post(&firm.at("deal-contacts"), link.clone());
        give(&stranger.to_string());
        assert_eq!(pointers(&post().problem(422, "invalid")), ["#/deal_id"]);
        give(&mate.to_string());
        post().problem(403, "out_of_reach");
        give(&me.to_string());
        let made = post();
        let at = firm.at(&format!("deal-contacts/{}", made.id()));
        assert_eq!(made.expect(201)["owner_id"], json!(me));
        actor.delete(&at).expect(204);
        let at = firm.at(&format!("deal-contacts/{}", post().id()));
        // They go with the deal to whom it is given.
        give(&mate.to_string());
        assert_eq!(actor.get(&at).expect(200)["owner_id"], json!(mate));
        actor.delete(&at).problem(403, "out_of_reach");
        give(&stranger.to_string());
        actor.get(&at).problem(404, "not_found");
        // A contact out of sight is put into no deal.
        give(&me.to_string());
        let hidden = json!({"deal_id": table.deal, "contact_id": table.people[1]});
        let problem = actor
            .post(&firm.at("deal-contacts"), hidden)
            .problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/contact_id"]);
        let body = json!({"deal_id": table.deal, "contact_id": table.people[1], "owner_id": me});
        let problem = firm
            .owner
            .post(&firm.at("deal-contacts"), body)
            .problem(422, "invalid");
        assert_eq!(problem["errors"][0]["code"], "read_only");
    });
}
