//! Why something isn't allowed where no role is missing: the organization, its modules, a key's own limits; and what
//! asks for the password besides.

use crate::keys::{key_of, with};
use crate::kit::texts;
use firma_domain::Id;
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

fn asked(client: &Client, firm: &Firm<'_>, query: &str) -> Value {
    let path = firm.at(&format!("access/explain?permission={query}"));
    client.get(&path).expect(200)
}

#[track_caller]
fn refused(answer: &Value, reason: &str, changed_by: &[Id]) {
    assert_eq!(
        (&answer["allowed"], &answer["reason"]),
        (&json!(false), &json!(reason))
    );
    let by = texts(answer["changed_by"].as_array().unwrap(), "user_id");
    let mut wanted: Vec<_> = changed_by.iter().map(Id::to_string).collect();
    wanted.sort();
    assert_eq!(
        by.into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>(),
        wanted
    );
    assert_eq!(answer["given_by"], json!([]));
}

#[test]
fn an_explanation_knows_what_an_organization_refuses_to_everybody() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (employee, client) = firm.member(Some("employee"));
        let (admin, _) = firm.member(Some("admin"));
        let those = [firm.owner_id, admin];
        let features = |features: Value| {
            firm.owner
                .patch(&firm.path, json!({"settings": {"features": features}}))
                .expect(200);
        };
        features(json!(["product"]));
        refused(&asked(&client, &firm, "quotes:read"), "module_off", &those);
        features(json!(["product", "sales"]));
        assert_eq!(asked(&client, &firm, "quotes:read")["allowed"], true);
        // One who was put out comes back by who may change members.
        let path = firm.at(&format!("members/{employee}"));
        firm.owner.patch(&path, json!({"is_active": false})).expect(200);
        let of_employee = format!("deals:create&user={employee}");
        refused(&asked(&firm.owner, &firm, &of_employee), "not_a_member", &those);
        firm.owner.patch(&path, json!({"is_active": true})).expect(200);
        let id = server.base.id_literal(firm.id);
        let stands = |status: &str| {
            server.base.execute(&format!(
                "UPDATE tenants SET status = '{status}' WHERE id = {id}; \
                 UPDATE organizations SET status = '{status}' WHERE organization_id = {id}"
            ));
        };
        stands("suspended");
        refused(&asked(&client, &firm, "deals:create"), "suspended", &[]);
        assert_eq!(asked(&client, &firm, "deals:read")["allowed"], true);
        stands("archived");
        let of_employee = format!("deals:read&user={employee}");
        refused(
            &asked(&firm.owner, &firm, &of_employee),
            "archived",
            &[firm.owner_id],
        );
        assert_eq!(asked(&firm.owner, &firm, "deals:read")["allowed"], true);
        refused(
            &asked(&firm.owner, &firm, "deals:create"),
            "archived",
            &[firm.owner_id],
        );
        // What is left to the owner of a closed organization.
        let delete = asked(&firm.owner, &firm, "organizations:delete");
        assert_eq!(delete["allowed"], true);
        assert!(
            delete["step_up"]
                .as_array()
                .unwrap()
                .contains(&json!("delete_organization"))
        );
        let read = asked(&firm.owner, &firm, "deals:read");
        assert_eq!(read["step_up"], json!([]));
    });
}

#[test]
fn an_explanation_of_a_key_knows_its_limits_and_those_of_who_made_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (maker, client) = firm.member(Some("admin"));
        let (other, employee) = firm.member(Some("employee"));
        let mut body = with(&["deals:read:org", "deals:create:own", "companies:read:org"]);
        body["allowed_ip_ranges"] = json!(["127.0.0.0/8"]);
        body["expires_at"] = json!("2100-01-01T00:00:00Z");
        let (made, program) = key_of(&firm, &client, body);
        let key = made["id"].as_str().unwrap();
        let of = |permission: &str| asked(&firm.owner, &firm, &format!("{permission}&key={key}"));
        let read = of("deals:read");
        assert_eq!(
            (&read["allowed"], &read["user_id"], &read["scope"]),
            (&json!(true), &json!(maker), &json!("org"))
        );
        assert_eq!(
            (&read["key"]["scope"], &read["key"]["allowed_ip_ranges"]),
            (&json!("org"), &json!(["127.0.0.0/8"]))
        );
        assert_eq!(read["key"]["expires_at"], "2100-01-01T00:00:00.000000Z");
        // What the maker may and the key may not.
        let those = [firm.owner_id, maker];
        let update = of("deals:update");
        refused(&update, "key_too_narrow", &those);
        assert_eq!(
            (&update["missing"], &update["key"]["scope"]),
            (&json!("deals:update:own"), &Value::Null)
        );
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        assert_eq!(of(&format!("deals:read&resource={deal}"))["allowed"], true);
        refused(&of("deals:create:org"), "key_too_narrow", &those);
        refused(&of("roles:create"), "key_not_allowed", &[]);
        // What neither may is the maker's to be given.
        let demoted = crate::keys::role_of(&firm, maker);
        let at = firm.at(&format!("role-assignments/{demoted}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        let none = of("deals:read");
        assert_eq!(
            (&none["reason"], &none["missing"]),
            (&json!("no_role"), &json!("deals:read:own"))
        );
        program.get(&firm.at("deals")).problem(403, "permission_required");
        firm.owner.patch(&at, json!({"is_active": true})).expect(200);
        // Only who reads keys is told of one, and of who made it and nobody else.
        employee
            .get(&firm.at(&format!("access/explain?permission=deals:read&key={key}")))
            .problem(403, "permission_required");
        firm.owner
            .get(&firm.at(&format!(
                "access/explain?permission=deals:read&key={key}&user={other}"
            )))
            .problem(400, "invalid_value");
        let foreign = Firm::new(server);
        foreign
            .owner
            .get(&foreign.at(&format!("access/explain?permission=deals:read&key={key}")))
            .problem(404, "not_found");
        // A suspended organization lets no key in, not even to read.
        let id = server.base.id_literal(firm.id);
        for (status, reason) in [("suspended", Some("suspended")), ("active", None)] {
            server
                .base
                .execute(&format!("UPDATE tenants SET status = '{status}' WHERE id = {id}"));
            assert_eq!(of("deals:read")["reason"].as_str(), reason);
        }
        let ends = server.base.earlier("expires_at", 3_000_000_000);
        server.base.execute(&format!(
            "UPDATE api_keys SET expires_at = {ends} WHERE organization_id = {id}"
        ));
        refused(&of("deals:read"), "key_expired", &those);
        client
            .act(&firm.at(&format!("api-keys/{key}/revoke")))
            .expect(200);
        refused(&of("deals:read"), "key_revoked", &[]);
    });
}
