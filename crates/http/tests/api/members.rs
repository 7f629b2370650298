//! Who belongs to an organization, and what an organization's state lets them do.

use crate::identity::set_password;
use crate::samples::{role, unique};
use firma_domain::Id;
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};

fn add(firm: &Firm<'_>, email: &str) -> Answer {
    firm.owner
        .post(&firm.at("members"), json!({"email": email, "name": "As Typed"}))
}

fn accept(client: &Client, organization: Id) -> Answer {
    client.act(&format!("/api/v1/me/memberships/{organization}/accept"))
}

fn set_tenant(server: &Server, firm: &Firm<'_>, status: &str) {
    let id = server.base.id_literal(firm.id);
    server
        .base
        .execute(&format!("UPDATE tenants SET status = '{status}' WHERE id = {id}"));
}

#[test]
fn a_known_and_an_unknown_address_are_answered_alike() {
    on_each(|server| {
        let firm = Firm::new(server);
        let shape = |answer: Answer| -> (Vec<String>, Vec<String>, Value) {
            let names = answer.headers.iter().map(|(name, _)| name.clone()).collect();
            let mut body = answer.expect(201);
            let keys = body.as_object().unwrap().keys().cloned().collect();
            for own in ["id", "email", "created_at", "updated_at"] {
                assert!(body[own].is_string());
                body[own] = json!(null);
            }
            (keys, names, body)
        };
        Firm::user(server, "known@account.example");
        set_password(server, "known@account.example", "a password of its own");
        let known = shape(add(&firm, "known@account.example"));
        let unknown = shape(add(&firm, "unknown@account.example"));
        assert_eq!(known, unknown);
        assert_eq!(known.2["name"], "As Typed");
        assert_eq!(known.2["joined_at"], json!(null));
        // The list doesn't tell either.
        let list = firm
            .owner
            .get(&firm.at("members?email=known@account.example,unknown@account.example"))
            .expect(200);
        let rows = list["data"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        assert!(
            rows.iter()
                .all(|row| row["name"] == "As Typed" && row["joined_at"].is_null())
        );
    });
}

#[test]
fn who_has_an_account_accepts_before_entering() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let user = Firm::user(server, "late@account.example");
        let client = server.client(user);
        let id = add(&firm, "Late@Account.example").id();
        assert_eq!(id, user.to_string());
        client.get(&firm.path).problem(404, "organization_not_found");
        client
            .get(&firm.at("members"))
            .problem(404, "organization_not_found");
        let me = client.get("/api/v1/me").expect(200);
        assert_eq!(me["memberships"][0]["organization_id"], json!(firm.id));
        assert_eq!(me["memberships"][0]["joined_at"], json!(null));
        accept(&client, other.id).problem(404, "not_found");
        let accepted = accept(&client, firm.id).expect(200);
        assert!(accepted["joined_at"].is_string());
        // No role unless asked: it is in, and may do nothing.
        client.get(&firm.path).problem(403, "permission_required");
        let assignment = json!({"user_id": user, "role_id": role("employee")});
        firm.owner
            .post(&firm.at("role-assignments"), assignment)
            .expect(201);
        client.get(&firm.path).expect(200);
        assert_eq!(accept(&client, firm.id).expect(200), accepted);
    });
}

#[test]
fn a_member_is_added_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        add(&firm, "once@account.example").expect(201);
        for again in [
            "once@account.example",
            "ONCE@account.example",
            &format!("owner@{}.example", firm.slug),
        ] {
            let problem = add(&firm, again).problem(409, "not_unique");
            assert_eq!(problem["errors"][0]["pointer"], "#/email");
        }
    });
}

#[test]
fn a_member_is_added_with_twenty_roles_at_most_each_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let employee = role("employee");
        let post = |count: usize| {
            let roles = vec![employee.as_str(); count];
            let body = json!({"email": "many@account.example", "name": "x", "role_ids": roles});
            firm.owner.post(&firm.at("members"), body)
        };
        let problem = post(21).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/role_ids");
        assert_eq!(problem["errors"][0]["code"], "length");
        let user = post(20).id();
        let held = firm.at(&format!("role-assignments?user_id={user}"));
        let held = firm.owner.get(&held).expect(200);
        assert_eq!(held["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_password_claims_the_account_and_joins_where_it_waits() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let email = format!("{}@claim.example", unique());
        let body = json!({"email": email, "name": "New", "role_ids": [role("employee")]});
        let id: Id = firm.owner.post(&firm.at("members"), body).id().parse().unwrap();
        server
            .client(id)
            .get(&firm.path)
            .problem(404, "organization_not_found");
        set_password(server, &email, "a password of its own");
        let tokens = json!({"email": email, "password": "a password of its own"});
        let tokens = server.nobody().post("/api/v1/auth/login", tokens).expect(200);
        let client = server
            .nobody()
            .with_token(tokens["access_token"].as_str().map(str::to_owned));
        client.get(&firm.path).expect(200);
        // From now on it is an account: it is asked, not put anywhere, and another password joins nothing.
        add(&other, &email).expect(201);
        set_password(server, &email, "another password of its own");
        client.get(&other.path).problem(401, "unauthenticated");
        let client = server.client(id);
        client.get(&other.path).problem(404, "organization_not_found");
    });
}

#[test]
fn an_organization_is_founded_by_who_has_proved_the_e_mail() {
    on_each(|server| {
        let email = format!("{}@claim.example", unique());
        let id: Id = add(&Firm::new(server), &email).id().parse().unwrap();
        let slug = unique();
        let body = json!({"name": "Mine", "slug": slug});
        let found = |client: &Client| client.post("/api/v1/organizations", body.clone());
        found(&server.client(id)).problem(403, "email_unverified");
        set_password(server, &email, "a password of its own");
        let client = server.client(id);
        let made = found(&client).expect(201);
        assert_eq!(made["owner_id"], json!(id));
        client
            .get(&format!("/api/v1/organizations/{slug}/deals"))
            .expect(200);
        assert_eq!(
            found(&client).problem(409, "not_unique")["errors"][0]["pointer"],
            "#/slug"
        );
    });
}

#[test]
fn a_deactivated_member_is_out_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (id, client) = firm.member(Some("admin"));
        let at = firm.at(&format!("members/{id}"));
        client.get(&firm.path).expect(200);
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        client.get(&firm.path).problem(404, "organization_not_found");
        accept(&client, firm.id);
        client.get(&firm.path).problem(404, "organization_not_found");
        firm.owner.patch(&at, json!({"is_active": true})).expect(200);
        client.get(&firm.path).expect(200);
    });
}

#[test]
fn the_owner_stays() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, ceo) = firm.member(Some("ceo"));
        let (_, admin) = firm.member(Some("admin"));
        let at = firm.at(&format!("members/{}", firm.owner_id));
        for client in [&firm.owner, &ceo, &admin] {
            client
                .patch(&at, json!({"is_active": false}))
                .problem(409, "last_owner");
        }
        let held = firm.at(&format!("role-assignments?user_id={}", firm.owner_id));
        let held = firm.owner.get(&held).expect(200)["data"][0]["id"].clone();
        let held = firm.at(&format!("role-assignments/{}", held.as_str().unwrap()));
        let soon = server.read(|tx| Ok(tx.now())).plus_seconds(3_600);
        for change in [json!({"is_active": false}), json!({"expires_at": soon})] {
            for client in [&firm.owner, &ceo] {
                client.patch(&held, change.clone()).problem(409, "last_owner");
            }
            admin.patch(&held, change).problem(403, "role_not_held");
        }
        firm.owner.get(&firm.path).expect(200);
    });
}

#[test]
fn an_organization_has_no_more_members_than_it_may() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (member, _) = firm.member(None);
        let id = server.base.id_literal(firm.id);
        server
            .base
            .execute(&format!("UPDATE organizations SET max_users = 3 WHERE id = {id}"));
        // Who has not accepted yet counts too.
        add(&firm, "third@limit.example").expect(201);
        add(&firm, "fourth@limit.example").problem(409, "member_limit");
        let at = firm.at(&format!("members/{member}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        add(&firm, "fourth@limit.example").expect(201);
        firm.owner
            .patch(&at, json!({"is_active": true}))
            .problem(409, "member_limit");
        firm.owner
            .patch(&firm.path, json!({"max_users": 9}))
            .problem(422, "invalid");
    });
}

#[test]
fn members_who_come_at_once_are_all_counted() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (member, _) = firm.member(None);
        let at = firm.at(&format!("members/{member}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        let id = server.base.id_literal(firm.id);
        server
            .base
            .execute(&format!("UPDATE organizations SET max_users = 3 WHERE id = {id}"));
        let (owner, members) = (&firm.owner, firm.at("members"));
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let back = scope.spawn(|| owner.patch(&at, json!({"is_active": true})));
            let calls: Vec<_> = (0..6)
                .map(|n| {
                    let body = json!({"email": format!("at-once-{n}@limit.example"), "name": "x"});
                    scope.spawn(|| owner.post(&members, body))
                })
                .collect();
            calls
                .into_iter()
                .chain([back])
                .map(|call| call.join().unwrap())
                .collect()
        });
        let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status < 300);
        assert_eq!(done.len(), 2);
        refused
            .into_iter()
            .for_each(|answer| drop(answer.problem(409, "member_limit")));
    });
}

#[test]
fn a_suspended_organization_is_read_only_and_an_archived_one_gone() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, admin) = firm.member(Some("admin"));
        let deal = firm.at(&format!(
            "deals/{}",
            firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id()
        ));
        set_tenant(server, &firm, "suspended");
        for client in [&firm.owner, &admin] {
            for path in [
                &firm.path,
                &deal,
                &firm.at("deals"),
                &firm.at("reports/pipeline?group_by=stage"),
            ] {
                client.get(path).expect(200);
            }
            client
                .post(&firm.at("deals"), json!({"title": "x"}))
                .problem(403, "organization_suspended");
            client
                .patch(&deal, json!({"title": "y"}))
                .problem(403, "organization_suspended");
            client.delete(&deal).problem(403, "organization_suspended");
            client
                .act(&format!("{deal}/restore"))
                .problem(403, "organization_suspended");
            client
                .patch(&firm.path, json!({"name": "y"}))
                .problem(403, "organization_suspended");
            client
                .post_once(&firm.at("deals/bulk"), &unique(), json!({"operations": []}))
                .problem(403, "organization_suspended");
        }
        set_tenant(server, &firm, "active");
        firm.owner.patch(&deal, json!({"title": "y"})).expect(200);
        set_tenant(server, &firm, "archived");
        for path in [&firm.path, &deal, &firm.at("deals")] {
            admin.get(path).problem(404, "organization_not_found");
            // Its owner reads on.
            firm.owner.get(path).expect(200);
        }
        for client in [&firm.owner, &admin] {
            client
                .patch(&deal, json!({"title": "z"}))
                .problem(404, "organization_not_found");
        }
    });
}
