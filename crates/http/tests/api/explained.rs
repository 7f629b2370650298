//! What one may do, what each role may do, and why.

use crate::samples::{role, unique};
use firma_http::{Access, operations};
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

fn explained(client: &Client, firm: &Firm<'_>, query: &str) -> Value {
    client
        .get(&firm.at(&format!("access/explain?{query}")))
        .expect(200)
}

#[test]
fn everybody_is_told_what_they_may_do() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(None);
        let own = client.get(&firm.at("access/me")).expect(200);
        assert_eq!(own, json!({"user_id": user, "roles": [], "permissions": []}));
        let body =
            json!({"user_id": user, "role_id": role("stakeholder"), "expires_at": "2999-01-01T00:00:00Z"});
        firm.owner.post(&firm.at("role-assignments"), body).expect(201);
        let own = client.get(&firm.at("access/me")).expect(200);
        assert_eq!(own["roles"][0]["name"], "stakeholder");
        assert_eq!(own["roles"][0]["expires_at"], "2999-01-01T00:00:00.000000Z");
        let permissions = own["permissions"].as_array().unwrap();
        assert!(
            permissions.contains(&json!("organizations:read:org")),
            "{permissions:?}"
        );
        assert!(!permissions.contains(&json!("deals:read:own")), "{permissions:?}");
        let desk = json!({"name": "desk", "display_name": "Desk", "permissions": ["deals:read:own"]});
        let desk = firm.owner.post(&firm.at("roles"), desk).id();
        let body = json!({"user_id": user, "role_id": desk});
        firm.owner.post(&firm.at("role-assignments"), body).expect(201);
        let own = client.get(&firm.at("access/me")).expect(200);
        assert!(
            own["roles"]
                .as_array()
                .unwrap()
                .iter()
                .any(|role| role["name"] == "desk"),
            "{own}"
        );
        let other = Firm::new(server);
        client
            .get(&other.at("access/me"))
            .problem(404, "organization_not_found");
    });
}

#[test]
fn the_matrix_has_every_operation_that_needs_a_permission() {
    on_each(|server| {
        let firm = Firm::new(server);
        let matrix = firm.owner.get(&firm.at("access/matrix")).expect(200);
        let lines = matrix["data"].as_array().unwrap();
        for operation in operations() {
            let line = lines.iter().find(|line| line["operation"] == *operation.id);
            let Access::Permission(resource, verb) = operation.access else {
                assert_eq!(line, None, "{}", operation.id);
                continue;
            };
            let line = line.unwrap_or_else(|| panic!("the matrix lacks {}", operation.id));
            for given in firma_auth::access::SYSTEM_ROLES
                .iter()
                .filter(|role| !role.platform)
            {
                let scope = given.scope(resource, verb).map(|scope| scope.as_str());
                assert_eq!(
                    line["scopes"][given.name].as_str(),
                    scope,
                    "{} {}",
                    operation.id,
                    given.name
                );
            }
        }
        let (_, employee) = firm.member(Some("employee"));
        employee
            .get(&firm.at("access/matrix"))
            .problem(403, "permission_required");
    });
}

#[test]
fn an_explanation_names_the_role_or_what_is_missing_and_who_could_give_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(Some("employee"));
        let own = client.post(&firm.at("deals"), json!({"title": unique()})).id();
        let others = firm
            .owner
            .post(&firm.at("deals"), json!({"title": unique()}))
            .id();

        let allowed = explained(&client, &firm, &format!("permission=deals:update&resource={own}"));
        assert_eq!(
            (&allowed["allowed"], &allowed["scope"]),
            (&json!(true), &json!("own"))
        );
        assert_eq!(allowed["because"][0]["role"], "employee");
        assert_eq!(allowed["because"][0]["gives"], true);
        assert_eq!(allowed["row"]["needs"], "own");
        assert_eq!(
            (&allowed["missing"], &allowed["given_by"]),
            (&Value::Null, &json!([]))
        );

        let narrow = explained(&client, &firm, "permission=deals:update:team");
        assert_eq!(narrow["reason"], "scope_too_narrow");
        assert_eq!(narrow["missing"], "deals:update:team");

        let query = format!("user={user}&permission=deals:update&resource={others}");
        let refused = explained(&firm.owner, &firm, &query);
        assert_eq!(
            (&refused["allowed"], &refused["reason"]),
            (&json!(false), &json!("out_of_reach"))
        );
        assert_eq!(
            (&refused["row"]["needs"], &refused["missing"]),
            (&json!("org"), &json!("deals:update:org"))
        );
        let givers = refused["given_by"].as_array().unwrap();
        assert!(
            givers
                .iter()
                .any(|giver| giver["user_id"] == json!(firm.owner_id)),
            "{givers:?}"
        );
        assert!(
            !givers.iter().any(|giver| giver["user_id"] == json!(user)),
            "{givers:?}"
        );

        let none = explained(&client, &firm, "permission=teams:create");
        assert_eq!(
            (&none["reason"], &none["missing"]),
            (&json!("no_role"), &json!("teams:create:org"))
        );
        assert_eq!(none["because"][0]["scope"], Value::Null);
        // Who may not read members isn't told of any.
        let (_, outsider) = firm.member(Some("client"));
        let told = explained(&outsider, &firm, "permission=teams:create");
        assert_eq!(
            (&told["missing"], &told["given_by"]),
            (&json!("teams:create:org"), &json!([]))
        );
    });
}

#[test]
fn an_explanation_follows_the_instant_and_the_team() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, _) = firm.member(Some("manager"));
        let (owner, sells) = firm.member(Some("employee"));
        let deal = sells.post(&firm.at("deals"), json!({"title": unique()})).id();
        let query = format!("user={user}&permission=deals:delete&resource={deal}");
        assert_eq!(explained(&firm.owner, &firm, &query)["reason"], "out_of_reach");
        let team = json!({"name": unique(), "slug": unique()});
        let team = firm.owner.post(&firm.at("teams"), team).id();
        for member in [user, owner] {
            let body = json!({"team_id": team, "user_id": member});
            firm.owner.post(&firm.at("team-members"), body).expect(201);
        }
        let together = explained(&firm.owner, &firm, &query);
        assert_eq!(
            (&together["allowed"], &together["row"]["needs"]),
            (&json!(true), &json!("team"))
        );

        let held = firm
            .owner
            .get(&firm.at(&format!("role-assignments?user_id={user}")))
            .expect(200);
        let at = firm.at(&format!(
            "role-assignments/{}",
            held["data"][0]["id"].as_str().unwrap()
        ));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        let ended = explained(&firm.owner, &firm, &query);
        assert_eq!(ended["reason"], "no_role");
        assert_eq!(ended["because"][0]["scope"], "team");
        assert_eq!(
            (&ended["because"][0]["is_active"], &ended["because"][0]["gives"]),
            (&json!(false), &json!(false))
        );
    });
}

#[test]
fn nobody_is_told_of_others_without_the_right_or_of_what_they_may_not_see() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(Some("employee"));
        let others = firm
            .owner
            .post(&firm.at("deals"), json!({"title": unique()}))
            .id();
        let at = |query: &str| firm.at(&format!("access/explain?{query}"));
        let of_owner = format!("user={}&permission=deals:read", firm.owner_id);
        client.get(&at(&of_owner)).problem(403, "permission_required");
        let own = format!("user={user}&permission=deals:read");
        client.get(&at(&own)).expect(200);
        client
            .get(&at(&format!("permission=deals:read&resource={others}")))
            .problem(404, "not_found");
        let stranger = Firm::new(server);
        let foreign = format!("user={}&permission=deals:read", stranger.owner_id);
        firm.owner.get(&at(&foreign)).problem(404, "not_found");
        for (query, code) in [
            ("", "required"),
            ("permission=", "invalid_value"),
            ("permission=deals", "invalid_value"),
            ("permission=deals:fly", "invalid_value"),
            ("permission=deals:approve", "invalid_value"),
            ("permission=users:read:platform", "invalid_value"),
            ("permission=deals:read&user=me", "invalid_value"),
            (
                "permission=deals:read&permission=deals:read",
                "repeated_parameter",
            ),
            ("permission=deals:read&row=1", "unknown_parameter"),
        ] {
            client.get(&at(query)).problem(400, code);
        }
    });
}

#[test]
fn rows_of_every_collection_can_be_asked_about() {
    let known: Vec<_> = firma_services::access::explained().collect();
    for operation in operations()
        .iter()
        .filter(|operation| operation.path.ends_with("/{id}"))
    {
        if let Access::Permission(resource, _) = operation.access {
            assert!(
                known.contains(&resource),
                "{resource} is missing in explain/rows.rs"
            );
        }
    }
}
