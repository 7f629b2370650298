//! Roles that an organization makes for itself.

use crate::kit::{data, pointers, rows, stored, texts};
use crate::samples::{Place, nothing, unique};
use firma_auth::access::SYSTEM_ROLES;
use firma_domain::Id;
use firma_testing::{Answer, Client, Firm, on_each};
use serde_json::{Value, json};

/// A role of the firm's own, made by its owner; its id.
pub(crate) fn custom(firm: &Firm<'_>, permissions: &[&str]) -> String {
    let body = json!({"name": unique(), "display_name": "x", "permissions": permissions});
    firm.owner.post(&firm.at("roles"), body).id()
}

/// Gives a role to a member.
pub(crate) fn give(client: &Client, firm: &Firm<'_>, user: Id, role: &str) -> Answer {
    client.post(
        &firm.at("role-assignments"),
        json!({"user_id": user, "role_id": role}),
    )
}

/// A member who holds a role of the firm's own and nothing else.
pub(crate) fn holder(firm: &Firm<'_>, permissions: &[&str]) -> (Id, Client, String) {
    let role = custom(firm, permissions);
    let (user, client) = firm.member(None);
    give(&firm.owner, firm, user, &role).expect(201);
    (user, client, role)
}

#[test]
fn a_role_is_made_changed_deleted_and_brought_back() {
    on_each(|server| {
        let firm = Firm::new(server);
        let given = [
            "deals:read:own",
            "deals:read:team",
            "teams:read:org",
            "deals:read:own",
        ];
        let body = json!({"name": "deal-desk", "display_name": "Deal desk", "permissions": given});
        let made = firm.owner.post(&firm.at("roles"), body);
        let at = firm.at(&format!("roles/{}", made.id()));
        assert_eq!(made.header("location"), Some(at.as_str()));
        let made = made.expect(201);
        // Each once, and as wide as any of them.
        assert_eq!(made["permissions"], json!(["deals:read:team", "teams:read:org"]));
        assert_eq!(
            (&made["role_type"], &made["is_system"]),
            (&json!("custom"), &json!(false))
        );
        assert_eq!(firm.owner.get(&at).expect(200), made);
        assert_eq!(firm.owner.get(&at).header("etag"), Some("\"1\""));
        let own = format!("WHERE granted_by = {}", server.base.id_literal(firm.owner_id));
        let granted = || {
            server
                .base
                .number(&format!("SELECT COUNT(*) FROM role_permissions {own}"))
        };
        assert_eq!(granted(), 2);

        let changed = |body: Value| firm.owner.patch(&at, body).expect(200);
        let after = changed(json!({"display_name": "Desk"}));
        assert_eq!(
            (&after["version"], &after["permissions"]),
            (&json!(2), &made["permissions"])
        );
        // The same in other words is no change.
        assert_eq!(changed(json!({"permissions": given})), after);
        let after = changed(json!({"permissions": ["deals:read:org", "teams:read:org"]}));
        assert_eq!((after["version"].clone(), granted()), (json!(3), 2));
        let entry = server.base.lines(
            "SELECT changes FROM audit_payloads p JOIN audit_entries a ON a.id = p.entry_id \
             WHERE a.action = 'role.updated' AND a.entity_version = 3",
        );
        let entry: Value = serde_json::from_str(&entry[0]).unwrap();
        let (before, now) = (
            json!(["deals:read:team", "teams:read:org"]),
            after["permissions"].clone(),
        );
        assert_eq!(entry, json!({"permissions": [before, now]}));
        assert_eq!(changed(json!({"permissions": []}))["permissions"], json!([]));
        assert_eq!(granted(), 0);
        changed(json!({"permissions": ["deals:delete:own"]}));

        firm.owner.delete(&at).expect(204);
        firm.owner.get(&at).problem(404, "not_found");
        let listed = |query: &str| data(&firm.owner.get(&firm.at(&format!("roles{query}"))).expect(200));
        assert_eq!(listed("").len(), listed("?deleted=false").len());
        assert!(!texts(&listed(""), "name").contains(&"deal-desk".to_owned()));
        let deleted = listed("?deleted=true");
        assert_eq!(texts(&deleted, "name"), ["deal-desk"]);
        assert!(deleted[0]["deleted_at"].is_string());
        let back = firm.owner.act(&format!("{at}/restore")).expect(200);
        assert_eq!(back["permissions"], json!(["deals:delete:own"]));
        assert_eq!(firm.owner.get(&at).expect(200), back);
        let actor = server.base.id_literal(firm.owner_id);
        for (kind, count) in [("created", 1), ("changed", 4), ("deleted", 1), ("restored", 1)] {
            let events = format!(
                "SELECT COUNT(*) FROM security_events WHERE type = 'role_{kind}' AND details = 'deal-desk' AND actor_id = {actor}"
            );
            assert_eq!(server.base.number(&events), count, "{kind}");
        }
    });
}

#[test]
fn the_systems_roles_come_first_and_stay_as_they_are() {
    on_each(|server| {
        let firm = Firm::new(server);
        let own = custom(&firm, &["deals:read:org"]);
        let list = data(&firm.owner.get(&firm.at("roles")).expect(200));
        let system: Vec<_> = SYSTEM_ROLES.iter().filter(|role| !role.platform).collect();
        let names: Vec<_> = system.iter().map(|role| role.name).collect();
        assert_eq!(texts(&list, "name")[..names.len()], names);
        assert_eq!(list.last().unwrap()["id"], json!(own));
        let before = stored(server);
        for (role, listed) in system.iter().zip(&list) {
            let at = firm.at(&format!("roles/{}", role.id));
            assert_eq!(&firm.owner.get(&at).expect(200), listed);
            assert_eq!(listed["is_system"], json!(true));
            for answer in [
                firm.owner.patch(&at, json!({"display_name": "x"})),
                firm.owner.delete(&at),
                firm.owner.act(&format!("{at}/restore")),
            ] {
                let problem = answer.problem(403, "out_of_reach");
                assert!(problem.get("permission").is_none(), "{problem}");
            }
        }
        for role in SYSTEM_ROLES.iter().filter(|role| role.platform) {
            let at = firm.at(&format!("roles/{}", role.id));
            firm.owner.get(&at).problem(404, "not_found");
            firm.owner.patch(&at, json!({})).problem(404, "not_found");
            let body = json!({"user_id": firm.owner_id, "role_id": role.id});
            let problem = firm
                .owner
                .post(&firm.at("role-assignments"), body)
                .problem(422, "invalid");
            assert_eq!(pointers(&problem), ["#/role_id"]);
        }
        for query in ["limit=0", "sort=name", "deleted=perhaps"] {
            assert_eq!(firm.owner.get(&firm.at(&format!("roles?{query}"))).status, 400);
        }
        assert_eq!(stored(server), before);
    });
}

#[test]
fn what_is_wrong_with_a_role_is_named() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let before = (rows(server, "roles"), rows(server, "role_permissions"));
        let post = |name: &str, permissions: Value| {
            let body = json!({"name": name, "display_name": "x", "permissions": permissions});
            firm.owner.post(&firm.at("roles"), body)
        };
        let given = json!([
            "deals:read:own",
            "nothing:read:org",
            "deals:read:team",
            "deals:read:platform",
            "users:read:platform",
            "teams:read:own",
            "deals:approve:org",
            "deals:read",
            "",
            "DEALS:READ:OWN",
        ]);
        let problem = post("desk", given).problem(422, "invalid");
        let wrong = [1, 3, 4, 5, 6, 7, 8, 9].map(|n| format!("#/permissions/{n}"));
        assert_eq!(pointers(&problem), wrong);
        let codes = texts(problem["errors"].as_array().unwrap(), "code");
        assert!(codes.iter().all(|code| code == "unknown_permission"), "{problem}");
        for (field, value) in [
            ("name", json!("Desk")),
            ("name", json!("d")),
            ("display_name", json!("")),
            ("is_system", json!(true)),
            ("role_type", json!("platform")),
            ("permissions", json!([1])),
            ("permissions", json!(null)),
            ("colour", json!("red")),
        ] {
            let mut body = json!({"name": "desk", "display_name": "x"});
            body[field] = value;
            let problem = firm.owner.post(&firm.at("roles"), body).problem(422, "invalid");
            assert!(
                pointers(&problem)[0].starts_with(&format!("#/{field}")),
                "{problem}"
            );
        }
        for taken in ["ceo", "product_manager", "website_owner"] {
            assert_eq!(
                pointers(&post(taken, json!([])).problem(409, "not_unique")),
                ["#/name"]
            );
        }
        assert_eq!((rows(server, "roles"), rows(server, "role_permissions")), before);

        let id = post("desk", json!([])).id();
        assert_eq!(
            pointers(&post("desk", json!([])).problem(409, "not_unique")),
            ["#/name"]
        );
        let second = firm.at(&format!("roles/{}", post("second", json!([])).id()));
        for taken in ["desk", "ceo"] {
            firm.owner
                .patch(&second, json!({"name": taken}))
                .problem(409, "not_unique");
        }
        // Names are an organization's own, and free again when the role is deleted.
        let body = json!({"name": "desk", "display_name": "x"});
        other.owner.post(&other.at("roles"), body.clone()).expect(201);
        firm.owner.delete(&firm.at(&format!("roles/{id}"))).expect(204);
        firm.owner.post(&firm.at("roles"), body).expect(201);
        firm.owner
            .act(&firm.at(&format!("roles/{id}/restore")))
            .problem(409, "not_unique");
    });
}

#[test]
fn a_role_of_another_organization_does_not_exist() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (foreign, nobodys) = (custom(&other, &["deals:read:org"]), nothing(server));
        let (user, client) = firm.member(None);
        for id in [&foreign, &nobodys] {
            let at = firm.at(&format!("roles/{id}"));
            firm.owner.get(&at).problem(404, "not_found");
            firm.owner
                .patch(&at, json!({"display_name": "y"}))
                .problem(404, "not_found");
            firm.owner.delete(&at).problem(404, "not_found");
            let problem = give(&firm.owner, &firm, user, id).problem(422, "invalid");
            assert_eq!(pointers(&problem), ["#/role_id"]);
            assert_eq!(problem["errors"][0]["code"], "not_found");
            let body = json!({"email": format!("{}@x.example", unique()), "name": "x", "role_ids": [id]});
            firm.owner.post(&firm.at("members"), body).problem(422, "invalid");
        }
        client.get(&firm.at("deals")).problem(403, "permission_required");
        let listed = data(&firm.owner.get(&firm.at("roles")).expect(200));
        assert!(listed.iter().all(|role| role["is_system"] == json!(true)));
    });
}

#[test]
fn a_role_gives_what_it_says_and_an_assignment_shows_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client, role) = holder(&firm, &["deals:read:own", "companies:create:own"]);
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let own = json!({"title": "y", "owner_id": user});
        firm.owner.post(&firm.at("deals"), own).expect(201);
        let seen = data(&client.get(&firm.at("deals")).expect(200));
        assert_eq!(texts(&seen, "title"), ["y"]);
        client
            .get(&firm.at(&format!("deals/{deal}")))
            .problem(404, "not_found");
        client
            .post(&firm.at("companies"), json!({"name": "x"}))
            .expect(201);
        client
            .get(&firm.at("companies"))
            .problem(403, "permission_required");
        client.get(&firm.at("roles")).problem(403, "permission_required");

        let list = firm.at(&format!("role-assignments?user_id={user}&expand=role"));
        let held = &data(&firm.owner.get(&list).expect(200))[0];
        assert_eq!(
            (&held["role_id"], &held["role"]["id"]),
            (&json!(role), &json!(role))
        );
        assert_eq!(held["role_organization_id"], json!(firm.id));
        let list = firm.at(&format!("role-assignments?user_id={}&expand=role", firm.owner_id));
        let held = &data(&firm.owner.get(&list).expect(200))[0];
        assert_eq!(held["role"]["name"], "ceo");
        assert_eq!(held["role_organization_id"], json!(null));

        // It can be given with a membership too, and with what programs note.
        let body = json!({"email": format!("{}@x.example", unique()), "name": "x", "role_ids": [role]});
        firm.owner.post(&firm.at("members"), body).expect(201);
        let (another, _) = firm.member(None);
        let noted = json!({"user_id": another, "role_id": role, "metadata": {"ticket": 7}});
        let given = firm.owner.post(&firm.at("role-assignments"), noted).expect(201);
        assert_eq!(given["metadata"], json!({"ticket": 7}));
        let large = json!({"metadata": {"x": "y".repeat(17_000)}});
        let at = firm.at(&format!("role-assignments/{}", given["id"].as_str().unwrap()));
        assert_eq!(
            pointers(&firm.owner.patch(&at, large).problem(422, "invalid")),
            ["#/metadata"]
        );
        let none = json!({"metadata": {"ticket": null}});
        assert_eq!(firm.owner.patch(&at, none).expect(200)["metadata"], json!({}));
    });
}

#[test]
fn only_who_may_makes_roles() {
    on_each(|server| {
        let place = Place::new(server);
        let firm = &place.firm;
        let at = firm.at(&format!("roles/{}", place.row("roles")));
        let body = json!({"name": unique(), "display_name": "x"});
        for name in ["manager", "product_manager", "employee", "client"] {
            let (_, client) = firm.member(Some(name));
            let before = stored(server);
            client
                .post(&firm.at("roles"), body.clone())
                .problem(403, "permission_required");
            client.patch(&at, json!({})).problem(403, "permission_required");
            client.delete(&at).problem(403, "permission_required");
            assert_eq!(stored(server), before);
        }
        let (_, admin) = firm.member(Some("admin"));
        admin.post(&firm.at("roles"), body).expect(201);
    });
}
