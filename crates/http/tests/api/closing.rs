//! Organizations that are suspended, archived and deleted.

use crate::identity::set_password;
use crate::owners::{by_platform, entries, events, platform, transfer};
use firma_domain::{Id, input};
use firma_services::crud::Expected;
use firma_services::organizations::{self, Terms};
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

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
            let again = organizations::reactivate(tx, platform(organization), &Expected::default());
            Ok(again.map_err(|refusal| refusal.to_string()))
        });
        assert_eq!(again.unwrap_err(), "only from suspended");
    });
}

#[test]
fn an_archived_organization_is_closed_to_all_but_its_owner() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, admin) = firm.member(Some("admin"));
        let (ceo_id, ceo) = firm.member(Some("ceo"));
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let deal = firm.at(&format!("deals/{deal}"));
        admin.act(&firm.at("archive")).problem(403, "permission_required");
        ceo.act(&firm.at("archive")).problem(403, "owner_required");
        firm.owner.act(&firm.at("restore")).problem(409, "transition");
        let archived = firm.owner.act(&firm.at("archive")).expect(200);
        assert_eq!(archived["status"], "archived");
        let others = |client: &Client| {
            for path in [&firm.path, &deal, &firm.at("members")] {
                client.get(path).problem(404, "organization_not_found");
            }
            for path in ["archive", "restore"] {
                client.act(&firm.at(path)).problem(404, "organization_not_found");
            }
            client.delete(&firm.path).problem(404, "organization_not_found");
        };
        [&admin, &ceo].into_iter().for_each(others);
        let listed = |client: &Client| {
            let page = client.get("/api/v1/organizations").expect(200);
            let me = client.get("/api/v1/me").expect(200);
            let all = [&page["data"], &me["memberships"]];
            all.map(|list| list.as_array().unwrap().len())
        };
        assert_eq!([listed(&firm.owner), listed(&ceo)], [[1, 1], [0, 0]]);
        for path in [
            &firm.path,
            &deal,
            &firm.at("members"),
            &firm.at("reports/pipeline?group_by=stage"),
        ] {
            firm.owner.get(path).expect(200);
        }
        firm.owner
            .patch(&firm.path, json!({"name": "x"}))
            .problem(404, "organization_not_found");
        firm.owner
            .post(&firm.at("deals"), json!({"title": "x"}))
            .problem(404, "organization_not_found");
        firm.owner.act(&firm.at("archive")).problem(409, "transition");
        transfer(&firm.owner, &firm, ceo_id).problem(409, "transition");
        let stale = [("if-match", "\"1\"")];
        firm.owner
            .send("POST", &firm.at("restore"), &stale, None)
            .problem(412, "changed");
        let restored = firm.owner.act(&firm.at("restore")).expect(200);
        assert_eq!(restored["status"], "active");
        admin.get(&deal).expect(200);
        for (kind, action) in [
            ("organization_archived", "organization.archived"),
            ("organization_restored", "organization.restored"),
        ] {
            assert_eq!((events(&firm, kind), entries(&firm, action)), (1, 1), "{kind}");
        }
        // The owner may also delete it from there, and the platform open what an owner has closed.
        firm.owner.act(&firm.at("archive")).expect(200);
        by_platform(&firm, organizations::reopen);
        admin.get(&deal).expect(200);
        firm.owner.act(&firm.at("archive")).expect(200);
        firm.owner.delete(&firm.path).expect(204);
        firm.owner.get(&firm.path).problem(404, "organization_not_found");
    });
}

#[test]
fn nobody_joins_what_is_closed_or_where_they_were_put_out() {
    on_each(|server| {
        let firm = Firm::new(server);
        let email = format!("late@{}.example", firm.slug);
        let user = Firm::user(server, &email);
        let add = |email: &str| {
            let body = json!({"email": email, "name": "Late"});
            firm.owner.post(&firm.at("members"), body).id()
        };
        add(&email);
        let accept = |user: Id| {
            let path = format!("/api/v1/me/memberships/{}/accept", firm.id);
            server.client(user).act(&path)
        };
        let set = |active: bool| {
            let at = firm.at(&format!("members/{user}"));
            firm.owner.patch(&at, json!({"is_active": active})).expect(200)
        };
        set(false);
        accept(user).problem(404, "not_found");
        set(true);
        firm.owner.act(&firm.at("archive")).expect(200);
        accept(user).problem(404, "not_found");
        firm.owner.act(&firm.at("restore")).expect(200);
        // Who claims the account meanwhile isn't in by that, and accepts later.
        let other = format!("other@{}.example", firm.slug);
        let claims: Id = add(&other).parse().unwrap();
        by_platform(&firm, organizations::suspend);
        set_password(server, &other, "a password of its own");
        for id in [user, claims] {
            accept(id).problem(403, "organization_suspended");
            server
                .client(id)
                .get(&firm.path)
                .problem(404, "organization_not_found");
        }
        by_platform(&firm, organizations::reactivate);
        let joined = accept(claims).expect(200);
        by_platform(&firm, organizations::suspend);
        assert_eq!(accept(claims).expect(200), joined);
        accept(firm.owner_id).expect(200);
        by_platform(&firm, organizations::reactivate);
        assert_eq!(accept(claims).expect(200), joined);
        // Nor is who was in told of it, once they are put out or it is closed to them.
        let at = firm.at(&format!("members/{claims}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        accept(claims).problem(404, "not_found");
        firm.owner.patch(&at, json!({"is_active": true})).expect(200);
        firm.owner.act(&firm.at("archive")).expect(200);
        accept(claims).problem(404, "not_found");
        accept(firm.owner_id).expect(200);
        firm.owner.act(&firm.at("restore")).expect(200);
        firm.owner.delete(&firm.path).expect(204);
        accept(user).problem(404, "not_found");
    });
}
