//! Every operation attacked, made from the table of operations: none can be left out.
//!
//! Outside the table stand `/health…` and `/openapi.json`, which tell everybody the same, and the pages of the crate
//! `console` (`/setup`, proved by the token of its link, and `/assets`), which its own tests attack.

use crate::keys::key_of;
use crate::keys_everywhere::all_that_keys_may;
use crate::samples::{Place, bare, nothing, path, send, unique};
use firma_auth::access::{RESOURCES, Role, SYSTEM_ROLES, platform_permissions};
use firma_http::{Access, Operation, operations};
use firma_testing::{Answer, Client, Server, on_each};
use serde_json::json;
use std::collections::BTreeMap;

const ROOT: &str = "/api/v1/organizations/{organization}";

fn inside() -> impl Iterator<Item = &'static Operation> {
    operations()
        .iter()
        .filter(|operation| operation.path.starts_with(ROOT))
}

fn on_a_row() -> impl Iterator<Item = &'static Operation> {
    inside().filter(|operation| operation.path.contains("{id}"))
}

#[test]
fn what_is_in_an_organization_needs_a_permission_of_the_catalogue() {
    for operation in operations() {
        let in_one = operation.path.contains("{organization}");
        assert_eq!(in_one, operation.path.starts_with(ROOT), "{}", operation.path);
        match operation.access {
            Access::Permission(name, verb) => {
                assert!(in_one, "{}", operation.id);
                let resource = RESOURCES.iter().find(|resource| resource.name == name);
                assert!(
                    resource.is_some_and(|resource| resource.verbs.contains(&verb)),
                    "{}",
                    operation.id
                );
            }
            Access::Platform(resource, verb) => {
                assert!(
                    operation.path.starts_with("/api/v1/platform/"),
                    "{}",
                    operation.id
                );
                let known = platform_permissions().any(|p| (p.resource, p.verb) == (resource, verb));
                assert!(known, "{}", operation.id);
            }
            Access::Member => assert!(in_one, "{}", operation.id),
            Access::SignedIn => assert!(!in_one, "{}", operation.id),
            Access::Public => {
                let open = [
                    "get_root",
                    "login",
                    "login_second_factor",
                    "refresh",
                    "register",
                    "verify_email",
                    "forgot_password",
                    "reset_password",
                    "confirm_email",
                    "look_at_invitation",
                    "register_by_invitation",
                    "decline_invitation",
                    "list_providers",
                    "start_provider",
                    "provider_callback",
                    "finish_provider",
                ];
                let known = open.contains(&operation.id.as_str());
                assert!(known && !in_one, "{} is open to anybody", operation.id);
            }
        }
    }
    for (n, operation) in operations().iter().enumerate() {
        assert!(
            operations()
                .iter()
                .skip(n + 1)
                .all(|other| other.id != operation.id),
            "{}",
            operation.id
        );
    }
}

/// The owner gets through everywhere: so the samples are such that a refusal is one of access.
#[test]
fn the_owner_may_do_everything() {
    on_each(|server| {
        let place = Place::new(server);
        // The platform is none of an organization's owner's: `platform` tests it.
        let own = |access| !matches!(access, Access::Public | Access::Platform(..));
        for operation in operations().iter().filter(|operation| own(operation.access)) {
            // Each signed in anew: signing out is an operation too.
            let owner = match operation.id.as_str() {
                // It would end the session that another operation is to end.
                "change_password" => place.firm.member(None).1,
                _ => server.client(place.firm.owner_id),
            };
            // What shuts an organization, or gives it away, is done to one that no other operation needs.
            let ends =
                ["archive", "restore", "transfer", "delete"].map(|verb| format!("{verb}_organization"));
            let answer = match ends.contains(&operation.id) {
                true => done_to_another(server, operation),
                false => place.call(&owner, operation),
            };
            match operation.id.as_str() {
                // Not a matter of access: the owner has no password here, nor an authenticator, and stays.
                "step_up" => drop(answer.problem(401, "wrong_credentials")),
                "confirm_second_factor" | "accept_invitation" => drop(answer.problem(422, "invalid")),
                "renew_recovery_codes" => drop(answer.problem(404, "not_found")),
                "delete_me" => drop(answer.problem(409, "last_owner")),
                // No worker has made it.
                "get_archive_content" => drop(answer.problem(404, "not_found")),
                // Nobody has set the record.
                "verify_organization_domain" => drop(answer.problem(409, "domain_not_proved")),
                // There is no provider here; and the owner has no password beside the account.
                "start_link" | "start_provider_step_up" => drop(answer.problem(404, "not_found")),
                "finish_link" | "finish_provider_step_up" => drop(answer.problem(422, "invalid")),
                "unlink_account" => drop(answer.problem(409, "last_sign_in")),
                _ => drop(answer.expect(operation.status)),
            }
        }
    });
}

fn done_to_another(server: &Server, operation: &Operation) -> Answer {
    let place = Place::new(server);
    if operation.id == "restore_organization" {
        place.firm.owner.act(&place.firm.at("archive")).expect(200);
    }
    place.call(&place.firm.owner, operation)
}

#[test]
fn nobody_is_let_in_without_a_token_that_lives() {
    on_each(|server| {
        let place = Place::new(server);
        let user = place.firm.owner_id;
        let revoked = server.client(user);
        revoked.act("/api/v1/auth/logout").expect(204);
        let with = |token: String| server.nobody().with_token(Some(token));
        let key = |more: serde_json::Value| {
            let mut body = all_that_keys_may();
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            key_of(&place.firm, &place.firm.owner, body)
        };
        let (made, ended) = key(json!({}));
        let revoke = place
            .firm
            .at(&format!("api-keys/{}/revoke", made["id"].as_str().unwrap()));
        place.firm.owner.act(&revoke).expect(200);
        let (_, elsewhere) = key(json!({"allowed_ip_ranges": ["192.0.2.0/24"]}));
        let (made, _) = key(json!({}));
        let whole = made["key"].as_str().unwrap();
        let mistyped = format!("{}{}", &whole[..79], if whole.ends_with('a') { 'b' } else { 'a' });
        let lives = server.token(user, 900);
        let (head, signature) = lives.rsplit_once('.').unwrap();
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let payload = head.split_once('.').unwrap().1;
        let clients = [
            server.nobody(),
            with(server.token(user, -10)),
            with("garbage".into()),
            with(format!("{head}.{}", signature.chars().rev().collect::<String>())),
            with(format!("{unsigned}.{payload}.")),
            with(format!("{lives}.")),
            revoked,
            ended,
            elsewhere,
            with(mistyped),
        ];
        for operation in operations() {
            for client in &clients {
                let answer = place.call(client, operation);
                if operation.access == Access::Public {
                    assert_ne!(answer.body["code"], "unauthenticated");
                    continue;
                }
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                answer.problem(401, "unauthenticated");
                // Nor is it told whether there is such an organization, or such a row.
                let nowhere = path(operation, "nowhere", "nothing");
                send(client, operation, &nowhere, None).problem(401, "unauthenticated");
            }
        }
        let basic = format!("Basic {lives}");
        let basic = [("authorization", basic.as_str())];
        server
            .nobody()
            .send("GET", "/api/v1/me", &basic, None)
            .problem(401, "unauthenticated");
        with(lives).get("/api/v1/me").expect(200);
    });
}

#[test]
fn another_organization_does_not_exist() {
    on_each(|server| {
        let (place, other) = (Place::new(server), Place::new(server));
        let firm = &place.firm;
        let body = json!({"email": format!("owner@{}.example", other.firm.slug), "name": "Other"});
        let (gone, gone_client) = firm.member(Some("admin"));
        firm.owner
            .patch(&firm.at(&format!("members/{gone}")), json!({"is_active": false}))
            .expect(200);
        let (_, key) = key_of(&other.firm, &other.firm.owner, all_that_keys_may());
        let strangers = [other.firm.owner.clone(), gone_client, key];
        let attack = |client: &Client| {
            for operation in inside() {
                let row = if operation.path.contains("{id}") {
                    place.row_of(operation)
                } else {
                    ""
                };
                for (name, nobodys) in [
                    (firm.slug.clone(), unique()),
                    (firm.id.to_string(), nothing(server)),
                ] {
                    let there = send(
                        client,
                        operation,
                        &path(operation, &name, row),
                        place.body(operation),
                    );
                    let nowhere = send(
                        client,
                        operation,
                        &path(operation, &nobodys, row),
                        place.body(operation),
                    );
                    assert_eq!(bare(&there, &name), bare(&nowhere, &nobodys));
                    there.problem(404, "organization_not_found");
                }
                send(
                    client,
                    operation,
                    &path(operation, "no slug".replace(' ', "%20").as_str(), row),
                    None,
                )
                .problem(404, "organization_not_found");
            }
        };
        strangers.iter().for_each(attack);
        // Who was added but has not accepted is as much of a stranger.
        firm.owner.post(&firm.at("members"), body).expect(201);
        attack(&other.firm.owner);
        let accept = |organization: &str| {
            let accept = format!("/api/v1/me/memberships/{organization}/accept");
            server.client(firm.owner_id).act(&accept)
        };
        let (foreign, nobodys) = (other.firm.id.to_string(), nothing(server));
        assert_eq!(
            bare(&accept(&foreign), &foreign),
            bare(&accept(&nobodys), &nobodys)
        );
        accept(&foreign).problem(404, "not_found");
    });
}

#[test]
fn another_organizations_row_is_nowhere() {
    on_each(|server| {
        let (place, other) = (Place::new(server), Place::new(server));
        let found = |operation: &&Operation| operation.method == "GET";
        let state = || -> BTreeMap<_, _> {
            let all = on_a_row().filter(found);
            all.map(|operation| {
                (
                    operation.path.clone(),
                    other.call(&other.firm.owner, operation).expect(200),
                )
            })
            .collect()
        };
        let before = state();
        for operation in on_a_row() {
            let call = |row: &str| {
                let at = path(operation, &place.firm.slug, row);
                send(&place.firm.owner, operation, &at, place.body(operation))
            };
            let (foreign, nobodys) = (other.row_of(operation), nothing(server));
            let there = call(foreign);
            assert_eq!(bare(&there, foreign), bare(&call(&nobodys), &nobodys));
            assert_eq!(bare(&there, foreign), bare(&call("no-id"), "no-id"));
            there.problem(404, "not_found");
        }
        assert_eq!(before, state());
        for operation in
            inside().filter(|operation| operation.method == "GET" && !operation.path.contains("{id}"))
        {
            let text = place.call(&place.firm.owner, operation).text;
            let of_other = on_a_row().map(|operation| other.row_of(operation).to_owned());
            for id in of_other.chain([other.firm.id.to_string(), other.firm.owner_id.to_string()]) {
                assert!(!text.contains(&id), "{} shows {id}", operation.id);
            }
        }
    });
}

#[test]
fn each_role_may_do_what_it_says_and_nothing_else() {
    on_each(|server| {
        let place = Place::new(server);
        let roles: Vec<Option<&Role>> = SYSTEM_ROLES
            .iter()
            .filter(|role| !role.platform)
            .map(Some)
            .chain([None])
            .collect();
        for role in roles {
            eprintln!("as {}", role.map_or("a member without a role", |role| role.name));
            let (user, _) = place.firm.member(role.map(|role| role.name));
            // Who may found an organization is no matter of roles: whoever has proved the e-mail.
            let id = server.base.id_literal(user);
            server.base.execute(&format!(
                "UPDATE users SET email_verified_at = created_at WHERE id = {id}"
            ));
            for operation in operations() {
                let Access::Permission(resource, verb) = operation.access else {
                    // What needs no permission is refused to nobody who is signed in.
                    // Who deletes the account does nothing after that.
                    let user = match operation.id.as_str() {
                        "delete_me" => place.firm.member(None).0,
                        _ => user,
                    };
                    let answer = place.call(&server.client(user), operation);
                    match operation.access {
                        Access::Platform(..) => drop(answer.problem(404, "no_route")),
                        _ => assert_ne!(answer.status, 403, "{}", answer.text),
                    }
                    continue;
                };
                // Signed in anew: signing out everywhere is an operation too.
                let client = server.client(user);
                let answer = place.call(&client, operation);
                if role.and_then(|role| role.scope(resource, verb)).is_some() {
                    let code = answer.body["code"].as_str();
                    assert_ne!(answer.status, 401, "{}", answer.text);
                    assert_ne!(code, Some("permission_required"), "{}", answer.text);
                    assert!(answer.status < 500, "{}", answer.text);
                    continue;
                }
                let named = answer.problem(403, "permission_required")["permission"].clone();
                assert_eq!(named.as_str(), operation.access.name().as_deref());
                // Before anything is read or looked up.
                let nowhere = path(operation, &place.firm.slug, "nothing");
                let nowhere = format!("{}?unknown=1", nowhere.split('?').next().unwrap());
                let method = operation.method.as_str();
                let broken = matches!(method, "POST" | "PATCH").then_some(&b"{no json"[..]);
                client
                    .send(method, &nowhere, &[], broken)
                    .problem(403, "permission_required");
            }
        }
    });
}

#[test]
fn a_platform_role_gives_nothing_inside_an_organization() {
    on_each(|server| {
        let firm = firma_testing::Firm::new(server);
        let (user, _) = firm.member(None);
        for role in SYSTEM_ROLES.iter().filter(|role| role.platform) {
            let body = json!({"user_id": user, "role_id": role.id});
            let problem = firm
                .owner
                .post(&firm.at("role-assignments"), body)
                .problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], "#/role_id");
            assert_eq!(problem["errors"][0]["code"], "not_found");
        }
    });
}
