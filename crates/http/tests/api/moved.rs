//! A part that somebody else moves away, or deletes, while its whole is being deleted: it is no part any more once it is
//! held, and stays where it was put.

use crate::kit::{data, pointers};
use crate::relied_on::{Writing, begun, call, meanwhile};
use firma_auth::access::{Create, Delete, Update};
use firma_domain::crm::{Activity, Company, Contact, Deal};
use firma_domain::organizations::TeamMember;
use firma_services::Keeping;
use firma_services::crud::{self, Expected};
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

/// Who deletes a row of a kind.
type Deleting = fn(&Firm<'_>, &str) -> Writing;

fn made(firm: &Firm<'_>, collection: &str, body: Value) -> String {
    firm.owner.post(&firm.at(collection), body).id()
}

/// The owner changes a row.
fn changing<E: Keeping>(firm: &Firm<'_>, id: &str, patch: Value) -> Writing {
    let id = id.parse().unwrap();
    call(firm, firm.owner_id, move |work| {
        let grant = work.grant::<E, Update>()?;
        crud::update(work, grant, id, patch.clone(), &Expected::default()).map(drop)
    })
}

/// The owner deletes a row.
fn deleting<E: Keeping>(firm: &Firm<'_>, id: &str) -> Writing {
    let id = id.parse().unwrap();
    call(firm, firm.owner_id, move |work| {
        let grant = work.grant::<E, Delete>()?;
        crud::delete(work, grant, id, &Expected::default()).map(drop)
    })
}

#[test]
fn what_moves_to_another_company_at_once_stays() {
    on_each(|server| {
        let firm = Firm::new(server);
        let [old, new] = ["Old", "New"].map(|name| made(&firm, "companies", json!({"name": name})));
        let contact = made(&firm, "contacts", json!({"name": "Ann", "company_id": old}));
        let activity = json!({"kind": "NOTE", "subject": "A", "company_id": old});
        let activity = made(&firm, "activities", activity);
        let at = firm.at(&format!("companies/{old}"));
        let to = json!({"company_id": new});
        for (path, moving) in [
            (
                format!("contacts/{contact}"),
                changing::<Contact>(&firm, &contact, to.clone()),
            ),
            (
                format!("activities/{activity}"),
                changing::<Activity>(&firm, &activity, to.clone()),
            ),
        ] {
            let (moved, deleted) = meanwhile(server, moving, || firm.owner.delete(&at));
            moved.unwrap();
            deleted.expect(204);
            let stayed = firm.owner.get(&firm.at(&path)).expect(200);
            assert_eq!(stayed["company_id"], json!(new), "{path}");
            firm.owner.post(&format!("{at}/restore"), json!({})).expect(200);
        }
    });
}

/// What an activity is about is deleted at once: before it, and there is none; after it, and it goes too.
#[test]
fn what_is_made_about_something_that_goes_at_once_goes_too() {
    on_each(|server| {
        let firm = Firm::new(server);
        let other = made(&firm, "companies", json!({"name": "Other"}));
        let about = |id: &str, field: &str| json!({"kind": "NOTE", "subject": "A", field: id});
        let count = || data(&firm.owner.get(&firm.at("activities")).expect(200)).len();
        let each: [(&str, &str, Value, Deleting); 3] = [
            (
                "companies",
                "company_id",
                json!({"name": "A"}),
                deleting::<Company>,
            ),
            (
                "contacts",
                "contact_id",
                json!({"name": "A"}),
                deleting::<Contact>,
            ),
            ("deals", "deal_id", json!({"title": "A"}), deleting::<Deal>),
        ];
        for (collection, field, body, deleting) in each {
            let gone = made(&firm, collection, body.clone());
            let (deleted, refused) = meanwhile(server, deleting(&firm, &gone), || {
                firm.owner.post(&firm.at("activities"), about(&gone, field))
            });
            deleted.unwrap();
            assert_eq!(pointers(&refused.problem(422, "invalid")), [format!("#/{field}")]);

            let gone = made(&firm, collection, body);
            let activity = about(&gone, field);
            let make = call(&firm, firm.owner_id, move |work| {
                let grant = work.grant::<Activity, Create>()?;
                crud::create(work, grant, activity.clone()).map(drop)
            });
            let making = begun::<Company>(&firm, firm.owner_id, other.parse().unwrap(), make);
            let at = firm.at(&format!("{collection}/{gone}"));
            let (made, deleted) = meanwhile(server, making, || firm.owner.delete(&at));
            made.unwrap();
            deleted.expect(204);
            assert_eq!(count(), 0, "{collection}");
        }
    });
}

#[test]
fn what_is_deleted_at_once_is_in_no_ones_way() {
    on_each(|server| {
        let firm = Firm::new(server);
        let company = made(&firm, "companies", json!({"name": "Old"}));
        let contact = made(&firm, "contacts", json!({"name": "Ann", "company_id": company}));
        let at = firm.at(&format!("companies/{company}"));
        let gone = deleting::<Contact>(&firm, &contact);
        let (gone, deleted) = meanwhile(server, gone, || firm.owner.delete(&at));
        gone.unwrap();
        deleted.expect(204);
    });
}

/// Who makes way for another primary contact may have gone at once, or have been moved away: nobody is in the way then.
#[test]
fn a_primary_contact_comes_after_one_who_goes_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let [old, new] = ["Old", "New"].map(|name| made(&firm, "companies", json!({"name": name})));
        let primary = |name: &str| json!({"name": name, "company_id": old, "is_primary": true});
        let ann = made(&firm, "contacts", primary("Ann"));
        let (gone, made_primary) = meanwhile(server, deleting::<Contact>(&firm, &ann), || {
            firm.owner.post(&firm.at("contacts"), primary("Bob"))
        });
        gone.unwrap();
        let bob = made_primary.id();
        let to = changing::<Contact>(&firm, &bob, json!({"company_id": new}));
        let (moved, made_primary) = meanwhile(server, to, || {
            firm.owner.post(&firm.at("contacts"), primary("Eve"))
        });
        moved.unwrap();
        made_primary.expect(201);
        let stayed = firm.owner.get(&firm.at(&format!("contacts/{bob}"))).expect(200);
        assert_eq!(stayed["version"], 2, "it was changed once");
        // Who comes back is it only where nobody else is.
        let at = firm.at(&format!("contacts/{ann}/restore"));
        assert_eq!(firm.owner.post(&at, json!({})).expect(200)["is_primary"], false);
    });
}

#[test]
fn a_place_that_moves_to_another_team_or_member_at_once_stays() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (ann, _) = firm.member(None);
        let (bob, _) = firm.member(None);
        let [old, new] = [firm.team(&[]), firm.team(&[])];
        let place = made(&firm, "team-members", json!({"team_id": old, "user_id": ann}));
        let at = firm.at(&format!("team-members/{place}"));
        let to = changing::<TeamMember>(&firm, &place, json!({"team_id": new}));
        let old = firm.at(&format!("teams/{old}"));
        let (moved, deleted) = meanwhile(server, to, || firm.owner.delete(&old));
        moved.unwrap();
        deleted.expect(204);
        assert_eq!(firm.owner.get(&at).expect(200)["team_id"], json!(new));

        let to = changing::<TeamMember>(&firm, &place, json!({"user_id": bob}));
        let ann = firm.at(&format!("members/{ann}"));
        let inactive = json!({"is_active": false});
        let (moved, left) = meanwhile(server, to, || firm.owner.patch(&ann, inactive));
        moved.unwrap();
        left.expect(200);
        assert_eq!(firm.owner.get(&at).expect(200)["user_id"], json!(bob.to_string()));
    });
}
