//! Nobody hands on what they don't hold: neither in a role, nor with one, nor for longer.

use crate::custom_roles::{custom, give, holder};
use crate::keys::{key_of, with};
use crate::kit::{rows, stored};
use crate::samples::{role, unique};
use firma_domain::Id;
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

/// What one needs to make roles and to give them.
const CLERK: [&str; 9] = [
    "roles:read:org",
    "roles:create:org",
    "roles:update:org",
    "roles:delete:org",
    "members:read:org",
    "role-assignments:read:org",
    "role-assignments:create:org",
    "role-assignments:update:org",
    "deals:read:team",
];

#[test]
fn nobody_puts_into_a_role_what_they_do_not_hold() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (clerk_id, clerk, own) = holder(&firm, &CLERK);
        let (user, client) = firm.member(None);
        let post = |permissions: Value| {
            clerk.post(
                &firm.at("roles"),
                json!({"name": unique(), "display_name": "x", "permissions": permissions}),
            )
        };
        let narrow = post(json!(["deals:read:own"])).id();
        let same = post(json!(["deals:read:team", "roles:read:org"])).id();
        let wider = custom(&firm, &["deals:read:org"]);
        let gone = custom(&firm, &["deals:delete:own"]);
        firm.owner.delete(&firm.at(&format!("roles/{gone}"))).expect(204);
        let before = (
            stored(server),
            rows(server, "role_permissions"),
            rows(server, "role_assignments"),
        );
        for (lacking, permissions) in [
            ("deals:read:org", json!(["deals:read:own", "deals:read:org"])),
            ("deals:update:own", json!(["deals:update:own"])),
            ("organizations:delete:org", json!(["organizations:delete:org"])),
        ] {
            let problem = post(permissions.clone()).problem(403, "role_not_held");
            assert_eq!(problem["permission"], lacking);
            for role in [&narrow, &same, &own] {
                let at = firm.at(&format!("roles/{role}"));
                let problem = clerk.patch(&at, json!({"permissions": permissions}));
                assert_eq!(problem.problem(403, "role_not_held")["permission"], lacking);
            }
        }
        // What gives more than they hold they neither give, nor take, nor touch.
        let at = firm.at(&format!("roles/{wider}"));
        for change in [
            json!({"display_name": "y"}),
            json!({"permissions": []}),
            json!({"permissions": ["deals:read:own"]}),
        ] {
            clerk.patch(&at, change).problem(403, "role_not_held");
        }
        clerk.delete(&at).problem(403, "role_not_held");
        clerk
            .act(&firm.at(&format!("roles/{gone}/restore")))
            .problem(403, "role_not_held");
        for receiver in [user, clerk_id] {
            let problem = give(&clerk, &firm, receiver, &wider).problem(403, "role_not_held");
            assert_eq!(problem["permission"], "deals:read:org");
            give(&clerk, &firm, receiver, &role("stakeholder")).problem(403, "role_not_held");
        }
        assert_eq!(
            (
                stored(server),
                rows(server, "role_permissions"),
                rows(server, "role_assignments")
            ),
            before
        );
        // What they hold they hand on.
        give(&clerk, &firm, user, &narrow).expect(201);
        give(&clerk, &firm, user, &own).expect(201);
        client.get(&firm.at("roles")).expect(200);
        clerk
            .patch(&firm.at(&format!("roles/{same}")), json!({"permissions": []}))
            .expect(200);
    });
}

#[test]
fn a_role_that_was_given_gives_what_is_in_it_now() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, clerk, _) = holder(&firm, &CLERK);
        let (_, client, role) = holder(&firm, &["deals:read:own"]);
        let (late, late_client) = firm.member(None);
        let given = give(&clerk, &firm, late, &role).id();
        let given = firm.at(&format!("role-assignments/{given}"));
        let at = firm.at(&format!("roles/{role}"));
        let set = |permissions: &[&str]| {
            firm.owner
                .patch(&at, json!({"permissions": permissions}))
                .expect(200)
        };
        set(&["deals:read:own", "companies:read:org"]);
        for client in [&client, &late_client] {
            client.get(&firm.at("companies")).expect(200);
        }
        // It has outgrown who gave it: they can't give it, renew it, change it, or take it back any more.
        let (third, _) = firm.member(None);
        give(&clerk, &firm, third, &role).problem(403, "role_not_held");
        for change in [json!({"is_active": false}), json!({"reason": "y"})] {
            clerk.patch(&given, change).problem(403, "role_not_held");
        }
        late_client.get(&firm.at("companies")).expect(200);
        firm.owner.patch(&given, json!({"is_active": false})).expect(200);
        give(&clerk, &firm, late, &role).problem(403, "role_not_held");
        late_client
            .get(&firm.at("companies"))
            .problem(403, "permission_required");
        // Taken out of the role, it is gone for all who hold it.
        set(&["deals:read:own"]);
        client
            .get(&firm.at("companies"))
            .problem(403, "permission_required");
        client.get(&firm.at("deals")).expect(200);
        give(&clerk, &firm, late, &role).expect(201);
    });
}

#[test]
fn who_lost_a_permission_makes_no_use_of_a_role_made_before() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (clerk_id, clerk, own) = holder(&firm, &CLERK);
        let (user, _) = firm.member(None);
        let body = json!({"name": unique(), "display_name": "x", "permissions": ["deals:read:team"]});
        let made = clerk.post(&firm.at("roles"), body).id();
        let narrower: Vec<_> = CLERK[..8].iter().copied().chain(["deals:read:own"]).collect();
        firm.owner
            .patch(
                &firm.at(&format!("roles/{own}")),
                json!({"permissions": narrower}),
            )
            .expect(200);
        for receiver in [user, clerk_id] {
            give(&clerk, &firm, receiver, &made).problem(403, "role_not_held");
        }
        let at = firm.at(&format!("roles/{made}"));
        clerk
            .patch(&at, json!({"display_name": "y"}))
            .problem(403, "role_not_held");
        clerk.delete(&at).problem(403, "role_not_held");
    });
}

#[test]
fn who_holds_a_role_for_a_while_gives_it_for_no_longer() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (admin_id, admin) = firm.member(None);
        let (user, _) = firm.member(None);
        let now = server.read(|tx| Ok(tx.now()));
        let [soon, end, late] = [3_600, 7_200, 7_201].map(|seconds| json!(now.plus_seconds(seconds)));
        let given = |by: &Client, to: Id, end: &Value| {
            let body = json!({"user_id": to, "role_id": role("admin"), "expires_at": end});
            by.post(&firm.at("role-assignments"), body)
        };
        let path = |id: String| firm.at(&format!("role-assignments/{id}"));
        let own = path(given(&firm.owner, admin_id, &end).id());
        for longer in [&Value::Null, &late] {
            admin
                .patch(&own, json!({"expires_at": longer}))
                .problem(403, "role_not_held");
            given(&admin, user, longer).problem(403, "role_not_held");
            let email = format!("{}@while.example", unique());
            let body = json!({"email": email, "role_ids": [role("admin")], "roles_expire_at": longer});
            admin
                .post(&firm.at("invitations"), body)
                .problem(403, "role_not_held");
        }
        let body = json!({"email": "kim@while.example", "name": "x", "role_ids": [role("admin")]});
        admin
            .post(&firm.at("members"), body)
            .problem(403, "role_not_held");
        // Until the own end at most.
        let at = path(given(&admin, user, &soon).id());
        admin.patch(&at, json!({"expires_at": end})).expect(200);
        admin
            .patch(&at, json!({"expires_at": late}))
            .problem(403, "role_not_held");
        // What somebody holds for longer can be taken, and not be given back.
        firm.owner.patch(&at, json!({"expires_at": null})).expect(200);
        admin.patch(&at, json!({"is_active": false})).expect(200);
        admin
            .patch(&at, json!({"is_active": true}))
            .problem(403, "role_not_held");
    });
}

#[test]
fn what_is_held_for_a_while_is_put_into_no_role() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, admin) = firm.member(None);
        let end = server.read(|tx| Ok(tx.now())).plus_seconds(3_600);
        let body = json!({"user_id": user, "role_id": role("admin"), "expires_at": end});
        firm.owner.post(&firm.at("role-assignments"), body).expect(201);
        let body = json!({"name": unique(), "display_name": "x", "permissions": ["deals:read:own"]});
        let problem = admin.post(&firm.at("roles"), body).problem(403, "role_not_held");
        assert_eq!(problem["permission"], "deals:read:own");
        let at = firm.at(&format!("roles/{}", custom(&firm, &["deals:read:team"])));
        for wider in [
            json!(["deals:read:org"]),
            json!(["deals:read:team", "teams:read:org"]),
        ] {
            admin
                .patch(&at, json!({"permissions": wider}))
                .problem(403, "role_not_held");
        }
        admin.patch(&at, json!({"display_name": "y"})).expect(200);
        admin
            .patch(&at, json!({"permissions": ["deals:read:own"]}))
            .expect(200);
    });
}

#[test]
fn who_activates_a_member_gives_them_their_roles_and_who_deactivates_takes_them() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, clerk, _) = holder(&firm, &["members:read:org", "members:update:org"]);
        let ((admin, _), (bare, _)) = (firm.member(Some("admin")), firm.member(None));
        let at = |id: Id| firm.at(&format!("members/{id}"));
        let set = |by: &Client, id: Id, active: bool| by.patch(&at(id), json!({"is_active": active}));
        set(&clerk, admin, false).problem(403, "role_not_held");
        for id in [admin, bare] {
            let by = if id == bare { &clerk } else { &firm.owner };
            set(by, id, false).expect(200);
        }
        set(&clerk, admin, true).problem(403, "role_not_held");
        set(&clerk, bare, true).expect(200);
        // No key gives a role, or takes one.
        let (_, key) = key_of(
            &firm,
            &firm.owner,
            with(&["members:read:org", "members:update:org"]),
        );
        set(&key, admin, true).problem(403, "key_not_allowed");
        set(&firm.owner, admin, true).expect(200);
        set(&key, admin, false).problem(403, "key_not_allowed");
        set(&key, bare, false).expect(200);
    });
}
