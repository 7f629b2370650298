//! Values that are wrong by themselves, or beside stored rows: each is named by its pointer.

use crate::bad_input::{post, refused};
use crate::kit::pointers;
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

#[test]
fn wrong_values_are_named_by_their_pointers() {
    on_each(|server| {
        let firm = Firm::new(server);
        let nobody = "01890000-0000-7000-8000-000000000000";
        let long = "x".repeat(10_000);
        let money = |amount: Value, currency: &str| json!({"title": "x", "value": {"amount": amount, "currency": currency}});
        refused(server, &firm, || {
            for (collection, body, pointer, code) in [
                ("companies", json!({}), "#/name", "required"),
                ("companies", json!([]), "#", "invalid_type"),
                ("companies", json!(null), "#", "invalid_type"),
                ("companies", json!("text"), "#", "invalid_type"),
                ("companies", json!({"name": 5}), "#/name", "invalid_type"),
                ("companies", json!({"name": null}), "#/name", "invalid_type"),
                ("companies", json!({"name": ["x"]}), "#/name", "invalid_type"),
                (
                    "companies",
                    json!({"name": "x", "size": {"small": null}}),
                    "#/size",
                    "invalid_type",
                ),
                ("companies", json!({"name": ""}), "#/name", "length"),
                ("companies", json!({"name": " \u{a0} "}), "#/name", "length"),
                ("companies", json!({"name": long}), "#/name", "length"),
                ("companies", json!({"name": "ş".repeat(256)}), "#/name", "length"),
                (
                    "companies",
                    json!({"name": "x", "colour": 1}),
                    "#/colour",
                    "unknown_field",
                ),
                (
                    "companies",
                    json!({"name": "x", "a/b~c": 1}),
                    "#/a~1b~0c",
                    "unknown_field",
                ),
                (
                    "companies",
                    json!({"name": "x", "id": nobody}),
                    "#/id",
                    "unknown_field",
                ),
                (
                    "companies",
                    json!({"name": "x", "version": 3}),
                    "#/version",
                    "unknown_field",
                ),
                (
                    "companies",
                    json!({"name": "x", "organization_id": nobody}),
                    "#/organization_id",
                    "unknown_field",
                ),
                (
                    "companies",
                    json!({"name": "x", "billing_address": {"zip": "1"}}),
                    "#/billing_address/zip",
                    "unknown_field",
                ),
                (
                    "companies",
                    json!({"name": "x", "billing_address": {"country": "SRB"}}),
                    "#/billing_address/country",
                    "length",
                ),
                (
                    "companies",
                    json!({"name": "x", "size": "huge"}),
                    "#/size",
                    "invalid_value",
                ),
                (
                    "companies",
                    json!({"name": "x", "email": "no address"}),
                    "#/email",
                    "invalid_value",
                ),
                (
                    "companies",
                    json!({"name": "x", "website": "javascript:alert(1)"}),
                    "#/website",
                    "url",
                ),
                (
                    "companies",
                    json!({"name": "x", "tags": "a"}),
                    "#/tags",
                    "invalid_type",
                ),
                (
                    "companies",
                    json!({"name": "x", "tags": ["a", "a"]}),
                    "#/tags",
                    "tags",
                ),
                ("companies", json!({"name": "x", "tags": [""]}), "#/tags", "tags"),
                (
                    "companies",
                    json!({"name": "x", "tags": ["a", 1]}),
                    "#/tags/1",
                    "invalid_type",
                ),
                (
                    "companies",
                    json!({"name": "x", "parent_id": "nobody"}),
                    "#/parent_id",
                    "invalid_value",
                ),
                (
                    "companies",
                    json!({"name": "x", "parent_id": nobody}),
                    "#/parent_id",
                    "not_found",
                ),
                (
                    "companies",
                    json!({"name": "x", "owner_id": nobody}),
                    "#/owner_id",
                    "not_found",
                ),
                (
                    "deals",
                    json!({"title": "x", "company_id": "nobody"}),
                    "#/company_id",
                    "invalid_value",
                ),
                (
                    "deals",
                    json!({"title": "x", "company_id": nobody}),
                    "#/company_id",
                    "not_found",
                ),
                (
                    "deals",
                    json!({"title": "x", "stage_id": nobody}),
                    "#/stage_id",
                    "not_found",
                ),
                (
                    "deals",
                    json!({"title": "x", "pipeline_id": nobody}),
                    "#/pipeline_id",
                    "not_found",
                ),
                (
                    "deals",
                    json!({"title": "x", "status": "WON"}),
                    "#/status",
                    "read_only",
                ),
                (
                    "deals",
                    json!({"title": "x", "probability": "101"}),
                    "#/probability",
                    "invalid_value",
                ),
                ("deals", money(json!("1.005"), "EUR"), "#/value", "invalid_value"),
                ("deals", money(json!("1.5"), "JPY"), "#/value", "invalid_value"),
                ("deals", money(json!("1.0005"), "KWD"), "#/value", "invalid_value"),
                ("deals", money(json!("1"), "ZZZ"), "#/value", "invalid_value"),
                ("deals", money(json!("1"), "eur"), "#/value", "invalid_value"),
                ("deals", money(json!("1e3"), "EUR"), "#/value", "invalid_value"),
                ("deals", money(json!(" 1"), "EUR "), "#/value", ""),
                (
                    "deals",
                    money(json!("-10000000000000.01"), "EUR"),
                    "#/value",
                    "invalid_value",
                ),
                (
                    "deals",
                    money(json!("99999999999999999999999999"), "EUR"),
                    "#/value",
                    "invalid_value",
                ),
                (
                    "deals",
                    money(json!("9".repeat(10_000)), "EUR"),
                    "#/value",
                    "invalid_value",
                ),
                (
                    "deals",
                    money(json!(12.5), "EUR"),
                    "#/value/amount",
                    "invalid_type",
                ),
                (
                    "deals",
                    money(json!(u64::MAX), "EUR"),
                    "#/value/amount",
                    "invalid_type",
                ),
                (
                    "deals",
                    json!({"title": "x", "value": "12.50"}),
                    "#/value",
                    "invalid_type",
                ),
                (
                    "deals",
                    json!({"title": "x", "value": {"amount": "1"}}),
                    "#/value/currency",
                    "required",
                ),
                (
                    "deals",
                    json!({"title": "x", "value": {"amount": "1", "currency": "EUR", "x": 1}}),
                    "#/value/x",
                    "unknown_field",
                ),
                (
                    "stages",
                    json!({"name": "x", "pipeline_id": nobody}),
                    "#/pipeline_id",
                    "not_found",
                ),
                (
                    "stages",
                    json!({"name": "x", "pipeline_id": nobody, "position": 9_000_000_000u64}),
                    "#/position",
                    "invalid_value",
                ),
                (
                    "stages",
                    json!({"name": "x", "pipeline_id": nobody, "position": 1.5}),
                    "#/position",
                    "invalid_type",
                ),
                (
                    "teams",
                    json!({"name": "x", "slug": "Not A Slug"}),
                    "#/slug",
                    "invalid_value",
                ),
                (
                    "pipelines",
                    json!({"name": "x", "is_default": true}),
                    "#/is_default",
                    "read_only",
                ),
            ] {
                if code.is_empty() {
                    continue; // told apart below: text is trimmed before it is read
                }
                let problem = post(&firm, collection, &body).problem(422, "invalid");
                assert!(
                    pointers(&problem).contains(&pointer.to_owned()),
                    "{pointer}: {problem}"
                );
                assert!(
                    problem["errors"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|e| e["code"] == code),
                    "{code}: {problem}"
                );
            }
        });
        let trimmed = post(&firm, "deals", &money(json!(" 1"), "EUR ")).expect(201);
        assert_eq!(trimmed["value"]["amount"], "1.00");
    });
}

#[test]
fn what_is_expected_is_told_in_words_of_a_caller() {
    on_each(|server| {
        let firm = Firm::new(server);
        let worth = |value: Value| json!({"title": "x", "value": value});
        refused(server, &firm, || {
            for (collection, body, detail) in [
                ("deals", worth(json!(["5.00", "EUR"])), "an object is expected"),
                (
                    "deals",
                    worth(json!("5 EUR")),
                    "invalid type: string \"5 EUR\", expected an object with amount and currency",
                ),
                (
                    "companies",
                    json!({"name": "x", "billing_address": "Main 1"}),
                    "invalid type: string \"Main 1\", expected an address: an object",
                ),
                (
                    "stages",
                    json!({"name": "x", "position": "first"}),
                    "invalid type: string \"first\", expected a whole number of 32 bits",
                ),
            ] {
                let problem = post(&firm, collection, &body).problem(422, "invalid");
                assert_eq!(problem["errors"][0]["detail"], detail);
            }
            let settings = firm.owner.patch(&firm.path, json!({"settings": null}));
            let problem = settings.problem(422, "invalid");
            let detail = "invalid type: null, expected an object of settings";
            assert_eq!(problem["errors"][0]["detail"], detail);
        });
    });
}
