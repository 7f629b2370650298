//! One resource changed: versions, merge patches, deleting and bringing back.

use crate::kit::{data, pointers, rows, stored};
use firma_testing::{Answer, Firm, on_each};
use serde_json::{Value, json};
use std::sync::Barrier;

fn patch_if(firm: &Firm, path: &str, tag: &str, body: Value) -> Answer {
    let headers = [
        ("if-match", tag),
        ("content-type", "application/merge-patch+json"),
    ];
    firm.owner
        .send("PATCH", path, &headers, Some(body.to_string().as_bytes()))
}

#[test]
fn a_version_is_seen_by_its_etag() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = firm.owner.post(&firm.at("companies"), json!({"name": "A"})).id();
        let at = firm.at(&format!("companies/{id}"));
        let get = |tag: &str| firm.owner.send("GET", &at, &[("if-none-match", tag)], None);
        for tag in ["\"1\"", "*", "\"7\", \"1\"", "W/\"1\""] {
            let answer = get(tag);
            assert_eq!(
                (answer.status, answer.text.as_str(), answer.header("etag")),
                (304, "", Some("\"1\"")),
                "{tag}"
            );
        }
        for tag in ["\"2\"", "1", "nothing", ""] {
            assert_eq!(
                (get(tag).status, get(tag).header("etag")),
                (200, Some("\"1\"")),
                "{tag}"
            );
        }
        let changed = patch_if(&firm, &at, "\"1\"", json!({"name": "B"}));
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
        assert_eq!(get("\"1\"").expect(200)["version"], 2);

        let before = stored(server);
        patch_if(&firm, &at, "\"1\"", json!({"name": "C"})).problem(412, "changed");
        firm.owner
            .send("DELETE", &at, &[("if-match", "\"1\"")], None)
            .problem(412, "changed");
        assert_eq!(stored(server), before);
        // What is wrong by itself is told first, and who isn't there last of all.
        patch_if(&firm, &at, "\"1\"", json!({"name": 5})).problem(422, "invalid");
        let nowhere = firm.at("companies/01890000-0000-7000-8000-000000000000");
        patch_if(&firm, &nowhere, "\"1\"", json!({"name": "C"})).problem(404, "not_found");
        patch_if(&firm, &at, "\"1\", \"2\"", json!({"name": "C"})).expect(200);
        patch_if(&firm, &at, "*", json!({"name": "D"})).expect(200);
        firm.owner
            .send("DELETE", &at, &[("if-match", "\"4\"")], None)
            .expect(204);
        let restore = |tag: &str| {
            firm.owner
                .send("POST", &format!("{at}/restore"), &[("if-match", tag)], None)
        };
        restore("\"4\"").problem(412, "changed");
        assert_eq!(restore("\"5\"").header("etag"), Some("\"6\""));
    });
}

#[test]
fn a_patch_that_changes_nothing_stores_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"name": "A", "tags": ["x"], "billing_address": {"city": "Niš", "country": "RS"}});
        let made = firm.owner.post(&firm.at("companies"), body);
        let at = firm.at(&format!("companies/{}", made.id()));
        let before = stored(server);
        for body in [
            json!({}),
            json!({"name": "A"}),
            json!({"name": "  A ", "tags": ["x"]}),
            json!({"industry": null}),
            json!({"billing_address": {}}),
            json!({"billing_address": {"city": "Nis\u{30c}", "street": null}}),
        ] {
            let answer = firm.owner.patch(&at, body.clone());
            assert_eq!(
                (answer.header("etag"), &answer.body),
                (Some("\"1\""), &made.body),
                "{body}"
            );
        }
        assert_eq!(stored(server), before);
    });
}

#[test]
fn a_patch_merges() {
    on_each(|server| {
        let firm = Firm::new(server);
        let address = json!({"street": "Main 1", "postal_code": "18000", "city": "Niš", "region": null, "country": "RS"});
        let body = json!({"name": "A", "industry": "steel", "tags": ["x", "y"], "billing_address": address, "size": "small"});
        let id = firm.owner.post(&firm.at("companies"), body).id();
        let at = firm.at(&format!("companies/{id}"));
        let patch = |body| firm.owner.patch(&at, body).expect(200);
        let changed = patch(json!({"industry": null, "billing_address": {"city": "Bor", "street": null}}));
        assert_eq!(changed["industry"], json!(null));
        assert_eq!(
            changed["billing_address"],
            json!({"street": null, "postal_code": "18000", "city": "Bor", "region": null, "country": "RS"})
        );
        assert_eq!(
            (&changed["size"], &changed["name"]),
            (&json!("small"), &json!("A"))
        );
        // An array is replaced as a whole, and found by what it says now.
        assert_eq!(patch(json!({"tags": ["z"]}))["tags"], json!(["z"]));
        let tagged = |tag: &str| {
            data(
                &firm
                    .owner
                    .get(&firm.at(&format!("companies?tag={tag}")))
                    .expect(200),
            )
            .len()
        };
        assert_eq!((tagged("x"), tagged("z")), (0, 1));
        assert_eq!(
            patch(json!({"billing_address": null, "tags": []}))["billing_address"],
            json!(null)
        );
        assert_eq!(
            patch(json!({"billing_address": {"city": "Bor"}}))["billing_address"]["city"],
            "Bor"
        );
        assert_eq!(patch(json!({"owner_id": null}))["owner_id"], json!(null));
        assert_eq!(rows(server, "tags"), 0);
        assert_eq!(firm.owner.get(&at).expect(200), patch(json!({})));
    });
}

#[test]
fn what_rules_set_is_read_only() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let deal = firm.at(&format!("deals/{deal}"));
        let before = stored(server);
        for (path, body, pointer, code) in [
            (&deal, json!({"status": "WON"}), "#/status", "read_only"),
            (&deal, json!({"id": "x"}), "#/id", "unknown_field"),
            (&deal, json!({"version": 7}), "#/version", "unknown_field"),
            (
                &deal,
                json!({"created_at": "2020-01-01T00:00:00Z"}),
                "#/created_at",
                "unknown_field",
            ),
            (
                &deal,
                json!({"deleted_at": null}),
                "#/deleted_at",
                "unknown_field",
            ),
            (&deal, json!({"title": null}), "#/title", "invalid_type"),
            (&deal, json!({"tags": null}), "#/tags", "invalid_type"),
            (
                &firm.path,
                json!({"owner_id": firm.owner_id}),
                "#/owner_id",
                "read_only",
            ),
            (&firm.path, json!({"max_users": 5}), "#/max_users", "read_only"),
            (
                &firm.path,
                json!({"status": "suspended"}),
                "#/status",
                "read_only",
            ),
            (
                &firm.path,
                json!({"default_currency": "ZZZ"}),
                "#/default_currency",
                "invalid_value",
            ),
            (&firm.path, json!({"country": "rs"}), "#/country", "country"),
        ] {
            let problem = firm.owner.patch(path, body).problem(422, "invalid");
            assert_eq!(
                (pointers(&problem), &problem["errors"][0]["code"]),
                (vec![pointer.to_owned()], &json!(code))
            );
        }
        assert_eq!(stored(server), before);
    });
}

#[test]
fn of_changes_at_once_to_one_version_one_wins() {
    on_each(|server| {
        let firm = Firm::new(server);
        let at = firm.at(&format!(
            "companies/{}",
            firm.owner.post(&firm.at("companies"), json!({"name": "0"})).id()
        ));
        let at_once = |tag: Option<&str>, field: &str| {
            let barrier = Barrier::new(12);
            std::thread::scope(|scope| {
                let call = |n: usize| {
                    barrier.wait();
                    let body = json!({field: n.to_string()});
                    match tag {
                        Some(tag) => patch_if(&firm, &at, tag, body),
                        None => firm.owner.patch(&at, body),
                    }
                };
                let threads: Vec<_> = (1..=12).map(|n| scope.spawn(move || call(n))).collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect::<Vec<_>>()
            })
        };
        let before = rows(server, "audit_entries");
        let answers = at_once(Some("\"1\""), "name");
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        answers
            .iter()
            .filter(|answer| answer.status != 200)
            .for_each(|answer| drop(answer.clone().problem(412, "changed")));
        assert_eq!(firm.owner.get(&at).expect(200), won[0].body);
        assert_eq!(rows(server, "audit_entries"), before + 1);
        // Without a version each comes after another, and none is lost.
        let answers = at_once(None, "industry");
        let mut versions: Vec<_> = answers
            .into_iter()
            .map(|answer| answer.expect(200)["version"].as_i64().unwrap())
            .collect();
        versions.sort_unstable();
        assert_eq!(versions, (3..=14).collect::<Vec<_>>());
        assert_eq!(rows(server, "audit_entries"), before + 13);
    });
}

#[test]
fn what_is_deleted_is_gone_until_it_is_restored() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"name": "A", "tax_number": "1", "external_id": "e", "tags": ["t"]});
        let id = firm.owner.post(&firm.at("companies"), body.clone()).id();
        let at = firm.at(&format!("companies/{id}"));
        let restore = || firm.owner.act(&format!("{at}/restore"));
        restore().problem(404, "not_found");
        let gone = firm.owner.delete(&at);
        assert_eq!((gone.status, gone.text.as_str()), (204, ""));
        firm.owner.get(&at).problem(404, "not_found");
        firm.owner.delete(&at).problem(404, "not_found");
        firm.owner
            .patch(&at, json!({"name": "B"}))
            .problem(404, "not_found");
        let orphan = firm
            .owner
            .post(&firm.at("deals"), json!({"title": "x", "company_id": id}))
            .problem(422, "invalid");
        assert_eq!(pointers(&orphan), ["#/company_id"]);
        let back = restore();
        assert_eq!(
            (back.header("etag"), &back.body["version"]),
            (Some("\"3\""), &json!(3))
        );
        assert!(back.body.get("deleted_at").is_none());
        assert_eq!(firm.owner.get(&at).expect(200), back.body);
        assert_eq!(
            data(&firm.owner.get(&firm.at("companies?tag=t")).expect(200)).len(),
            1
        );

        // Its numbers are free while it is gone, and who took them is told.
        for (field, value) in [("tax_number", "1"), ("external_id", "e")] {
            let same = json!({"name": "B", field: value});
            let problem = firm
                .owner
                .post(&firm.at("companies"), same.clone())
                .problem(409, "not_unique");
            assert_eq!(pointers(&problem), [format!("#/{field}")]);
            firm.owner.delete(&at).expect(204);
            let other = firm.owner.post(&firm.at("companies"), same).id();
            let before = stored(server);
            assert_eq!(
                pointers(&restore().problem(409, "not_unique")),
                [format!("#/{field}")]
            );
            assert_eq!(stored(server), before);
            firm.owner
                .delete(&firm.at(&format!("companies/{other}")))
                .expect(204);
            restore().expect(200);
        }
    });
}
