//! What is out of reach stays so where a rule looks at it beside the row that was asked for.

use crate::custom_roles::holder;
use crate::keys::{key_of, with};
use crate::kit::data;
use crate::samples::unique;
use firma_testing::{Firm, on_each};
use serde_json::json;

#[test]
fn a_report_names_nothing_that_may_not_be_read() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (employee_id, employee) = firm.member(Some("employee"));
        let hidden = firm
            .owner
            .post(&firm.at("companies"), json!({"name": "Hidden & Sons"}))
            .id();
        let own = employee
            .post(&firm.at("companies"), json!({"name": "Open House"}))
            .id();
        for company in [&hidden, &own] {
            let deal = json!({"title": "A deal", "company_id": company, "owner_id": employee_id});
            firm.owner.post(&firm.at("deals"), deal).expect(201);
        }
        employee
            .get(&firm.at(&format!("companies/{hidden}")))
            .problem(404, "not_found");
        let by_company = firm.at("reports/pipeline?group_by=company");
        let labels = |report: &serde_json::Value| -> Vec<(String, Option<String>)> {
            let row = |row: &serde_json::Value| {
                let label = row["label"].as_str().map(str::to_owned);
                (row["key"].as_str().unwrap().to_owned(), label)
            };
            data(report).iter().map(row).collect()
        };
        let seen = labels(&employee.get(&by_company).expect(200));
        assert!(seen.contains(&(hidden.clone(), None)), "{seen:?}");
        assert!(seen.contains(&(own, Some("Open House".into()))), "{seen:?}");
        let all = labels(&firm.owner.get(&by_company).expect(200));
        assert!(all.contains(&(hidden, Some("Hidden & Sons".into()))), "{all:?}");

        // Who may read deals and nothing else reads no names at all.
        let role = json!({"name": "counter", "display_name": "Counter", "permissions": ["deals:read:org"]});
        let role = firm.owner.post(&firm.at("roles"), role).id();
        let (id, counter) = firm.member(None);
        firm.owner
            .post(
                &firm.at("role-assignments"),
                json!({"user_id": id, "role_id": role}),
            )
            .expect(201);
        for group in ["stage", "owner", "company"] {
            let report = counter
                .get(&firm.at(&format!("reports/pipeline?group_by={group}")))
                .expect(200);
            assert_eq!(report["total"]["deals"], 2);
            assert!(
                labels(&report).iter().all(|(_, label)| label.is_none()),
                "{report}"
            );
        }
    });
}

#[test]
fn nobody_makes_way_for_a_contact_of_who_may_not_change_them() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, employee) = firm.member(Some("employee"));
        let company = employee
            .post(&firm.at("companies"), json!({"name": unique()}))
            .id();
        let person = |primary: bool| json!({"name": unique(), "company_id": company, "is_primary": primary});
        let first = firm.owner.post(&firm.at("contacts"), person(true)).id();
        let first = firm.at(&format!("contacts/{first}"));
        employee.get(&first).problem(404, "not_found");
        employee
            .post(&firm.at("contacts"), person(true))
            .problem(403, "out_of_reach");
        let own = employee.post(&firm.at("contacts"), person(false)).id();
        let own = firm.at(&format!("contacts/{own}"));
        employee
            .patch(&own, json!({"is_primary": true}))
            .problem(403, "out_of_reach");
        let still = firm.owner.get(&first).expect(200);
        assert_eq!(
            (&still["is_primary"], &still["version"]),
            (&json!(true), &json!(1))
        );
        firm.owner.patch(&own, json!({"is_primary": true})).expect(200);
        assert_eq!(firm.owner.get(&first).expect(200)["is_primary"], false);
        // One's own gives way.
        employee.post(&firm.at("contacts"), person(true)).expect(201);
        assert_eq!(employee.get(&own).expect(200)["is_primary"], false);
    });
}

#[test]
fn a_place_in_a_deal_comes_back_to_who_may_change_the_deal_now() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, employee) = firm.member(Some("employee"));
        let made = |collection: &str, body| employee.post(&firm.at(collection), body).id();
        let deal = made("deals", json!({"title": unique()}));
        let contact = made("contacts", json!({"name": unique()}));
        let link = made("deal-contacts", json!({"deal_id": deal, "contact_id": contact}));
        let (deal, link) = (
            firm.at(&format!("deals/{deal}")),
            firm.at(&format!("deal-contacts/{link}")),
        );
        employee.delete(&link).expect(204);
        let taken = firm
            .owner
            .patch(&deal, json!({"owner_id": firm.owner_id}))
            .expect(200);
        employee.get(&deal).problem(404, "not_found");
        employee
            .act(&format!("{link}/restore"))
            .problem(403, "out_of_reach");
        assert_eq!(firm.owner.get(&deal).expect(200)["version"], taken["version"]);
        firm.owner.act(&format!("{link}/restore")).expect(200);
    });
}

/// Who may change all rows and read their own can't find out by changes what else there is.
#[test]
fn what_may_not_be_read_is_not_there_to_be_changed() {
    on_each(|server| {
        let firm = Firm::new(server);
        let may = [
            "deals:read:own",
            "deals:create:own",
            "deals:update:org",
            "deals:delete:org",
        ];
        let (user, clerk, _) = holder(&firm, &may);
        let others = firm
            .owner
            .post(&firm.at("deals"), json!({"title": "Theirs"}))
            .id();
        let own = clerk.post(&firm.at("deals"), json!({"title": "Own"})).id();
        let at = |id: &str| firm.at(&format!("deals/{id}"));
        let change = json!({"title": "Changed"});
        clerk
            .patch(&at(&others), change.clone())
            .problem(404, "not_found");
        clerk.delete(&at(&others)).problem(404, "not_found");
        clerk
            .act(&format!("{}/restore", at(&others)))
            .problem(404, "not_found");
        clerk.patch(&at(&own), change.clone()).expect(200);
        let explained = |row: &str| {
            let query = format!("access/explain?user={user}&permission=deals:update&resource={row}");
            firm.owner.get(&firm.at(&query)).expect(200)
        };
        assert_eq!(explained(&own)["allowed"], true);
        let told = explained(&others);
        assert_eq!(
            (&told["allowed"], &told["missing"]),
            (&json!(false), &json!("deals:read:org"))
        );
        // For a program that only writes, all that it may act on is there.
        let (_, key) = key_of(&firm, &firm.owner, with(&["deals:update:org"]));
        key.patch(&at(&others), change).expect(200);
    });
}
