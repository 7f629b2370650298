//! API keys: shown once, cut with what their creator holds at each call, and refused for good when they are.

use crate::audit::{literal, verified};
use crate::kit::{data, rows};
use crate::zones::on_each_at;
use firma_domain::Id;
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

/// A key of the client's, and a program that has it.
#[track_caller]
pub(crate) fn key_of(firm: &Firm, client: &Client, body: Value) -> (Value, Client) {
    let made = client.post(&firm.at("api-keys"), body).expect(201);
    let program = firm.server.nobody();
    let program = program.with_token(made["key"].as_str().map(str::to_owned));
    (made, program)
}

pub(crate) fn with(permissions: &[&str]) -> Value {
    json!({"name": "A program", "permissions": permissions})
}

/// The types of a firm's security events about keys, with their details, the oldest first.
pub(crate) fn key_events(firm: &Firm) -> Vec<String> {
    let organization = literal(firm.server, firm.id);
    firm.server.base.lines(&format!(
        "SELECT type || ' ' || COALESCE(details, '') FROM security_events WHERE type LIKE 'api_key_%' \
         AND organization_id = {organization} ORDER BY security_events.id"
    ))
}

pub(crate) fn role_of(firm: &Firm, user: Id) -> String {
    let found = firm
        .owner
        .get(&firm.at(&format!("role-assignments?user_id={user}")))
        .expect(200);
    data(&found)[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_key_is_shown_once_and_nowhere_kept() {
    on_each(|server| {
        let firm = Firm::new(server);
        let path = firm.at("api-keys");
        let body = json!({"name": "Shop", "permissions": ["deals:read:team", "deals:read:own", "contacts:create:own"],
            "expires_at": "2099-01-01T00:00:00Z", "allowed_ip_ranges": ["127.0.0.1", "2001:DB8::/32"]});
        let answer = firm.owner.post_once(&path, "once", body.clone());
        let location = answer.header("location").unwrap().to_owned();
        let made = answer.expect(201);
        let (key, prefix) = (made["key"].as_str().unwrap(), made["prefix"].as_str().unwrap());
        assert!(key.starts_with(&format!("firma_{prefix}_")));
        assert_eq!(
            made["permissions"],
            json!(["contacts:create:own", "deals:read:team"])
        );
        assert_eq!(
            made["allowed_ip_ranges"],
            json!(["127.0.0.1/32", "2001:db8::/32"])
        );
        assert_eq!(made["created_by"], json!(firm.owner_id));
        // What is read later is the same without the key.
        let mut shown = made.clone();
        shown.as_object_mut().unwrap().remove("key");
        assert_eq!(firm.owner.get(&location).expect(200), shown);
        assert_eq!(data(&firm.owner.get(&path).expect(200)), [shown.clone()]);
        // A retry isn't a second key, and isn't shown the first.
        firm.owner
            .post_once(&path, "once", body.clone())
            .problem(409, "secret_already_shown");
        let other = json!({"name": "Other", "permissions": []});
        firm.owner
            .post_once(&path, "once", other)
            .problem(422, "idempotency_key_reused");
        assert_eq!(
            (rows(server, "api_keys"), rows(server, "api_key_prefixes")),
            (1, 1)
        );
        let secret = key.rsplit_once('_').unwrap().1;
        for (table, column) in [
            ("idempotency_keys", "body"),
            ("audit_payloads", "changes"),
            ("security_events", "COALESCE(details, '')"),
            ("api_keys", "name || prefix || permissions"),
        ] {
            let kept = server.base.lines(&format!("SELECT {column} FROM {table}"));
            assert!(kept.iter().all(|text| !text.contains(secret)), "{table}");
        }
        assert_eq!(key_events(&firm), [format!("api_key_created {prefix}")]);
        firm.owner.get(&format!("{path}?prefix={prefix}")).expect(200);
        assert!(verified(&firm).broken.is_none());
    });
}

#[test]
fn what_a_key_may_not_be_given() {
    on_each(|server| {
        let firm = Firm::new(server);
        let path = firm.at("api-keys");
        for (permissions, at, code) in [
            (
                json!(["deals:read:org", "deals:fly:org"]),
                "#/permissions/1",
                "unknown_permission",
            ),
            (json!(["deals:read"]), "#/permissions/0", "unknown_permission"),
            (
                json!(["users:read:platform"]),
                "#/permissions/0",
                "unknown_permission",
            ),
            (json!(["roles:read:org"]), "#/permissions/0", "not_for_keys"),
            (
                json!(["role-assignments:create:org"]),
                "#/permissions/0",
                "not_for_keys",
            ),
            (json!(["api-keys:create:org"]), "#/permissions/0", "not_for_keys"),
            (
                json!(["invitations:create:org"]),
                "#/permissions/0",
                "not_for_keys",
            ),
        ] {
            let body = json!({"name": "x", "permissions": permissions});
            let problem = firm.owner.post(&path, body).problem(422, "invalid");
            assert_eq!(
                (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
                (&json!(at), &json!(code))
            );
        }
        for (field, value) in [
            ("expires_at", json!("2020-01-01T00:00:00Z")),
            ("allowed_ip_ranges", json!(["127.0.0.1/8"])),
            ("allowed_ip_ranges", json!(["example.com"])),
            ("prefix", json!("mine")),
            ("revoked_at", json!(null)),
            ("last_used_at", json!(null)),
            ("hash", json!("00")),
        ] {
            let mut body = with(&["deals:read:org"]);
            body[field] = value;
            firm.owner.post(&path, body).problem(422, "invalid");
        }
        // Nobody gives what they don't hold, nor further than they hold it.
        let (admin, client) = firm.member(Some("admin"));
        let missing = client.post(&path, with(&["organizations:delete:org", "deals:read:org"]));
        let missing = missing.problem(403, "permission_not_held");
        assert_eq!(missing["permission"], "organizations:delete:org");
        let assignment = firm.at(&format!("role-assignments/{}", role_of(&firm, admin)));
        firm.owner
            .patch(&assignment, json!({"is_active": false}))
            .expect(200);
        client
            .post(&path, with(&["deals:read:own"]))
            .problem(403, "permission_required");
        assert_eq!(
            (rows(server, "api_keys"), rows(server, "api_key_prefixes")),
            (0, 0)
        );
    });
}

#[test]
fn a_key_acts_as_its_creator_and_the_log_says_by_which_key() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (made, program) = key_of(
            &firm,
            &firm.owner,
            with(&["companies:create:own", "companies:read:own"]),
        );
        let company = program
            .post(&firm.at("companies"), json!({"name": "By a program"}))
            .expect(201);
        assert_eq!(
            (&company["created_by"], &company["owner_id"]),
            (&json!(firm.owner_id), &json!(firm.owner_id))
        );
        firm.owner
            .post(&firm.at("companies"), json!({"name": "By hand"}))
            .expect(201);
        let (key, user) = (
            made["id"].as_str().unwrap().parse().unwrap(),
            literal(server, firm.owner_id),
        );
        let acted = |key: &str| {
            let by = format!("actor_id = {user} AND action = 'company.created' AND key_id {key}");
            server
                .base
                .number(&format!("SELECT COUNT(*) FROM audit_entries WHERE {by}"))
        };
        assert_eq!(acted(&format!("= {}", literal(server, key))), 1);
        assert_eq!(acted("IS NULL"), 1);
        let told = |list: &str| data(&firm.owner.get(&firm.at(list)).expect(200));
        let entries = told("audit-entries?action=company.created");
        let keys: Vec<_> = entries.iter().map(|entry| entry["key_id"].clone()).collect();
        assert_eq!(keys, [json!(null), made["id"].clone()]);
        let events = told("security-events?type=api_key_created");
        assert_eq!(events[0]["actor_id"], json!(firm.owner_id));
        assert!(verified(&firm).broken.is_none());
    });
}

#[test]
fn a_key_does_what_both_may() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (admin, client) = firm.member(Some("admin"));
        let theirs = firm
            .owner
            .post(&firm.at("deals"), json!({"title": "The owner's"}))
            .id();
        let wide = ["deals:read:org", "deals:update:org", "deals:create:org"];
        let (_, program) = key_of(&firm, &client, with(&wide));
        let (_, narrow) = key_of(&firm, &client, with(&["deals:read:own", "deals:update:own"]));
        let deal = firm.at(&format!("deals/{theirs}"));
        program.patch(&deal, json!({"title": "Seen"})).expect(200);
        let mine = narrow.get(&firm.at("access/me")).expect(200);
        let may =
            json!({"user_id": admin, "roles": [], "permissions": ["deals:read:own", "deals:update:own"]});
        assert_eq!(mine, may);
        narrow.get(&deal).problem(404, "not_found");
        narrow
            .post(&firm.at("deals"), json!({"title": "x"}))
            .problem(403, "permission_required");
        // The creator becomes an employee: reads the team's, changes the own.
        let assignment = firm.at(&format!("role-assignments/{}", role_of(&firm, admin)));
        firm.owner
            .patch(&assignment, json!({"is_active": false}))
            .expect(200);
        let problem = program.get(&deal).problem(403, "permission_required");
        assert_eq!(problem["permission"], "deals:read");
        let employee = json!({"user_id": admin, "role_id": crate::samples::role("employee")});
        firm.owner
            .post(&firm.at("role-assignments"), employee)
            .expect(201);
        program.get(&deal).problem(404, "not_found");
        let own = program.post(&firm.at("deals"), json!({"title": "Own"})).id();
        program
            .patch(&firm.at(&format!("deals/{own}")), json!({"title": "Mine"}))
            .expect(200);
        firm.team(&[admin, firm.owner_id]);
        program.get(&deal).expect(200);
        program
            .patch(&deal, json!({"title": "x"}))
            .problem(403, "out_of_reach");
        narrow.get(&deal).problem(404, "not_found");
    });
}

#[test]
fn what_ends_is_over_at_that_instant() {
    on_each_at(|server, hands| {
        let firm = Firm::new(server);
        let (admin, _) = firm.member(None);
        let at = |seconds: i64| json!(server.database.sources.clock.now().plus_seconds(seconds));
        let role = crate::samples::role("admin");
        let body = json!({"user_id": admin, "role_id": role, "expires_at": at(100)});
        firm.owner.post(&firm.at("role-assignments"), body).expect(201);
        let client = server.client(admin);
        let (_, lasting) = key_of(&firm, &client, with(&["deals:read:org"]));
        let mut body = with(&["deals:read:org"]);
        body["expires_at"] = at(50);
        let (short, ending) = key_of(&firm, &client, body);
        let deals = firm.at("deals");
        hands.later(49);
        ending.get(&deals).expect(200);
        hands.later(1);
        ending.get(&deals).problem(401, "unauthenticated");
        lasting.get(&deals).expect(200);
        hands.later(50);
        lasting.get(&deals).problem(403, "permission_required");
        let prefix = short["prefix"].as_str().unwrap();
        assert!(key_events(&firm).contains(&format!("api_key_refused {prefix}: expired")));
    });
}

#[test]
fn a_key_is_widened_only_by_who_holds_it_all() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, admin) = firm.member(Some("admin"));
        let (other, other_admin) = firm.member(Some("admin"));
        let (made, program) = key_of(
            &firm,
            &firm.owner,
            with(&["deals:read:org", "organizations:delete:org"]),
        );
        let path = |key: &Value| firm.at(&format!("api-keys/{}", key["id"].as_str().unwrap()));
        let (owners, deals) = (path(&made), firm.at("deals"));
        // An admin may not give what only the owner holds: neither anew nor for longer, nor from elsewhere.
        for change in [
            json!({"permissions": ["organizations:delete:org", "deals:read:org", "deals:update:org"]}),
            json!({"allowed_ip_ranges": ["127.0.0.0/8"]}),
        ] {
            admin.patch(&owners, change).problem(403, "permission_not_held");
        }
        // Less of it anybody may leave, who may change keys.
        let changed = admin
            .patch(
                &owners,
                json!({"name": "Renamed", "permissions": ["deals:read:org"]}),
            )
            .expect(200);
        assert_eq!(changed["permissions"], json!(["deals:read:org"]));
        program.get(&deals).expect(200);
        admin.patch(&owners, json!({"permissions": []})).expect(200);
        program.get(&deals).problem(403, "permission_required");
        admin
            .patch(
                &owners,
                json!({"permissions": ["deals:read:own"], "expires_at": "2099-01-01T00:00:00Z"}),
            )
            .expect(200);
        program.get(&deals).expect(200);
        admin
            .patch(&owners, json!({"expires_at": "2020-01-01T00:00:00Z"}))
            .problem(422, "invalid");
        // What the creator lacks isn't given to a key of theirs, not even by the owner.
        let (made, _) = key_of(&firm, &other_admin, with(&["deals:read:org"]));
        let wider = json!({"permissions": ["deals:read:org", "organizations:delete:org"]});
        let problem = firm
            .owner
            .patch(&path(&made), wider)
            .problem(403, "permission_not_held");
        assert_eq!(problem["permission"], "organizations:delete:org");
        let assignment = firm.at(&format!("role-assignments/{}", role_of(&firm, other)));
        firm.owner
            .patch(&assignment, json!({"is_active": false}))
            .expect(200);
        let wider = json!({"permissions": ["deals:read:org", "deals:create:org"]});
        firm.owner
            .patch(&path(&made), wider)
            .problem(403, "permission_not_held");
        firm.owner
            .patch(&path(&made), json!({"name": "Left over"}))
            .expect(200);
    });
}

#[test]
fn a_revoked_key_is_over() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (made, program) = key_of(&firm, &firm.owner, with(&["deals:read:org"]));
        let (prefix, id) = (made["prefix"].as_str().unwrap(), made["id"].as_str().unwrap());
        let path = firm.at(&format!("api-keys/{id}"));
        program.get(&firm.at("deals")).expect(200);
        let revoked = firm.owner.act(&format!("{path}/revoke")).expect(200);
        assert!(revoked["revoked_at"].is_string() && revoked.get("key").is_none());
        program.get(&firm.at("deals")).problem(401, "unauthenticated");
        // Once more changes nothing, and nothing brings it back.
        let again = firm.owner.act(&format!("{path}/revoke")).expect(200);
        assert_eq!(
            (&again["version"], &again["revoked_at"]),
            (&revoked["version"], &revoked["revoked_at"])
        );
        firm.owner
            .patch(&path, json!({"name": "x"}))
            .problem(409, "transition");
        firm.owner
            .patch(&path, json!({"revoked_at": null}))
            .problem(422, "invalid");
        firm.owner
            .act(&format!("{}/revoke", firm.at("api-keys/nothing")))
            .problem(404, "not_found");
        let events = key_events(&firm);
        let told = |event: &str| events.iter().filter(|line| **line == event).count();
        assert_eq!(told(&format!("api_key_revoked {prefix}")), 1);
        assert_eq!(told(&format!("api_key_refused {prefix}: revoked")), 1);
    });
}
