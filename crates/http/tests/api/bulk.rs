//! Many operations in one call: all or nothing, or each for itself.

use crate::kit::{data, pointers, rows, stored, texts};
use firma_testing::{Answer, Firm, on_each};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

fn bulk(firm: &Firm, path: &str, operations: Value) -> Answer {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let key = format!("bulk-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    firm.owner
        .post_once(&firm.at(path), &key, json!({"operations": operations}))
}

fn made(firm: &Firm, name: &str) -> String {
    firm.owner
        .post(&firm.at("companies"), json!({"name": name, "external_id": name}))
        .id()
}

fn names(firm: &Firm) -> Vec<String> {
    texts(
        &data(&firm.owner.get(&firm.at("companies?sort=name")).expect(200)),
        "name",
    )
}

#[test]
fn operations_are_done_in_their_order() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (a, b) = (made(&firm, "a"), made(&firm, "b"));
        let before = rows(server, "audit_entries");
        let done = bulk(
            &firm,
            "companies/bulk",
            json!([
                {"op": "create", "value": {"name": "c", "external_id": "c"}},
                {"op": "update", "id": a, "value": {"industry": "steel"}},
                {"op": "update", "id": a, "version": 2, "value": {"name": "a2"}},
                {"op": "delete", "id": b, "version": 1},
                {"op": "upsert", "value": {"name": "b3", "external_id": "b"}},
                {"op": "upsert", "value": {"name": "c2", "external_id": " c "}},
                {"op": "upsert", "version": 2, "value": {"external_id": "c", "industry": "coal"}},
                {"op": "update", "id": a, "value": {"industry": "steel"}},
            ]),
        )
        .expect(200);
        let results = done["results"].as_array().unwrap();
        let part = |name: &str| {
            results
                .iter()
                .map(|result| result[name].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(part("status"), [201, 200, 200, 204, 201, 200, 200, 200]);
        assert_eq!(
            part("version"),
            [
                json!(1),
                json!(2),
                json!(3),
                json!(null),
                json!(1),
                json!(2),
                json!(3),
                json!(3)
            ]
        );
        assert_eq!((&results[1]["id"], &results[3]["id"]), (&json!(a), &json!(b)));
        assert_eq!(
            (&results[5]["id"], &results[6]["id"]),
            (&results[0]["id"], &results[0]["id"])
        );
        assert_ne!(results[4]["id"], json!(b));
        assert_eq!(names(&firm), ["a2", "b3", "c2"]);
        let found = firm.owner.get(&firm.at("companies?external_id=c")).expect(200);
        assert_eq!(found["data"][0]["industry"], "coal");
        // One entry for each change; the last changed nothing.
        assert_eq!(rows(server, "audit_entries"), before + 7);
        assert_eq!(
            bulk(&firm, "companies/bulk", json!([])).expect(200),
            json!({"results": []})
        );
    });
}

#[test]
fn one_fault_undoes_all() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (a, b) = (made(&firm, "a"), made(&firm, "b"));
        let nobody = "01890000-0000-7000-8000-000000000000";
        let deal = firm
            .owner
            .post(&firm.at("deals"), json!({"title": "x", "company_id": b}))
            .id();
        let before = stored(server);
        for (fault, status, code, pointer) in [
            (
                json!({"op": "create", "value": {"name": ""}}),
                422,
                "invalid",
                "#/operations/2/value/name",
            ),
            (
                json!({"op": "create", "value": {"name": "x", "billing_address": {"zip": "1"}}}),
                422,
                "invalid",
                "#/operations/2/value/billing_address/zip",
            ),
            (
                json!({"op": "create", "value": {"name": "x", "parent_id": nobody}}),
                422,
                "invalid",
                "#/operations/2/value/parent_id",
            ),
            (
                json!({"op": "create", "value": []}),
                422,
                "invalid",
                "#/operations/2/value",
            ),
            (json!({"op": "create"}), 422, "invalid", "#/operations/2/value"),
            (
                json!({"op": "update", "id": a, "value": {"colour": 1}}),
                422,
                "invalid",
                "#/operations/2/value/colour",
            ),
            (
                json!({"op": "update", "value": {"name": "x"}}),
                422,
                "invalid",
                "#/operations/2/id",
            ),
            (
                json!({"op": "upsert", "value": {"name": "x"}}),
                422,
                "invalid",
                "#/operations/2/value/external_id",
            ),
            (
                json!({"op": "upsert", "value": {"name": "x", "external_id": null}}),
                422,
                "invalid",
                "#/operations/2/value/external_id",
            ),
            (
                json!({"op": {"delete": null}, "id": a}),
                422,
                "invalid",
                "#/operations/2/op",
            ),
            (
                json!({"op": "erase", "id": a}),
                422,
                "invalid",
                "#/operations/2/op",
            ),
            (
                json!({"op": "delete", "id": "a"}),
                422,
                "invalid",
                "#/operations/2/id",
            ),
            (
                json!({"op": "delete", "id": a, "colour": 1}),
                422,
                "invalid",
                "#/operations/2/colour",
            ),
            (
                json!({"op": "create", "value": {"name": "x", "external_id": "b"}}),
                409,
                "not_unique",
                "#/operations/2/value/external_id",
            ),
            (json!({"op": "delete", "id": b}), 409, "in_use", "#/operations/2"),
            (
                json!({"op": "delete", "id": nobody}),
                404,
                "not_found",
                "#/operations/2",
            ),
            (
                json!({"op": "update", "id": a, "version": 1, "value": {"name": "x"}}),
                412,
                "changed",
                "#/operations/2",
            ),
            (
                json!({"op": "upsert", "version": 1, "value": {"name": "x", "external_id": "gone"}}),
                412,
                "changed",
                "#/operations/2",
            ),
        ] {
            let first = json!({"op": "update", "id": a, "value": {"industry": "steel"}});
            let operations = json!([first, {"op": "create", "value": {"name": "new", "tags": ["t"]}}, fault, {"op": "delete", "id": a}]);
            let problem = bulk(&firm, "companies/bulk", operations).problem(status, code);
            assert_eq!(pointers(&problem), [pointer], "{fault}");
            assert_eq!(stored(server), before, "{fault}");
        }
        let upsert = json!([{"op": "upsert", "value": {"name": "x", "slug": "xx"}}]);
        bulk(&firm, "teams/bulk", upsert.clone()).problem(409, "no_upsert");
        let wrong = json!([upsert[0], {"op": "create", "value": {"name": 5, "slug": "xy"}}]);
        let problem = bulk(&firm, "teams/bulk", wrong).problem(422, "invalid");
        assert_eq!(pointers(&problem), ["#/operations/1/value/name"]);
        let wrong = firm
            .owner
            .post_once(&firm.at("companies/bulk"), "k", json!({"operations": 5}))
            .problem(422, "invalid");
        assert_eq!(pointers(&wrong), ["#/operations"]);
        firm.owner
            .post_once(&firm.at("companies/bulk"), "k", json!({}))
            .problem(422, "invalid");
        firm.owner
            .post_once(
                &firm.at("companies/bulk?atomic=maybe"),
                "k",
                json!({"operations": []}),
            )
            .problem(400, "invalid_value");
        assert_eq!(stored(server), before);
        firm.owner.get(&firm.at(&format!("deals/{deal}"))).expect(200);
    });
}

#[test]
fn each_for_itself_tells_what_became_of_each() {
    on_each(|server| {
        let firm = Firm::new(server);
        let a = made(&firm, "a");
        let entries = rows(server, "audit_entries");
        let done = bulk(
            &firm,
            "companies/bulk?atomic=false",
            json!([
                {"op": "create", "value": {"name": "b", "tags": ["t"]}},
                {"op": "create", "value": {"name": "", "tags": ["t"]}},
                {"op": "create", "value": {"name": "x", "external_id": "a", "tags": ["t"]}},
                {"op": "update", "id": a, "version": 9, "value": {"name": "x"}},
                {"op": "update", "id": "01890000-0000-7000-8000-000000000000", "value": {"name": "x"}},
                {"op": "update", "id": a, "value": {"name": "a2"}},
                {"op": "delete", "id": a},
                {"op": "delete", "id": a},
            ]),
        )
        .expect(207);
        let results = done["results"].as_array().unwrap();
        let statuses: Vec<_> = results
            .iter()
            .map(|result| result["status"].as_u64().unwrap())
            .collect();
        assert_eq!(statuses, [201, 422, 409, 412, 404, 200, 204, 404]);
        for result in results {
            let status = result["status"].as_u64().unwrap();
            assert_eq!(result["problem"].is_object(), status >= 400, "{result}");
            if status >= 400 {
                assert_eq!(result["problem"]["status"], json!(status));
                assert!(result["problem"]["type"].is_string() && result["problem"]["code"].is_string());
                assert!(result.get("version").is_none());
            }
        }
        assert_eq!(pointers(&results[1]["problem"]), ["#/operations/1/value/name"]);
        assert_eq!(
            pointers(&results[2]["problem"]),
            ["#/operations/2/value/external_id"]
        );
        assert_eq!(names(&firm), ["b"]);
        assert_eq!(
            (
                rows(server, "audit_entries"),
                rows(server, "events"),
                rows(server, "tags")
            ),
            (entries + 3, entries + 3, 1)
        );
    });
}

#[test]
fn what_can_not_be_read_or_contradicts_itself_is_refused_alone_or_with_all() {
    on_each(|server| {
        let firm = Firm::new(server);
        let a = made(&firm, "a");
        let value = json!({"name": "x", "external_id": "x"});
        let wrong = [
            (json!({"op": "erase"}), "/op"),
            (json!({"op": "update", "value": {}}), "/id"),
            (json!({"op": "delete", "id": "x"}), "/id"),
            (json!({"op": "create", "id": a, "value": value}), "/id"),
            (json!({"op": "create", "version": 1, "value": value}), "/version"),
            (json!({"op": "delete", "id": a, "value": value}), "/value"),
            (json!({"op": "upsert", "id": a, "value": value}), "/id"),
            (json!([]), ""),
        ];
        let before = stored(server);
        for (operation, part) in &wrong {
            // It is told before the first, which is nowhere, is looked for.
            let all = json!([{"op": "delete", "id": "01890000-0000-7000-8000-000000000000"}, operation]);
            let problem = bulk(&firm, "companies/bulk", all).problem(422, "invalid");
            assert_eq!(pointers(&problem), [format!("#/operations/1{part}")]);
        }
        assert_eq!(stored(server), before);
        let mut all: Vec<_> = wrong.iter().map(|(operation, _)| operation.clone()).collect();
        all.push(json!({"op": "update", "id": a, "value": {"name": "a2"}}));
        let done = bulk(&firm, "companies/bulk?atomic=false", json!(all)).expect(207);
        for (n, (_, part)) in wrong.iter().enumerate() {
            let result = &done["results"][n];
            assert_eq!(result["status"], 422, "{result}");
            assert_eq!(pointers(&result["problem"]), [format!("#/operations/{n}{part}")]);
        }
        assert_eq!(
            done["results"][3]["problem"]["errors"][0]["code"],
            "unknown_field"
        );
        assert_eq!(done["results"][wrong.len()]["status"], 200);
        assert_eq!(names(&firm), ["a2"]);
        bulk(&firm, "companies/bulk?atomic=false", json!(5)).problem(422, "invalid");
    });
}

#[test]
fn a_thousand_are_the_most() {
    on_each(|server| {
        let firm = Firm::new(server);
        let many = |n: usize| {
            Value::Array(
                (0..n)
                    .map(|n| json!({"op": "create", "value": {"title": n.to_string()}}))
                    .collect(),
            )
        };
        let before = stored(server);
        let problem = bulk(&firm, "deals/bulk", many(1_001)).problem(422, "invalid");
        assert_eq!(
            (pointers(&problem), &problem["errors"][0]["code"]),
            (vec!["#/operations".to_owned()], &json!("length"))
        );
        assert_eq!(stored(server), before);
        let done = bulk(&firm, "deals/bulk", many(1_000)).expect(200);
        assert_eq!(done["results"].as_array().unwrap().len(), 1_000);
        let total = firm
            .owner
            .get(&firm.at("deals?limit=1&include=total_count"))
            .expect(200);
        assert_eq!(total["pagination"]["total_count"], 1_000);
    });
}

/// On SQLite, calls that wait are written together: what one of them stored before it failed goes, and no more.
#[test]
fn of_calls_at_once_only_what_failed_is_undone() {
    on_each(|server| {
        let firm = Firm::new(server);
        made(&firm, "taken");
        let before = rows(server, "audit_entries");
        let answered = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for n in 0..6 {
                let (firm, answered) = (&firm, &answered);
                scope.spawn(move || {
                    for m in 0..8 {
                        let id = made(firm, &format!("good {n} {m}"));
                        answered.lock().unwrap().push(id);
                    }
                });
                scope.spawn(move || {
                    for m in 0..4 {
                        let first = json!({"name": format!("bad {n} {m}")});
                        let second = json!({"name": "again", "external_id": "taken"});
                        let create = |value: Value| json!({"op": "create", "value": value});
                        bulk(firm, "companies/bulk", json!([create(first), create(second)]))
                            .problem(409, "not_unique");
                    }
                });
            }
        });
        let kept = firm.at("companies?sort=name&limit=200");
        let kept = data(&firm.owner.get(&kept).expect(200));
        let good: Vec<_> = kept.iter().filter(|row| row["name"] != "taken").collect();
        let is_good = |row: &&Value| row["name"].as_str().unwrap().starts_with("good");
        assert!(good.iter().all(is_good));
        let mut ids: Vec<_> = good
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        let mut answered = answered.into_inner().unwrap();
        ids.sort_unstable();
        answered.sort_unstable();
        assert_eq!((ids.len(), ids), (6 * 8, answered));
        assert_eq!(rows(server, "audit_entries"), before + 6 * 8);
    });
}
