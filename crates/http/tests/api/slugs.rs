//! An organization that was renamed is found under its former slug for a while, by those in it.

use crate::keys::{key_of, with};
use crate::kit::rows;
use crate::owners::{at_once, entries, pointer};
use crate::post::on_each_clock;
use crate::samples::{bare, unique, upload};
use firma_testing::{Answer, Client, Firm, on_each};
use serde_json::json;

#[test]
fn a_former_slug_leads_its_members_to_the_new_one() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (left_id, left) = firm.member(Some("admin"));
        let both = Firm::of(server, unique(), firm.owner_id);
        let program_of = |firm: &Firm| key_of(firm, &firm.owner, with(&["deals:read:org"])).1;
        let [program, others, makers] = [&firm, &other, &both].map(program_of);
        let former = firm.path.clone();
        let (first, second) = (unique(), unique());
        let rename = |slug: &str| {
            let path = format!("/api/v1/organizations/{}", firm.id);
            firm.owner.patch(&path, json!({"slug": slug})).expect(200)
        };
        rename(&first);
        assert_eq!(rename(&second)["slug"], json!(second));
        assert_eq!(entries(&firm, "organization.renamed"), 2);
        let leads = |answer: Answer, to: &str| {
            let location = format!("/api/v1/organizations/{second}{to}");
            assert_eq!(answer.header("location"), Some(location.as_str()));
            answer.problem(308, "organization_renamed");
        };
        for old in [former.as_str(), &format!("/api/v1/organizations/{first}")] {
            leads(firm.owner.get(old), "");
            leads(
                firm.owner.get(&format!("{old}/deals?limit=1&sort=-value")),
                "/deals?limit=1&sort=-value",
            );
            leads(
                firm.owner.post(&format!("{old}/deals"), json!({"title": "x"})),
                "/deals",
            );
            leads(firm.owner.patch(old, json!({"name": "x"})), "");
            leads(
                firm.owner.delete(&format!("{old}/deals/{}", firm.id)),
                &format!("/deals/{}", firm.id),
            );
            leads(upload(&firm.owner, &format!("{old}/files"), b"x"), "/files");
        }
        let now = format!("/api/v1/organizations/{second}/deals");
        firm.owner.get(&now).expect(200);
        // A key knows the former slugs of its own organization, and no other's, though its maker is there.
        let deals = format!("{former}/deals");
        leads(program.get(&deals), "/deals");
        program.get(&now).expect(200);
        for foreign in [&others, &makers] {
            foreign.get(&deals).problem(404, "organization_not_found");
        }
        assert_eq!(rows(server, "deals"), 0);
        // Who is no member, or no longer, learns nothing.
        let path = format!("/api/v1/organizations/{}/members/{left_id}", firm.id);
        firm.owner.patch(&path, json!({"is_active": false})).expect(200);
        for stranger in [&other.owner, &left] {
            let (there, nobodys) = (stranger.get(&former), unique());
            let nowhere = stranger.get(&format!("/api/v1/organizations/{nobodys}"));
            assert_eq!(bare(&there, &firm.slug), bare(&nowhere, &nobodys));
            there.problem(404, "organization_not_found");
        }
        server.nobody().get(&former).problem(401, "unauthenticated");
    });
}

#[test]
fn a_former_slug_is_nobody_elses_for_ninety_days() {
    on_each_clock(|server, clock| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (old, new) = (firm.slug.clone(), unique());
        let path = format!("/api/v1/organizations/{}", firm.id);
        let others = format!("/api/v1/organizations/{}", other.id);
        let rename = |slug: &str| firm.owner.patch(&path, json!({"slug": slug}));
        rename(&new).expect(200);
        let third = Firm::new(server);
        third
            .owner
            .patch(&third.path, json!({"slug": unique()}))
            .expect(200);
        let takes = |client: &Client| {
            [
                client.patch(&others, json!({"slug": old})),
                client.post("/api/v1/organizations", json!({"name": "x", "slug": old})),
            ]
        };
        for answer in takes(&other.owner) {
            assert_eq!(pointer(&answer.problem(409, "not_unique")), "#/slug");
        }
        // Its own again, and away once more.
        rename(&old).expect(200);
        firm.owner.get(&firm.path).expect(200);
        let back = firm.owner.get(&format!("/api/v1/organizations/{new}"));
        assert_eq!(back.header("location"), Some(firm.path.as_str()));
        rename(&new).expect(200);
        clock.by(90 * 86_400 - 60);
        let (owner, others_owner) = (server.client(firm.owner_id), server.client(other.owner_id));
        owner.get(&firm.path).problem(308, "organization_renamed");
        others_owner
            .patch(&others, json!({"slug": old}))
            .problem(409, "not_unique");
        clock.by(120);
        owner.get(&firm.path).problem(404, "organization_not_found");
        others_owner.patch(&others, json!({"slug": old})).expect(200);
        others_owner.get(&firm.path).expect(200);
        // What leads nowhere any more goes with the hourly clean-up; what is new stays.
        let swept = server.write(|tx| Ok(tx.sweep_slugs(tx.now(), 500)?));
        assert_eq!((swept, rows(server, "former_slugs")), (1, 1));
    });
}

#[test]
fn ten_former_slugs_lead_to_an_organization_and_no_more() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let path = format!("/api/v1/organizations/{}", firm.id);
        let rename = |client: &Client, slug: &str| client.patch(&path, json!({"slug": slug}));
        for _ in 0..10 {
            rename(&firm.owner, &unique()).expect(200);
        }
        let problem = rename(&firm.owner, &unique()).problem(409, "slug_limit");
        assert_eq!(pointer(&problem), "#/slug");
        // One of its own again is one less, and nothing else is refused.
        rename(&firm.owner, &firm.slug).expect(200);
        firm.owner.patch(&path, json!({"name": "Renamed"})).expect(200);
        rename(&firm.owner, &unique()).problem(409, "slug_limit");
        clock.by(90 * 86_400 + 60);
        rename(&server.client(firm.owner_id), &unique()).expect(200);
    });
}

#[test]
fn a_slug_that_is_given_up_and_taken_at_once_is_not_the_others() {
    on_each(|server| {
        for _ in 0..8 {
            let (firm, other) = (Firm::new(server), Firm::new(server));
            let (path, others) = (
                format!("/api/v1/organizations/{}", firm.id),
                format!("/api/v1/organizations/{}", other.id),
            );
            let gives = || firm.owner.patch(&path, json!({"slug": unique()}));
            let takes = || other.owner.patch(&others, json!({"slug": firm.slug}));
            let answers = at_once([&gives, &takes]);
            assert_eq!(answers[0].status, 200, "{}", answers[0].text);
            answers[1].clone().problem(409, "not_unique");
        }
    });
}
