//! What comes back finds what it needs, and nothing comes to stand where it couldn't have been put.

use crate::kit::{data, pointers};
use crate::samples::{role, unique};
use firma_testing::{Firm, on_each};
use serde_json::json;

#[test]
fn no_open_deal_is_of_a_deleted_company() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let company = owner.post(&firm.at("companies"), json!({"name": unique()})).id();
        let deal = |stage: &str| {
            let body = json!({"title": unique(), "company_id": company, "stage_id": firm.stage(stage)});
            let id = owner.post(&firm.at("deals"), body).id();
            firm.at(&format!("deals/{id}"))
        };
        let (open, won) = (deal("Prospecting"), deal("Won"));
        let company = firm.at(&format!("companies/{company}"));
        owner.delete(&company).problem(409, "in_use");
        owner.delete(&open).expect(204);
        owner.delete(&company).expect(204);
        owner.act(&format!("{open}/restore")).problem(409, "referred_to");
        let reopened = json!({"stage_id": firm.stage("Prospecting")});
        let problem = owner.patch(&won, reopened.clone()).problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/company_id"]);
        // One that is closed may come back as it was, and be opened for nobody.
        owner.delete(&won).expect(204);
        owner.act(&format!("{won}/restore")).expect(200);
        owner.act(&format!("{company}/restore")).expect(200);
        owner.act(&format!("{open}/restore")).expect(200);
        owner.patch(&won, reopened).expect(200);
    });
}

#[test]
fn a_company_doesnt_come_back_above_itself() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let made = |parent: Option<&str>| {
            let body = json!({"name": unique(), "parent_id": parent});
            owner.post(&firm.at("companies"), body).id()
        };
        let grandmother = made(None);
        let mother = made(Some(&grandmother));
        let daughter = made(Some(&mother));
        let at = |id: &str| firm.at(&format!("companies/{id}"));
        owner.delete(&at(&mother)).expect(204);
        owner
            .patch(&at(&grandmother), json!({"parent_id": daughter}))
            .expect(200);
        owner
            .act(&format!("{}/restore", at(&mother)))
            .problem(409, "transition");
        owner
            .patch(&at(&grandmother), json!({"parent_id": null}))
            .expect(200);
        owner.act(&format!("{}/restore", at(&mother))).expect(200);
    });
}

#[test]
fn a_place_in_a_deal_waits_for_both_of_its_ends() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let made = |collection: &str, body| owner.post(&firm.at(collection), body).id();
        let company = made("companies", json!({"name": unique()}));
        let contact = made("contacts", json!({"name": unique(), "company_id": company}));
        let deal = made("deals", json!({"title": unique()}));
        made("deal-contacts", json!({"deal_id": deal, "contact_id": contact}));
        let seated = || {
            let page = owner
                .get(&firm.at(&format!("deal-contacts?deal_id={deal}")))
                .expect(200);
            data(&page).len()
        };
        let (company, contact, deal) = (
            firm.at(&format!("companies/{company}")),
            firm.at(&format!("contacts/{contact}")),
            firm.at(&format!("deals/{deal}")),
        );
        for [first, then] in [[&company, &deal], [&deal, &contact], [&contact, &deal]] {
            for again in [[first, then], [then, first]] {
                owner.delete(first).expect(204);
                owner.delete(then).expect(204);
                for end in again {
                    owner.act(&format!("{end}/restore")).expect(200);
                }
                assert_eq!(seated(), 1, "{first} and {then} were deleted");
            }
        }
    });
}

#[test]
fn of_two_who_were_the_primary_one_in_turn_both_come_back() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let made = |collection: &str, body| owner.post(&firm.at(collection), body).id();
        let deal = made("deals", json!({"title": unique()}));
        let [first, second] = [(); 2].map(|()| made("contacts", json!({"name": unique()})));
        for contact in [&first, &second] {
            let link = json!({"deal_id": deal, "contact_id": contact, "is_primary": true});
            made("deal-contacts", link);
        }
        let page = firm.at(&format!("deal-contacts?deal_id={deal}"));
        let (deal, second) = (
            firm.at(&format!("deals/{deal}")),
            firm.at(&format!("contacts/{second}")),
        );
        let restore = |path: &str| owner.act(&format!("{path}/restore")).expect(200);
        owner.delete(&second).expect(204);
        owner.delete(&deal).expect(204);
        restore(&second);
        owner.delete(&second).expect(204);
        restore(&deal);
        restore(&second);
        let seated = owner.get(&page).expect(200);
        let primary: Vec<_> = data(&seated)
            .iter()
            .map(|link| (link["contact_id"] == json!(first), link["is_primary"] == true))
            .collect();
        assert_eq!(primary.len(), 2);
        assert!(
            primary.contains(&(true, true)) && primary.contains(&(false, false)),
            "{primary:?}"
        );
    });
}

#[test]
fn who_is_no_longer_active_isnt_referred_to() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let (stays, _) = firm.member(Some("employee"));
        let (leaves, _) = firm.member(Some("employee"));
        let team = firm.team(&[stays, leaves]);
        let team_at = firm.at(&format!("teams/{team}"));
        let deal = json!({"title": unique(), "owner_id": leaves});
        let deal = owner.post(&firm.at("deals"), deal).id();
        owner.delete(&team_at).expect(204);
        let leaver = firm.at(&format!("members/{leaves}"));
        owner.patch(&leaver, json!({"is_active": false})).expect(200);
        owner.act(&format!("{team_at}/restore")).expect(200);
        let places = owner
            .get(&firm.at(&format!("team-members?team_id={team}")))
            .expect(200);
        let places: Vec<_> = data(&places)
            .iter()
            .map(|place| place["user_id"].clone())
            .collect();
        assert_eq!(places, [json!(stays)]);
        let gone = owner
            .get(&firm.at(&format!("team-members?team_id={team}&deleted=true")))
            .expect(200);
        let gone = data(&gone)[0]["id"].as_str().unwrap().to_owned();
        let place = firm.at(&format!("team-members/{gone}/restore"));
        owner.act(&place).problem(409, "referred_to");
        for (collection, body, field) in [
            (
                "deals",
                json!({"title": unique(), "owner_id": leaves}),
                "owner_id",
            ),
            (
                "team-members",
                json!({"team_id": team, "user_id": leaves}),
                "user_id",
            ),
            (
                "role-assignments",
                json!({"user_id": leaves, "role_id": role("manager")}),
                "user_id",
            ),
        ] {
            let problem = owner.post(&firm.at(collection), body).problem(422, "invalid");
            assert_eq!(pointers(&problem), [format!("#/{field}")], "{collection}");
        }
        // What refers to them already may be changed otherwise.
        let deal = firm.at(&format!("deals/{deal}"));
        owner.patch(&deal, json!({"title": "Renamed"})).expect(200);
        owner.patch(&leaver, json!({"is_active": true})).expect(200);
        owner.act(&place).expect(200);
    });
}

#[test]
fn who_is_no_longer_active_is_given_no_role_again() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = &firm.owner;
        let (leaves, _) = firm.member(None);
        let give = |name: &str| {
            let body = json!({"user_id": leaves, "role_id": role(name)});
            owner.post(&firm.at("role-assignments"), body)
        };
        let (ended, held) = (give("employee").id(), give("designer").id());
        let change = |id: &str, body| owner.patch(&firm.at(&format!("role-assignments/{id}")), body);
        change(&ended, json!({"is_active": false})).expect(200);
        let leaver = firm.at(&format!("members/{leaves}"));
        owner.patch(&leaver, json!({"is_active": false})).expect(200);
        for again in [give("employee"), change(&ended, json!({"is_active": true}))] {
            assert_eq!(pointers(&again.problem(422, "invalid")), ["#/user_id"]);
        }
        // What they hold still may be changed, and ended.
        change(&held, json!({"reason": "x"})).expect(200);
        change(&held, json!({"is_active": false})).expect(200);
        owner.patch(&leaver, json!({"is_active": true})).expect(200);
        assert_eq!(give("employee").id(), ended);
    });
}
