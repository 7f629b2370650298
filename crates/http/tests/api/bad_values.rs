//! Values that are wrong by themselves, or beside stored rows: each is named by its pointer.

use crate::bad_input::{ask, post, refused};
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
                    json!({"name": "x", "website": "nowhere"}),
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

#[test]
fn instants_are_of_the_years_1_to_9999_as_rfc_3339_writes_them() {
    on_each(|server| {
        let firm = Firm::new(server);
        refused(server, &firm, || {
            for at in [
                "9999-12-31T23:59:59-01:00",
                "0000-01-01T00:00:00+14:00",
                "0000-06-01T00:00:00Z",
                "+10000-01-01T00:00:00Z",
                "2026-01-31 09:30:00Z",
                "2026-01-31T09:30:00",
                "2016-12-31T23:59:60Z",
                "2026-01-31",
            ] {
                let call = json!({"kind": "CALL", "subject": "x", "due_at": at});
                let problem = post(&firm, "activities", &call).problem(422, "invalid");
                assert_eq!(pointers(&problem), ["#/due_at"], "{at}");
                let written = at.replace('+', "%2B").replace(' ', "%20");
                for (list, field) in [
                    ("deals", "created_at"),
                    ("activities", "due_at"),
                    ("audit-entries", "occurred_at"),
                ] {
                    let path = firm.at(&format!("{list}?{field}[gt]={written}"));
                    let problem = ask(&firm.owner, "GET", &path, &[], None).problem(400, "invalid_value");
                    assert_eq!(problem["parameter"], format!("{field}[gt]"), "{at}");
                }
            }
        });
        let company = firm.owner.post(&firm.at("companies"), json!({"name": "x"})).id();
        for (given, kept) in [
            ("0001-01-01T02:00:00+02:00", "0001-01-01T00:00:00.000000Z"),
            ("9999-12-31t22:59:59-01:00", "9999-12-31T23:59:59.000000Z"),
        ] {
            let call = json!({"kind": "CALL", "subject": "x", "company_id": company, "due_at": given});
            let made = post(&firm, "activities", &call);
            let at = firm.at(&format!("activities/{}", made.id()));
            assert_eq!(made.expect(201)["due_at"], kept);
            let changed = firm.owner.patch(&at, json!({"subject": "y"})).expect(200);
            assert_eq!(
                (&changed["due_at"], &changed["version"]),
                (&json!(kept), &json!(2))
            );
        }
    });
}

#[test]
fn dates_are_days_of_the_calendar_as_they_are_written_here() {
    on_each(|server| {
        let firm = Firm::new(server);
        refused(server, &firm, || {
            for day in [
                "2026-02-30",
                "2026-13-01",
                "2025-02-29",
                "2026-00-10",
                "20260101",
                "2026-1-1",
                "01.02.2026",
                "2026-01-01T00:00:00Z",
                "+12026-01-01",
                "-0044-03-15",
                "today",
                "",
            ] {
                let problem =
                    post(&firm, "deals", &json!({"title": "x", "opened_on": day})).problem(422, "invalid");
                assert_eq!(pointers(&problem), ["#/opened_on"], "{day}");
                let answer = ask(
                    &firm.owner,
                    "GET",
                    &firm.at(&format!("deals?expected_close[gte]={}", day.replace('+', "%2B"))),
                    &[],
                    None,
                );
                assert_eq!(
                    answer.problem(400, "invalid_value")["parameter"],
                    "expected_close[gte]",
                    "{day}"
                );
            }
            let backwards = json!({"title": "x", "opened_on": "2026-03-02", "actual_close": "2026-03-01", "stage_id": firm.stage("Won")});
            assert_eq!(
                pointers(&post(&firm, "deals", &backwards).problem(422, "invalid")),
                ["#/actual_close"]
            );
            let open = json!({"title": "x", "actual_close": "2026-03-01"});
            assert_eq!(
                pointers(&post(&firm, "deals", &open).problem(422, "invalid")),
                ["#/actual_close"]
            );
        });
    });
}
