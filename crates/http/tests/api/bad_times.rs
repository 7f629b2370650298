//! Instants and dates that are none.

use crate::bad_input::{ask, post, refused};
use crate::kit::pointers;
use firma_testing::{Firm, on_each};
use serde_json::json;

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
