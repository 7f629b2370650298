//! People with an account and organizations' own rows, as the platform sees them.

use crate::kit::{data, texts, walk};
use crate::platform::{ROOT, events};
use crate::samples::unique;
use firma_domain::Id;
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

#[test]
fn users_are_found_locked_and_opened() {
    on_each(|server| {
        let (_, admin) = Firm::platform(server, "website_admin");
        let mark = unique().replace('-', "");
        let firm = Firm::new(server);
        let made: Vec<_> = (0..5)
            .map(|n| {
                let body = json!({"email": format!("{mark}{n}@people.example"), "name": format!("Şule {mark} Önder{n}")});
                firm.owner.post(&firm.at("members"), body).id()
            })
            .collect();
        let list = |query: &str| data(&admin.get(&format!("{ROOT}/users?{query}")).expect(200));
        assert_eq!(list(&format!("q={mark}")).len(), 5);
        assert_eq!(list(&format!("q={mark}+sule")).len(), 5);
        assert_eq!(texts(&list(&format!("q=onder3+{mark}")), "id"), [made[3].clone()]);
        assert_eq!(texts(&list(&format!("q={mark}2")), "id"), [made[2].clone()]);
        assert_eq!(
            list(&format!("login={mark}4%40PEOPLE.example"))[0]["id"],
            json!(made[4])
        );
        assert_eq!(list(&format!("login={mark}")), [] as [Value; 0]);
        let walked = walk(&admin, &format!("{ROOT}/users?q={mark}&limit=2"));
        let newest_first: Vec<_> = made.iter().rev().cloned().collect();
        assert_eq!(texts(&walked, "id"), newest_first);
        // A cursor is good for its own search alone.
        let page = admin.get(&format!("{ROOT}/users?q={mark}&limit=2")).expect(200);
        let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
        admin
            .get(&format!("{ROOT}/users?q=other&cursor={cursor}"))
            .problem(400, "invalid_cursor");
        admin
            .get(&format!("{ROOT}/users?q=-"))
            .problem(400, "invalid_value");
        admin
            .get(&format!("{ROOT}/users?is_active=2"))
            .problem(400, "invalid_value");
        admin
            .get(&format!("{ROOT}/users?name=x"))
            .problem(400, "unknown_parameter");

        let (user, client) = firm.member(Some("employee"));
        let path = format!("{ROOT}/users/{user}");
        let shown = admin.get(&path).expect(200);
        assert!(shown["email"].is_string() && shown.get("bio").is_none() && shown.get("hash").is_none());
        let tag = admin.get(&path).header("etag").unwrap().to_owned();
        let known = admin.send("GET", &path, &[("if-none-match", &tag)], None);
        assert_eq!(known.status, 304);
        let locked = admin.act(&format!("{path}/deactivate")).expect(200);
        assert_eq!(
            (&locked["is_active"], &locked["version"]),
            (&json!(false), &json!(shown["version"].as_i64().unwrap() + 1))
        );
        client.get("/api/v1/me").problem(401, "unauthenticated");
        assert_eq!(server.sign_in(user), None, "there is no new session");
        assert_eq!(list("is_active=false")[0]["id"], json!(user));
        admin.act(&format!("{path}/deactivate")).expect(200);
        admin.act(&format!("{path}/reactivate")).expect(200);
        client.get("/api/v1/me").problem(401, "unauthenticated");
        server.client(user).get("/api/v1/me").expect(200);
        assert_eq!(list("is_active=false"), [] as [Value; 0]);
        assert_eq!(events(&admin, "user_deactivated", 1).len(), 1);
        assert_eq!(events(&admin, "user_reactivated", 1)[0]["user_id"], json!(user));
        admin
            .act(&format!("{ROOT}/users/{}/deactivate", firm.id))
            .problem(404, "not_found");
    });
}

#[test]
fn a_user_is_found_by_a_new_name_and_no_longer_by_the_old_one() {
    on_each(|server| {
        let (_, admin) = Firm::platform(server, "website_admin");
        let (old, new) = (unique().replace('-', ""), unique().replace('-', ""));
        let user = Firm::user(server, &format!("{}@people.example", unique()));
        let client = server.client(user);
        let found = |word: &str| data(&admin.get(&format!("{ROOT}/users?q={word}")).expect(200)).len();
        client
            .patch("/api/v1/me", json!({"name": format!("Ann {old}")}))
            .expect(200);
        assert_eq!((found(&old), found(&new)), (1, 0));
        client
            .patch("/api/v1/me", json!({"name": format!("Ann {new}")}))
            .expect(200);
        assert_eq!((found(&old), found(&new)), (0, 1));
        client.delete("/api/v1/me").expect(204);
        assert_eq!((found(&old), found(&new)), (0, 0));
    });
}

#[test]
fn organizations_are_seen_from_outside_alone() {
    on_each(|server| {
        let (platform, admin) = Firm::platform(server, "website_admin");
        let firms = [Firm::new(server), Firm::new(server)];
        let path = format!("{ROOT}/organizations/{}", firms[0].id);
        let list = |query: &str| data(&admin.get(&format!("{ROOT}/organizations?{query}")).expect(200));
        assert_eq!(
            texts(&list(""), "slug"),
            [firms[1].slug.clone(), firms[0].slug.clone()]
        );
        assert_eq!(
            texts(&list(&format!("slug={}", firms[0].slug)), "slug"),
            [firms[0].slug.clone()]
        );
        let walked = walk(&admin, &format!("{ROOT}/organizations?status=active&limit=1"));
        assert_eq!(walked.len(), 2);
        assert_eq!(list("status=suspended"), [] as [Value; 0]);
        let own = firms[0].owner.get(&firms[0].path).expect(200);
        assert_eq!(admin.get(&path).expect(200), own);
        // A slug names it to its members only.
        admin
            .get(&format!("{ROOT}/organizations/{}", firms[0].slug))
            .problem(404, "not_found");
        let terms = admin
            .patch(&path, json!({"max_users": 7, "subscription_plan": "team"}))
            .expect(200);
        assert_eq!(
            (&terms["max_users"], &terms["subscription_plan"]),
            (&json!(7), &json!("team"))
        );
        assert_eq!(firms[0].owner.get(&firms[0].path).expect(200), terms);
        let terms = admin.patch(&path, json!({"max_users": null})).expect(200);
        assert_eq!(
            (&terms["max_users"], &terms["subscription_plan"]),
            (&json!(null), &json!("team"))
        );
        admin
            .send(
                "PATCH",
                &path,
                &[("if-match", "\"1\"")],
                Some(b"{\"max_users\": 1}"),
            )
            .problem(412, "changed");
        for (body, pointer) in [
            (json!({"name": "Mine"}), "#/name"),
            (json!({"max_users": 0}), "#/max_users"),
            (
                json!({"subscription_plan": "x".repeat(51)}),
                "#/subscription_plan",
            ),
        ] {
            let problem = admin.patch(&path, body).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        // The organization sees who did it.
        let log = firms[0]
            .owner
            .get(&firms[0].at(&format!("audit-entries?actor_id={platform}")))
            .expect(200);
        let log = data(&log);
        assert_eq!(log.len(), 2);
        assert_eq!(log[1]["changes"]["max_users"], json!([null, 7]));
    });
}

#[test]
fn an_organization_is_made_for_somebody_else() {
    on_each(|server| {
        let (platform, admin) = Firm::platform(server, "website_admin");
        let email = format!("{}@owners.example", unique());
        let create = |slug: &str, owner: Value| {
            let body = json!({"name": "Nordlicht", "slug": slug, "owner": owner});
            admin.post(&format!("{ROOT}/organizations"), body)
        };
        let slug = unique();
        let made = create(&slug, json!({"email": email, "name": "Kim Winter"})).expect(201);
        assert_eq!(made["created_by"], json!(platform));
        let owner: Id = made["owner_id"].as_str().unwrap().parse().unwrap();
        assert_ne!(owner, platform);
        let shown = admin.get(&format!("{ROOT}/users/{owner}")).expect(200);
        assert_eq!(
            (&shown["email"], &shown["name"]),
            (&json!(email), &json!("Kim Winter"))
        );
        // Who made it is no member, and the owner owns it.
        let path = format!("/api/v1/organizations/{slug}");
        admin.get(&path).problem(404, "organization_not_found");
        let client = server.client(owner);
        client.get(&path).expect(200);
        client
            .post(&format!("{path}/companies"), json!({"name": "First"}))
            .expect(201);
        // Somebody who is known keeps the name.
        let second = unique();
        let made = create(&second, json!({"email": email, "name": "Other"})).expect(201);
        assert_eq!(made["owner_id"], json!(owner));
        assert_eq!(
            admin.get(&format!("{ROOT}/users/{owner}")).expect(200)["name"],
            "Kim Winter"
        );
        create(&second, json!({"email": email})).problem(409, "not_unique");
        for (owner, pointer) in [
            (json!({"email": "none"}), "#/owner/email"),
            (json!({"email": email, "age": 3}), "#/owner/age"),
            (
                json!({"email": format!("{}@x.example", unique()), "name": "x".repeat(256)}),
                "#/owner/name",
            ),
        ] {
            let problem = create(&unique(), owner).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        let nobodys = json!({"name": "Nordlicht", "slug": unique()});
        let problem = admin
            .post(&format!("{ROOT}/organizations"), nobodys)
            .problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/owner");
        let wrong = json!({"name": "Nordlicht", "slug": unique(), "colour": 1});
        let problem = admin
            .post(&format!("{ROOT}/organizations"), wrong)
            .problem(422, "invalid");
        let pointers = problem["errors"].as_array().unwrap().iter();
        let pointers: Vec<_> = pointers.map(|error| &error["pointer"]).collect();
        assert_eq!(pointers, ["#/colour", "#/owner"]);
    });
}

#[test]
fn an_organization_is_shut_and_opened_by_the_platform() {
    on_each(|server| {
        let (platform, admin) = Firm::platform(server, "website_admin");
        let (_, owner) = Firm::platform(server, "website_owner");
        let firm = Firm::new(server);
        let path = format!("{ROOT}/organizations/{}", firm.id);
        let write = || {
            let body = json!({"name": unique()});
            firm.owner.post(&firm.at("companies"), body)
        };
        let act = |verb: &str| admin.act(&format!("{path}/{verb}"));
        act("reactivate").problem(409, "transition");
        assert_eq!(act("suspend").expect(200)["status"], "suspended");
        act("suspend").problem(409, "transition");
        write().problem(403, "organization_suspended");
        firm.owner.get(&firm.at("companies")).expect(200);
        let list = format!("{ROOT}/organizations?status=suspended");
        assert_eq!(
            texts(&data(&admin.get(&list).expect(200)), "slug"),
            std::slice::from_ref(&firm.slug)
        );
        assert_eq!(act("reactivate").expect(200)["status"], "active");
        write().expect(201);
        let log = firm
            .owner
            .get(&firm.at(&format!("audit-entries?actor_id={platform}")));
        assert_eq!(
            texts(&data(&log.expect(200)), "action"),
            ["organization.reactivated", "organization.suspended"]
        );
        // Deleting is for who owns the platform, with the password at hand.
        admin.delete(&path).problem(403, "permission_required");
        owner.delete(&path).expect(204);
        firm.owner.get(&firm.path).problem(404, "organization_not_found");
        admin.get(&path).problem(404, "not_found");
        assert_eq!(act("restore").expect(200)["status"], "active");
        write().expect(201);
        act("restore").problem(409, "transition");
        // What was suspended before is so after.
        act("suspend").expect(200);
        owner.delete(&path).expect(204);
        assert_eq!(act("restore").expect(200)["status"], "suspended");
        write().problem(403, "organization_suspended");
        act("reactivate").expect(200);
        // What is being purged comes back to nobody.
        owner.delete(&path).expect(204);
        let purging = |at: &str| {
            let firm = server.base.id_literal(firm.id);
            server
                .base
                .execute(&format!("UPDATE tenants SET purging_at = {at} WHERE id = {firm}"));
        };
        purging("deleted_at");
        act("restore").problem(409, "purged");
        purging("NULL");
        act("restore").expect(200);
        let nowhere = format!("{ROOT}/organizations/01890000-0000-7000-8000-000000000000/restore");
        admin.act(&nowhere).problem(404, "not_found");
        server.base.execute(&format!(
            "UPDATE sessions SET created_at = {}",
            server.base.earlier("created_at", 700)
        ));
        owner.delete(&path).problem(403, "step_up_required");
    });
}
