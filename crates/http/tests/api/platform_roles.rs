//! Platform roles: given and taken, with the next call, and never the last one.

use crate::kit::{data, texts};
use crate::platform::{ROOT, events};
use crate::samples::{role, unique};
use firma_domain::Id;
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

#[test]
fn a_role_that_is_taken_or_over_ends_with_the_next_call() {
    on_each(|server| {
        let (owner_id, owner) = Firm::platform(server, "website_owner");
        let (user, admin) = Firm::platform(server, "website_admin");
        admin.get(&format!("{ROOT}/stats")).expect(200);
        let held = owner
            .get(&format!("{ROOT}/role-assignments?user_id={user}"))
            .expect(200);
        let id = data(&held)[0]["id"].as_str().unwrap().to_owned();
        owner.delete(&format!("{ROOT}/role-assignments/{id}")).expect(204);
        admin.get(&format!("{ROOT}/stats")).problem(404, "no_route");
        owner
            .delete(&format!("{ROOT}/role-assignments/{id}"))
            .problem(404, "not_found");
        // Given again, for a while.
        let given =
            json!({"user_id": user, "role_id": role("website_admin"), "expires_at": "2100-01-01T00:00:00Z"});
        let again = owner
            .post(&format!("{ROOT}/role-assignments"), given.clone())
            .expect(201);
        assert_eq!(again["id"], json!(id));
        admin.get(&format!("{ROOT}/stats")).expect(200);
        owner
            .post(&format!("{ROOT}/role-assignments"), given)
            .problem(409, "not_unique");
        let literal = server.base.id_literal(user);
        server.base.execute(&format!(
            "UPDATE role_assignments SET expires_at = assigned_at WHERE user_id = {literal}"
        ));
        admin.get(&format!("{ROOT}/stats")).problem(404, "no_route");
        let told = events(&owner, "role_assigned", 1);
        assert!(told.iter().any(|event| event["user_id"] == json!(user)
            && event["details"] == "website_admin"
            && event["organization_id"].is_null()));
        assert_eq!(events(&owner, "role_revoked", 1)[0]["user_id"], json!(user));
        // What was done stands in the system's log, which is whole.
        let log = owner
            .get(&format!("{ROOT}/audit-entries?actor_id={owner_id}"))
            .expect(200);
        let actions = texts(&data(&log), "action");
        assert_eq!(actions, ["role_assignment.renewed", "role_assignment.revoked"]);
        let whole = owner
            .get(&format!("{ROOT}/audit-entries/verification"))
            .expect(200);
        assert_eq!(whole["is_whole"], true);
        let system = server.base.id_literal(Id::NIL);
        server.base.execute(&format!(
            "UPDATE audit_payloads SET changes = '{{}}' WHERE organization_id = {system}"
        ));
        let broken = owner
            .get(&format!("{ROOT}/audit-entries/verification"))
            .expect(200);
        assert_eq!(
            (&broken["is_whole"], &broken["broken_at"]),
            (&json!(false), &json!(1))
        );
    });
}

#[test]
fn what_is_wrong_with_giving_a_role_is_said() {
    on_each(|server| {
        let (user, owner) = Firm::platform(server, "website_owner");
        let give = |user: &str, role: &str, end: Value| {
            let body = json!({"user_id": user, "role_id": role, "expires_at": end});
            owner.post(&format!("{ROOT}/role-assignments"), body)
        };
        let somebody = Firm::user(server, &format!("{}@nowhere.example", unique())).to_string();
        for (user, role, end, pointer) in [
            (&somebody, role("ceo"), json!(null), "#/role_id"),
            (&user.to_string(), user.to_string(), json!(null), "#/role_id"),
            (&role("ceo"), role("website_admin"), json!(null), "#/user_id"),
            (
                &somebody,
                role("website_admin"),
                json!("2020-01-01T00:00:00Z"),
                "#/expires_at",
            ),
        ] {
            let problem = give(user, &role, end).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        // A session that was left open gives no roles.
        server.base.execute(&format!(
            "UPDATE sessions SET created_at = {}",
            server.base.earlier("created_at", 700)
        ));
        give(&somebody, &role("website_admin"), json!(null)).problem(403, "step_up_required");
    });
}

/// Else who owns it for an hour would own it for good, and put out who does.
#[test]
fn nobody_hands_on_a_platform_role_for_longer_than_they_hold_it() {
    on_each(|server| {
        let (_, owner) = Firm::platform(server, "website_owner");
        let somebody = || Firm::user(server, &format!("{}@nowhere.example", unique()));
        let give = |by: &Client, user: Id, name: &str, end: Value| {
            let body = json!({"user_id": user, "role_id": role(name), "expires_at": end});
            by.post(&format!("{ROOT}/role-assignments"), body)
        };
        let brief = somebody();
        give(&owner, brief, "website_owner", json!("2100-01-01T00:00:00Z")).expect(201);
        let holder = server.client(brief);
        for (name, end) in [
            ("website_owner", json!(null)),
            ("website_admin", json!(null)),
            ("website_admin", json!("2100-01-01T00:00:01Z")),
        ] {
            let problem = give(&holder, somebody(), name, end).problem(403, "role_not_held");
            assert!(
                problem["permission"].as_str().unwrap().ends_with(":platform"),
                "{problem}"
            );
        }
        give(
            &holder,
            somebody(),
            "website_admin",
            json!("2100-01-01T00:00:00Z"),
        )
        .expect(201);
        give(&owner, somebody(), "website_owner", json!(null)).expect(201);
    });
}

#[test]
fn somebody_always_owns_the_platform() {
    on_each(|server| {
        let (first, owner) = Firm::platform(server, "website_owner");
        let assignment = |user: Id| {
            let held = owner
                .get(&format!("{ROOT}/role-assignments?user_id={user}"))
                .expect(200);
            data(&held)[0]["id"].as_str().unwrap().to_owned()
        };
        let own = assignment(first);
        let take = |client: &Client, id: &str| client.delete(&format!("{ROOT}/role-assignments/{id}"));
        take(&owner, &own).problem(409, "last_owner");
        owner
            .act(&format!("{ROOT}/users/{first}/deactivate"))
            .problem(409, "last_owner");
        owner.delete("/api/v1/me").problem(409, "last_owner");
        // Who owns it for a while alone isn't enough.
        let third = Firm::user(server, &format!("{}@nowhere.example", unique()));
        let given =
            json!({"user_id": third, "role_id": role("website_owner"), "expires_at": "2100-01-01T00:00:00Z"});
        owner.post(&format!("{ROOT}/role-assignments"), given).expect(201);
        take(&owner, &own).problem(409, "last_owner");
        // Nor is who never proved an address.
        let unclaimed = json!({"email": format!("{}@nowhere.example", unique()), "name": "Never came"});
        let firm = Firm::new(server);
        let unclaimed = firm.owner.post(&firm.at("members"), unclaimed).id();
        let given = json!({"user_id": unclaimed, "role_id": role("website_owner")});
        owner.post(&format!("{ROOT}/role-assignments"), given).expect(201);
        take(&owner, &own).problem(409, "last_owner");
        // An administrator takes no owner's access away, in no way.
        let (_, admin) = Firm::platform(server, "website_admin");
        admin
            .act(&format!("{ROOT}/users/{third}/deactivate"))
            .problem(403, "role_not_held");
        let (second, other) = Firm::platform(server, "website_owner");
        admin
            .act(&format!("{ROOT}/users/{second}/deactivate"))
            .problem(403, "role_not_held");
        // Two who take it from each other at once: one stays.
        let theirs = assignment(second);
        let statuses = std::thread::scope(|scope| {
            let calls = [
                scope.spawn(|| take(&owner, &theirs).status),
                scope.spawn(|| take(&other, &own).status),
            ];
            calls.map(|call| call.join().unwrap())
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 204).count(),
            1,
            "{statuses:?}"
        );
        let left = [&owner, &other]
            .into_iter()
            .filter(|client| client.get(&format!("{ROOT}/stats")).status == 200);
        assert_eq!(left.count(), 1);
    });
}
