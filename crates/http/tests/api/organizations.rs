//! Organizations: what they say of themselves, their slugs, their owners, and how they are closed.

use crate::kit::rows;
use crate::post::on_each_clock;
use crate::samples::{bare, nothing, unique, upload};
use firma_auth::access::{Grant, Joining, Update};
use firma_domain::organizations::Organization;
use firma_domain::{Id, input};
use firma_services::crud::Expected;
use firma_services::organizations::{self, Terms};
use firma_services::{Refusal, Tx};
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};

/// The least that looks like an image.
const IMAGE: &[u8] = b"RIFF0000WEBP";

/// Both clients call at once.
fn at_once<const N: usize>(calls: [&(dyn Fn() -> Answer + Sync); N]) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let calls: Vec<_> = calls.into_iter().map(|call| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

/// What the platform may do to an organization.
pub(crate) fn platform(organization: Id) -> Grant<Organization, Update> {
    Joining::of(organization, Id::NIL).grant().also()
}

/// Has the platform do something to an organization.
pub(crate) fn by_platform<T: Send + 'static>(
    firm: &Firm<'_>,
    act: fn(&mut Tx<'_>, Grant<Organization, Update>) -> Result<T, Refusal>,
) -> T {
    let organization = firm.id;
    firm.server.write(move |tx| act(tx, platform(organization)))
}

/// How often something stands among the security events of an organization.
fn events(firm: &Firm<'_>, kind: &str) -> i64 {
    let id = firm.server.base.id_literal(firm.id);
    let query =
        format!("SELECT COUNT(*) FROM security_events WHERE type = '{kind}' AND organization_id = {id}");
    firm.server.base.number(&query)
}

/// How often something stands in the log of an organization.
fn entries(firm: &Firm<'_>, action: &str) -> i64 {
    let id = firm.server.base.id_literal(firm.id);
    let query =
        format!("SELECT COUNT(*) FROM audit_entries WHERE action = '{action}' AND organization_id = {id}");
    firm.server.base.number(&query)
}

#[track_caller]
fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().unwrap()
}

fn transfer(client: &Client, firm: &Firm<'_>, to: impl serde::Serialize) -> Answer {
    client.post(&firm.at("transfer"), json!({"owner_id": to}))
}

#[test]
fn an_organization_says_what_it_is_and_how_it_wants_to_work() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let made = firm.owner.get(&firm.path).expect(200);
        let features = json!(["product", "site", "practice", "work", "sales"]);
        assert_eq!(made["settings"]["features"], features);
        assert_eq!(made["metadata"], json!({}));
        assert_eq!(made["created_by"], json!(firm.owner_id));
        let change = json!({
            "domain": "Acme.Example",
            "settings": {"features": ["sales"], "branding": {"primary_color": "#3B82F6"}, "week_start": "SUNDAY"},
            "metadata": {"crm": {"since": 1999}, "note": "two\nlines"},
        });
        let changed = firm.owner.patch(&firm.path, change).expect(200);
        assert_eq!(changed["domain"], "acme.example");
        assert_eq!(changed["settings"]["features"], json!(["sales"]));
        assert_eq!(changed["settings"]["branding"]["accent_color"], json!(null));
        assert_eq!(changed["metadata"]["note"], "two\nlines");
        assert_eq!(firm.owner.get(&firm.path).expect(200), changed);
        let taken = other
            .owner
            .patch(&other.path, json!({"domain": "acme.example"}))
            .problem(409, "not_unique");
        assert_eq!(pointer(&taken), "#/domain");
        let body = json!({"name": "x", "slug": unique(), "domain": "acme.example"});
        let taken = other
            .owner
            .post("/api/v1/organizations", body)
            .problem(409, "not_unique");
        assert_eq!(pointer(&taken), "#/domain");
        for (wrong, at) in [
            (json!({"settings": {"timer": 1}}), "#/settings/timer"),
            (
                json!({"settings": {"features": ["crm"]}}),
                "#/settings/features/0",
            ),
            (
                json!({"settings": {"branding": {"accent_color": "red"}}}),
                "#/settings/branding/accent_color",
            ),
            (json!({"metadata": {"k": "x".repeat(16_400)}}), "#/metadata"),
            (json!({"domain": "10.0.0.1"}), "#/domain"),
            (json!({"status": "suspended"}), "#/status"),
            (json!({"max_users": 1}), "#/max_users"),
            (json!({"subscription_plan": "gold"}), "#/subscription_plan"),
            (json!({"owner_id": other.owner_id}), "#/owner_id"),
            (json!({"slug": "018f3c1e-7000-7000-8000-000000000000"}), "#/slug"),
        ] {
            let problem = firm.owner.patch(&firm.path, wrong).problem(422, "invalid");
            assert_eq!(pointer(&problem), at);
        }
        assert_eq!(firm.owner.get(&firm.path).expect(200), changed);
    });
}

#[test]
fn a_logo_is_an_image_of_the_organization() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (_, employee) = firm.member(Some("employee"));
        employee.get(&firm.at("logo")).problem(404, "not_found");
        let set = |id: &str| firm.owner.patch(&firm.path, json!({"logo_id": id}));
        let text = upload(&firm.owner, &firm.at("files"), b"no image").id();
        let problem = set(&text).problem(422, "invalid");
        assert_eq!(
            (pointer(&problem), &problem["errors"][0]["code"]),
            ("#/logo_id", &json!("file_type"))
        );
        let foreign = upload(&other.owner, &other.at("files"), IMAGE).id();
        let nobodys = nothing(server);
        let refused = |id: &str| {
            let answer = set(id);
            let problem = answer.clone().problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "not_found");
            bare(&answer, id)
        };
        assert_eq!(refused(&foreign), refused(&nobodys));
        let body = json!({"name": "x", "slug": unique(), "logo_id": foreign});
        let problem = other
            .owner
            .post("/api/v1/organizations", body)
            .problem(422, "invalid");
        assert_eq!(pointer(&problem), "#/logo_id");
        let image = upload(&firm.owner, &firm.at("files"), IMAGE).id();
        set(&image).expect(200);
        // Whoever sees the organization sees its logo, though not the file.
        let shown = employee.get(&firm.at("logo"));
        assert_eq!(
            (shown.status, shown.text.as_bytes(), shown.header("content-type")),
            (200, IMAGE, Some("image/webp"))
        );
        let at = firm.at(&format!("files/{image}"));
        employee.get(&at).problem(404, "not_found");
        let expanded = firm.owner.get(&format!("{}?expand=logo", firm.path)).expect(200);
        assert_eq!(expanded["logo"]["id"], json!(image));
        firm.owner.delete(&at).problem(409, "in_use");
        firm.owner.patch(&firm.path, json!({"logo_id": null})).expect(200);
        firm.owner.delete(&at).expect(204);
        set(&image).problem(422, "invalid");
    });
}

#[test]
fn a_former_slug_leads_its_members_to_the_new_one() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (left_id, left) = firm.member(Some("admin"));
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
        firm.owner
            .get(&format!("/api/v1/organizations/{second}/deals"))
            .expect(200);
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

#[test]
fn an_organization_is_handed_over_to_a_member_who_has_accepted() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (heir_id, heir) = firm.member(Some("employee"));
        let (gone, _) = firm.member(Some("admin"));
        firm.owner
            .patch(&firm.at(&format!("members/{gone}")), json!({"is_active": false}))
            .expect(200);
        let asked = json!({"email": format!("{}@heir.example", unique()), "name": "Asked"});
        let asked = firm.owner.post(&firm.at("members"), asked).id();
        let (stranger, nobodys) = (other.owner_id.to_string(), nothing(server));
        for wrong in [&gone.to_string(), &asked, &stranger, &nobodys] {
            let problem = transfer(&firm.owner, &firm, wrong).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "not_found");
            assert_eq!(pointer(&problem), "#/owner_id");
        }
        let same = transfer(&firm.owner, &firm, firm.owner_id).problem(422, "invalid");
        assert_eq!(same["errors"][0]["code"], "same");
        let (ceo_id, ceo) = firm.member(Some("ceo"));
        transfer(&ceo, &firm, ceo_id).problem(403, "owner_required");
        heir.post(&firm.at("transfer"), json!({"owner_id": heir_id}))
            .problem(403, "permission_required");
        let (_, admin) = firm.member(Some("admin"));
        transfer(&admin, &firm, ceo_id).problem(403, "permission_required");
        let after = transfer(&firm.owner, &firm, heir_id).expect(200);
        assert_eq!(after["owner_id"], json!(heir_id));
        assert_eq!(entries(&firm, "organization.transferred"), 1);
        assert_eq!(events(&firm, "organization_transferred"), 1);
        // It is the other's in every way; who was the owner holds ceo until it is taken.
        transfer(&firm.owner, &firm, firm.owner_id).problem(403, "owner_required");
        let held = |user: Id| {
            let held = heir
                .get(&firm.at(&format!("role-assignments?user_id={user}")))
                .expect(200);
            held["data"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|row| row["role_id"] == json!(crate::samples::role("ceo")))
                .map(|row| row["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let (theirs, former) = (held(heir_id), held(firm.owner_id));
        let at = |id: &str| firm.at(&format!("role-assignments/{id}"));
        firm.owner
            .patch(&at(&theirs[0]), json!({"is_active": false}))
            .problem(409, "last_owner");
        heir.patch(&at(&former[0]), json!({"is_active": false}))
            .expect(200);
        let members = |id: Id| firm.at(&format!("members/{id}"));
        ceo.patch(&members(heir_id), json!({"is_active": false}))
            .problem(409, "last_owner");
        heir.patch(&members(firm.owner_id), json!({"is_active": false}))
            .expect(200);
        firm.owner.get(&firm.path).problem(404, "organization_not_found");
    });
}

#[test]
fn who_held_ceo_for_a_while_holds_it_for_good_as_the_owner() {
    on_each(|server| {
        let firm = Firm::new(server);
        let soon = server.read(|tx| Ok(tx.now())).plus_seconds(3_600);
        for change in [json!({"expires_at": soon}), json!({"is_active": false})] {
            let (heir, client) = firm.member(Some("ceo"));
            let held = client
                .get(&firm.at(&format!("role-assignments?user_id={heir}")))
                .expect(200)["data"][0]["id"]
                .clone();
            let at = firm.at(&format!("role-assignments/{}", held.as_str().unwrap()));
            firm.owner.patch(&at, change).expect(200);
            transfer(&firm.owner, &firm, heir).expect(200);
            let held = client.get(&at).expect(200);
            assert_eq!(
                (&held["is_active"], &held["expires_at"]),
                (&json!(true), &json!(null))
            );
            transfer(&client, &firm, firm.owner_id).expect(200);
        }
    });
}

#[test]
fn handing_over_and_deleting_ask_for_the_password_again() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let (heir, _) = firm.member(None);
        clock.by(601);
        transfer(&firm.owner, &firm, heir).problem(403, "step_up_required");
        firm.owner.delete(&firm.path).problem(403, "step_up_required");
        let fresh = server.client(firm.owner_id);
        transfer(&fresh, &firm, heir).expect(200);
        server.client(heir).delete(&firm.path).expect(204);
    });
}

/// Whoever came first, there is one owner, who is active and holds `ceo`.
fn is_owned(firm: &Firm<'_>) -> Id {
    let id = firm.server.base.id_literal(firm.id);
    let role = firm
        .server
        .base
        .id_literal(crate::samples::role("ceo").parse().unwrap());
    let query = format!(
        "SELECT COUNT(*) FROM organizations o JOIN tenants t ON t.id = o.id AND t.owner_id = o.owner_id \
         JOIN memberships m ON m.organization_id = o.id AND m.id = o.owner_id AND m.is_active AND m.joined_at IS NOT NULL \
         JOIN role_assignments a ON a.organization_id = o.id AND a.user_id = m.id AND a.is_active \
         AND a.expires_at IS NULL AND a.role_id = {role} WHERE o.id = {id}"
    );
    assert_eq!(firm.server.base.number(&query), 1);
    let organization = firm.id;
    firm.server.read(move |tx| {
        let grant = firma_auth::access::Operating::on(organization).grant::<Organization>();
        Ok(tx.open(grant)?.find(organization)?.value.owner_id.unwrap())
    })
}

#[test]
fn two_who_hand_over_to_each_other_at_once_leave_one_owner() {
    on_each(|server| {
        for _ in 0..8 {
            let firm = Firm::new(server);
            let (heir_id, heir) = firm.member(Some("ceo"));
            let there = || transfer(&firm.owner, &firm, heir_id);
            let back = || transfer(&heir, &firm, firm.owner_id);
            let mut answers = at_once([&there, &back]);
            let back = answers.pop().unwrap();
            answers.pop().unwrap().expect(200);
            let owner = is_owned(&firm);
            match back.status {
                200 => assert_eq!(owner, firm.owner_id),
                _ => {
                    back.problem(403, "owner_required");
                    assert_eq!(owner, heir_id);
                }
            }
        }
    });
}

#[test]
fn an_organization_goes_to_one_of_two_heirs() {
    on_each(|server| {
        for _ in 0..4 {
            let firm = Firm::new(server);
            let ((one, _), (other, _)) = (firm.member(None), firm.member(None));
            let (first, second) = (
                || transfer(&firm.owner, &firm, one),
                || transfer(&firm.owner, &firm, other),
            );
            let (done, refused): (Vec<_>, Vec<_>) = at_once([&first, &second])
                .into_iter()
                .partition(|answer| answer.status == 200);
            assert_eq!((done.len(), refused.len()), (1, 1));
            refused
                .into_iter()
                .for_each(|answer| drop(answer.problem(403, "owner_required")));
            assert_eq!(done[0].body["owner_id"], json!(is_owned(&firm)));
        }
    });
}

#[test]
fn an_heir_who_is_deactivated_or_loses_ceo_at_once_stays_or_is_none() {
    on_each(|server| {
        for n in 0..8 {
            let firm = Firm::new(server);
            let (heir, _) = firm.member(Some("ceo"));
            let held = firm
                .owner
                .get(&firm.at(&format!("role-assignments?user_id={heir}")))
                .expect(200);
            let held = held["data"][0]["id"].as_str().unwrap();
            let at = match n % 2 {
                0 => firm.at(&format!("members/{heir}")),
                _ => firm.at(&format!("role-assignments/{held}")),
            };
            let hands = || transfer(&firm.owner, &firm, heir);
            let ends = || firm.owner.patch(&at, json!({"is_active": false}));
            let answers = at_once([&hands, &ends]);
            match (answers[0].status, answers[1].status) {
                (200, _) => assert_eq!(is_owned(&firm), heir),
                (422, 200) => assert_eq!(is_owned(&firm), firm.owner_id),
                other => panic!("{other:?}: {} {}", answers[0].text, answers[1].text),
            }
        }
    });
}

#[test]
fn a_deleted_organization_is_shut_to_everybody_and_can_be_opened_by_the_platform() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, admin) = firm.member(Some("admin"));
        let (_, ceo) = firm.member(Some("ceo"));
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let deal = firm.at(&format!("deals/{deal}"));
        admin.delete(&firm.path).problem(403, "permission_required");
        ceo.delete(&firm.path).problem(403, "owner_required");
        let stale = [("if-match", "\"7\"")];
        firm.owner
            .send("DELETE", &firm.path, &stale, None)
            .problem(412, "changed");
        let me = || firm.owner.get("/api/v1/me").expect(200)["memberships"].clone();
        assert_eq!(me().as_array().unwrap().len(), 1);
        firm.owner.delete("/api/v1/me").problem(409, "last_owner");
        firm.owner.delete(&firm.path).expect(204);
        for client in [&firm.owner, &ceo, &admin] {
            for path in [&firm.path, &deal, &format!("/api/v1/organizations/{}", firm.id)] {
                client.get(path).problem(404, "organization_not_found");
            }
            client.delete(&firm.path).problem(404, "organization_not_found");
            client
                .act(&firm.at("restore"))
                .problem(404, "organization_not_found");
        }
        assert_eq!(me(), json!([]));
        // The log stays, and the slug is nobody else's.
        assert_eq!(entries(&firm, "organization.deleted"), 1);
        assert_eq!(events(&firm, "organization_deleted"), 1);
        let body = json!({"name": "x", "slug": firm.slug});
        firm.owner
            .post("/api/v1/organizations", body)
            .problem(409, "not_unique");
        by_platform(&firm, organizations::reopen);
        firm.owner.get(&deal).expect(200);
        assert_eq!(entries(&firm, "organization.restored"), 1);
    });
}

#[test]
fn the_platform_suspends_reactivates_and_measures() {
    on_each(|server| {
        let firm = Firm::new(server);
        let suspended = by_platform(&firm, organizations::suspend);
        assert_eq!(suspended.value.status.as_str(), "suspended");
        firm.owner.get(&firm.path).expect(200);
        for path in ["archive", "restore"] {
            firm.owner
                .act(&firm.at(path))
                .problem(403, "organization_suspended");
        }
        transfer(&firm.owner, &firm, firm.owner_id).problem(403, "organization_suspended");
        firm.owner
            .delete(&firm.path)
            .problem(403, "organization_suspended");
        by_platform(&firm, organizations::reactivate);
        let terms = |terms: Value| {
            let (terms, grant) = (terms.clone(), platform(firm.id));
            server.write(move |tx| {
                let terms: Terms = input::plain(terms.clone())?;
                Ok(organizations::set_terms(tx, grant, terms, &Expected::default())
                    .map_err(|refusal| refusal.to_string()))
            })
        };
        let set = terms(json!({"max_users": 1, "subscription_plan": "gold"})).unwrap();
        assert_eq!(set.value.max_users, Some(1));
        let body = json!({"email": "one-more@limit.example", "name": "x"});
        firm.owner
            .post(&firm.at("members"), body)
            .problem(409, "member_limit");
        let set = terms(json!({"max_users": null})).unwrap();
        assert_eq!(
            (set.value.max_users, set.value.subscription_plan.as_deref()),
            (None, Some("gold"))
        );
        assert!(terms(json!({"max_users": 0})).is_err());
        for (kind, action) in [
            ("organization_suspended", "organization.suspended"),
            ("organization_reactivated", "organization.reactivated"),
        ] {
            assert_eq!((events(&firm, kind), entries(&firm, action)), (1, 1), "{kind}");
        }
        let organization = firm.id;
        let again = server.write(move |tx| {
            Ok(organizations::reactivate(tx, platform(organization)).map_err(|refusal| refusal.to_string()))
        });
        assert_eq!(again.unwrap_err(), "only from suspended");
    });
}

#[test]
fn whoever_makes_an_organization_for_another_is_not_its_owner() {
    on_each(|server| {
        let (by, owner) = (
            Firm::user(server, "by@platform.example"),
            Firm::user(server, "owner@platform.example"),
        );
        let body = json!({"name": "Made", "slug": unique()});
        let found = |owner: Id| {
            let organization: Organization = input::read(body.clone()).unwrap();
            server.write(move |tx| {
                Ok(organizations::found_for(tx, by, owner, organization.clone())
                    .map_err(|refusal| refusal.to_string()))
            })
        };
        let nobody = nothing(server).parse().unwrap();
        assert!(found(nobody).is_err());
        let made = found(owner).unwrap();
        assert_eq!((made.created_by, made.value.owner_id), (Some(by), Some(owner)));
        let path = format!("/api/v1/organizations/{}", made.id);
        server.client(owner).get(&path).expect(200);
        server
            .client(by)
            .get(&path)
            .problem(404, "organization_not_found");
    });
}

#[test]
fn a_member_who_is_deactivated_is_in_no_team() {
    on_each(|server| {
        let firm = Firm::new(server);
        let ((stays, manager), (goes, _)) = (firm.member(Some("manager")), firm.member(Some("employee")));
        firm.team(&[stays, goes]);
        let deal = json!({"title": "x", "owner_id": goes});
        let deal = firm.owner.post(&firm.at("deals"), deal).id();
        let deal = firm.at(&format!("deals/{deal}"));
        manager.get(&deal).expect(200);
        let member = firm.at(&format!("members/{goes}"));
        firm.owner.patch(&member, json!({"is_active": false})).expect(200);
        manager.get(&deal).problem(404, "not_found");
        let team = firm
            .owner
            .get(&firm.at(&format!("team-members?user_id={goes}")))
            .expect(200);
        assert_eq!(team["data"], json!([]));
        assert_eq!(entries(&firm, "team_member.deleted"), 1);
        // The rows stay theirs.
        let back = firm.owner.patch(&member, json!({"is_active": true})).expect(200);
        assert_eq!(back["is_active"], true);
        assert_eq!(firm.owner.get(&deal).expect(200)["owner_id"], json!(goes));
    });
}

#[test]
fn what_is_kept_of_a_member_is_the_organizations() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (id, client) = firm.member(Some("employee"));
        let at = firm.at(&format!("members/{id}"));
        let change = json!({"title": "Engineer", "department": "R&D", "metadata": {"badge": 7}});
        client
            .patch(&at, change.clone())
            .problem(403, "permission_required");
        let changed = firm.owner.patch(&at, change).expect(200);
        assert_eq!(
            (&changed["title"], &changed["department"], &changed["metadata"]),
            (&json!("Engineer"), &json!("R&D"), &json!({"badge": 7}))
        );
        for (wrong, at_field) in [
            (json!({"metadata": []}), "#/metadata"),
            (json!({"metadata": {"k": "x".repeat(16_400)}}), "#/metadata"),
            (json!({"title": "x".repeat(101)}), "#/title"),
            (json!({"email": "other@member.example"}), "#/email"),
        ] {
            let problem = firm.owner.patch(&at, wrong).problem(422, "invalid");
            assert_eq!(pointer(&problem), at_field);
        }
    });
}
