//! Organizations: what they say of themselves, how they want to work, and their members.

use crate::invitations_answered::register;
use crate::keys::with;
use crate::kit::texts;
use crate::owners::{entries, pointer};
use crate::post::{mail, on_each_clock, token};
use crate::samples::{bare, nothing, role, unique, upload};
use crate::second_factor::{PATH as FACTOR, code, factored};
use firma_auth::access::Verb;
use firma_domain::organizations::Feature;
use firma_persistence::access::{Known, Segment};
use firma_services::Refusal;
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

/// The least that looks like an image.
const IMAGE: &[u8] = b"RIFF0000WEBP";

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
        let left = json!({"metadata": {"crm": {"since": null}, "note": null}});
        let left = firm.owner.patch(&firm.path, left).expect(200);
        assert_eq!(left["metadata"], json!({"crm": {}}));
        assert_eq!(left["settings"], changed["settings"]);
        // A claim keeps nobody from claiming the same.
        other
            .owner
            .patch(&other.path, json!({"domain": "acme.example"}))
            .expect(200);
        let body = json!({"name": "x", "slug": unique(), "domain": "acme.example"});
        other.owner.post("/api/v1/organizations", body).expect(201);
        for (wrong, at) in [
            (json!({"settings": {"timer": 1}}), "#/settings/timer"),
            (json!({"settings": []}), "#/settings"),
            (json!({"settings": {"branding": []}}), "#/settings/branding"),
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
        assert_eq!(firm.owner.get(&firm.path).expect(200), left);
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
fn who_lacks_the_second_factor_that_an_organization_asks_for_stays_outside() {
    on_each_clock(|server, clock| {
        let (email, owner, _, _) = factored(server, clock);
        let me = owner.get("/api/v1/me").expect(200);
        assert_eq!(me["user"]["email"], json!(email));
        let at = |below: &str| {
            let id = me["memberships"][0]["organization_id"].as_str().unwrap();
            format!("/api/v1/organizations/{id}{below}")
        };
        let elsewhere = Firm::new(server);
        let (member, client) = elsewhere.member(None);
        let body = json!({"email": member_email(&client), "name": "x", "role_ids": [role("admin")]});
        owner.post(&at("/members"), body).expect(201);
        client
            .act(&format!(
                "/api/v1/me/memberships/{}/accept",
                me["memberships"][0]["organization_id"].as_str().unwrap()
            ))
            .expect(200);
        let asks = |client: &Client, whether: bool| {
            let settings = json!({"settings": {"second_factor_required": whether}});
            client.patch(&at(""), settings)
        };
        // Who has none doesn't ask for it, and so doesn't shut themselves out.
        let refused = asks(&client, true).problem(422, "invalid");
        assert_eq!(pointer(&refused), "#/settings/second_factor_required");
        let body = json!({"name": "x", "slug": unique(), "settings": {"second_factor_required": true}});
        elsewhere
            .owner
            .post("/api/v1/organizations", body)
            .problem(422, "invalid");
        client.get(&at("/deals")).expect(200);
        let late = format!("{}@late.example", unique());
        let body = json!({"email": late, "role_ids": [role("employee")]});
        client.post(&at("/invitations"), body).expect(201);
        let asked = token(&mail(server, &late));
        asks(&owner, true).expect(200);
        // Nor does anybody come in with what they may no longer give.
        let joined = register(server, &asked).expect(200);
        assert_eq!(
            (&joined["role_ids"], &joined["withheld_role_ids"]),
            (&json!([]), &json!([role("employee")]))
        );
        // No key waives it, though it may change the organization otherwise.
        let key = owner
            .post(&at("/api-keys"), with(&["organizations:update:org"]))
            .expect(201);
        let program = server.nobody().with_token(key["key"].as_str().map(str::to_owned));
        asks(&program, false).problem(403, "key_not_allowed");
        asks(&program, true).expect(200);
        for below in ["", "/deals", "/members", "/roles"] {
            client.get(&at(below)).problem(403, "second_factor_missing");
            owner.get(&at(below)).expect(200);
        }
        client
            .post(&at("/deals"), json!({"title": "x"}))
            .problem(403, "second_factor_missing");
        // Who is inside is told why, and that the member could change it, or who may change the organization.
        let why = || {
            let query = format!("/access/explain?user={member}&permission=deals:create");
            owner.get(&at(&query)).expect(200)
        };
        let told = why();
        assert_eq!(
            (&told["allowed"], &told["reason"], &told["missing"]),
            (&json!(false), &json!("second_factor_missing"), &Value::Null)
        );
        assert_eq!(told["because"][0]["gives"], true);
        let owner_id = &me["user"]["id"];
        let changed_by: Vec<_> = texts(told["changed_by"].as_array().unwrap(), "user_id");
        assert_eq!(changed_by[0], member.to_string());
        assert!(changed_by.iter().any(|id| json!(id) == *owner_id), "{told}");
        // A stranger is told nothing of it, and elsewhere nothing has changed.
        elsewhere
            .owner
            .get(&at(""))
            .problem(404, "organization_not_found");
        client.get("/api/v1/me").expect(200);
        client.get(&elsewhere.path).problem(403, "permission_required");
        // One that isn't confirmed is none.
        let secret = client.act(FACTOR).expect(200)["secret"].clone();
        client.get(&at("")).problem(403, "second_factor_missing");
        let body = json!({"code": code(&secret, clock, 0)});
        client.post(&format!("{FACTOR}/confirm"), body).expect(200);
        client.get(&at("/deals")).expect(200);
        assert_eq!(why()["allowed"], true);
        client.delete(FACTOR).expect(204);
        client.get(&at("/deals")).problem(403, "second_factor_missing");
        asks(&owner, false).expect(200);
        client.get(&at("/deals")).expect(200);
        for kind in ["second_factor_demanded", "second_factor_waived"] {
            let query = format!("SELECT COUNT(*) FROM security_events WHERE type = '{kind}'");
            assert_eq!(server.base.number(&query), 1, "{kind}");
        }
        assert_ne!(member, elsewhere.owner_id);
    });
}

fn member_email(client: &Client) -> Value {
    client.get("/api/v1/me").expect(200)["user"]["email"].clone()
}

#[test]
fn the_modules_that_an_organization_does_without_are_known_when_a_call_begins() {
    on_each(|server| {
        let firm = Firm::new(server);
        let off = || {
            let (user, session, at) = (firm.owner_id, server.session(firm.owner_id), Segment::Id(firm.id));
            server.read(move |tx| match tx.facts(user, session, &at)? {
                Known::Member(facts, ..) => Ok((
                    facts.tenant.off.clone(),
                    facts.scope("quotes", Verb::Read).is_some(),
                    facts.scope("tasks", Verb::Read).is_some(),
                )),
                _ => Err(Refusal::OrganizationNotFound),
            })
        };
        assert_eq!(off(), (vec![], true, true));
        let change = json!({"settings": {"features": ["work", "product", "site"]}});
        firm.owner.patch(&firm.path, change).expect(200);
        assert_eq!(off(), (vec![Feature::Practice, Feature::Sales], false, true));
        // What has landed can't be switched off.
        firm.owner.get(&firm.at("deals")).expect(200);
        let (_, manager) = firm.member(Some("manager"));
        manager.get(&firm.at("deals")).expect(200);
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
        // Keys are a hundred at most, and a null makes room.
        let keys =
            |from: u32, to: u32| -> Value { (from..to).map(|n| (format!("k{n}"), json!(n))).collect() };
        let metadata = |metadata: Value| firm.owner.patch(&at, json!({"metadata": metadata}));
        metadata(keys(0, 99)).expect(200);
        assert_eq!(
            pointer(&metadata(json!({"one": 1})).problem(422, "invalid")),
            "#/metadata"
        );
        let changed = metadata(json!({"badge": null, "one": 1})).expect(200);
        assert_eq!(changed["metadata"]["one"], 1);
        assert_eq!(changed["metadata"].get("badge"), None);
        assert_eq!(metadata(json!(null)).expect(200)["metadata"], json!({}));
    });
}
