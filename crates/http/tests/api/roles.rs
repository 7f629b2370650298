//! Giving roles, and losing them.

use crate::samples::{role, unique};
use crate::zones::on_each_at;
use firma_auth::access::SYSTEM_ROLES;
use firma_domain::Id;
use firma_domain::source::Clock;
use firma_testing::{Answer, Client, Firm, on_each};
use serde_json::json;

fn give(client: &Client, firm: &Firm<'_>, user: Id, name: &str) -> Answer {
    client.post(
        &firm.at("role-assignments"),
        json!({"user_id": user, "role_id": role(name)}),
    )
}

#[test]
fn nobody_gives_what_they_do_not_hold() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (admin_id, admin) = firm.member(Some("admin"));
        let added = |client: &Client, name: &str| {
            let email = format!("{}@roles.example", unique());
            client.post(
                &firm.at("members"),
                json!({"email": email, "name": "x", "role_ids": [role(name)]}),
            )
        };
        for given in SYSTEM_ROLES
            .iter()
            .filter(|role| !role.platform)
            .map(|role| role.name)
        {
            eprintln!("{given}");
            let (user, _) = firm.member(None);
            for name in ["manager", "product_manager", "employee", "stakeholder", "client"] {
                let (own, client) = firm.member(Some(name));
                for receiver in [user, own] {
                    give(&client, &firm, receiver, given).problem(403, "permission_required");
                }
                added(&client, given).problem(403, "permission_required");
            }
            if given == "ceo" {
                give(&admin, &firm, user, given).problem(403, "role_not_held");
                give(&admin, &firm, admin_id, given).problem(403, "role_not_held");
                let before = firm
                    .owner
                    .get(&firm.at("members?include=total_count"))
                    .expect(200);
                added(&admin, given).problem(403, "role_not_held");
                let after = firm
                    .owner
                    .get(&firm.at("members?include=total_count"))
                    .expect(200);
                assert_eq!(before["pagination"], after["pagination"]);
                let id = give(&firm.owner, &firm, user, given).id();
                let at = firm.at(&format!("role-assignments/{id}"));
                admin
                    .patch(&at, json!({"is_active": false}))
                    .problem(403, "role_not_held");
                firm.owner.patch(&at, json!({"is_active": false})).expect(200);
                admin
                    .patch(&at, json!({"is_active": true}))
                    .problem(403, "role_not_held");
            } else {
                let assignment = give(&admin, &firm, user, given).expect(201);
                assert_eq!(assignment["assigned_by"], json!(admin_id));
                added(&admin, given).expect(201);
            }
            added(&firm.owner, given).expect(201);
        }
    });
}

#[test]
fn who_holds_a_role_for_a_while_gives_no_more_than_now() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, ceo) = firm.member(Some("ceo"));
        let (other, _) = firm.member(None);
        let held = firm
            .owner
            .get(&firm.at(&format!("role-assignments?user_id={user}")))
            .expect(200);
        let at = firm.at(&format!(
            "role-assignments/{}",
            held["data"][0]["id"].as_str().unwrap()
        ));
        give(&ceo, &firm, other, "ceo").expect(201);
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        give(&ceo, &firm, user, "employee").problem(403, "permission_required");
        ceo.patch(&at, json!({"is_active": true}))
            .problem(403, "permission_required");
    });
}

#[test]
fn a_role_ends_in_the_future() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, _) = firm.member(None);
        let body = |end: &str| json!({"user_id": user, "role_id": role("employee"), "expires_at": end});
        let past = server.read(|tx| Ok(tx.now())).plus_seconds(-1).to_string();
        for end in ["2020-01-01T00:00:00Z", &past] {
            let problem = firm
                .owner
                .post(&firm.at("role-assignments"), body(end))
                .problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], "#/expires_at");
        }
        let id = firm
            .owner
            .post(&firm.at("role-assignments"), body("2999-01-01T00:00:00Z"))
            .id();
        let at = firm.at(&format!("role-assignments/{id}"));
        let problem = firm
            .owner
            .patch(&at, json!({"expires_at": past}))
            .problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/expires_at");
        for fixed in [
            json!({"user_id": firm.owner_id}),
            json!({"role_id": role("admin")}),
        ] {
            firm.owner.patch(&at, fixed).problem(422, "invalid");
        }
        for read_only in ["assigned_by", "assigned_at", "role_organization_id"] {
            let problem = firm
                .owner
                .patch(&at, json!({read_only: null}))
                .problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "read_only");
        }
    });
}

#[test]
fn a_role_that_expires_stops_at_that_instant() {
    on_each_at(|server, hands| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(None);
        let end = hands.now().plus_seconds(60);
        let body = json!({"user_id": user, "role_id": role("employee"), "expires_at": end});
        let at = firm.at(&format!(
            "role-assignments/{}",
            firm.owner.post(&firm.at("role-assignments"), body).id()
        ));
        hands.later(59);
        client.get(&firm.at("deals")).expect(200);
        hands.later(1);
        client.get(&firm.at("deals")).problem(403, "permission_required");
        firm.owner.patch(&at, json!({"expires_at": null})).expect(200);
        client.get(&firm.at("deals")).expect(200);
    });
}

#[test]
fn a_role_that_is_revoked_stops_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(None);
        client.get(&firm.at("deals")).problem(403, "permission_required");
        let at = firm.at(&format!(
            "role-assignments/{}",
            give(&firm.owner, &firm, user, "employee").id()
        ));
        client.get(&firm.at("deals")).expect(200);
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        client.get(&firm.at("deals")).problem(403, "permission_required");
        firm.owner.patch(&at, json!({"is_active": true})).expect(200);
        client.get(&firm.at("deals")).expect(200);
        for kind in ["role_assigned", "role_revoked"] {
            let query = format!("SELECT COUNT(*) FROM security_events WHERE type = '{kind}'");
            assert!(server.base.number(&query) > 0, "no {kind}");
        }
    });
}

#[test]
fn a_role_is_held_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, _) = firm.member(Some("employee"));
        give(&firm.owner, &firm, user, "employee").problem(409, "not_unique");
        give(&firm.owner, &firm, user, "designer").expect(201);
    });
}
