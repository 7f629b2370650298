//! What goes together, and what rules say beside stored rows.

use crate::kit::{data, pointers, stored, texts};
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

fn listed(firm: &Firm, below: &str) -> Vec<String> {
    sorted(texts(&data(&firm.owner.get(&firm.at(below)).expect(200)), "id"))
}

#[test]
fn a_team_goes_and_comes_with_its_members() {
    on_each(|server| {
        let firm = Firm::new(server);
        let people: Vec<_> = (0..3).map(|_| firm.member(None).0).collect();
        let (team, other) = (firm.team(&people), firm.team(&people[..2]));
        let of = |team: &str| format!("team-members?limit=200&team_id={team}");
        // One left before: the restore doesn't bring that one back.
        let left = listed(&firm, &of(&team)).remove(0);
        firm.owner
            .delete(&firm.at(&format!("team-members/{left}")))
            .expect(204);
        let (members, others) = (listed(&firm, &of(&team)), listed(&firm, &of(&other)));
        assert_eq!((members.len(), others.len()), (2, 2));
        firm.owner.delete(&firm.at(&format!("teams/{team}"))).expect(204);
        assert_eq!(listed(&firm, &of(&team)), [""; 0]);
        assert_eq!(listed(&firm, &of(&other)), others);
        firm.owner
            .act(&firm.at(&format!("team-members/{left}/restore")))
            .problem(409, "referred_to");
        firm.owner
            .act(&firm.at(&format!("teams/{team}/restore")))
            .expect(200);
        assert_eq!(listed(&firm, &of(&team)), members);
        firm.owner
            .get(&firm.at(&format!("team-members/{left}")))
            .problem(404, "not_found");
        // And again: the second delete is another one than the first.
        firm.owner
            .delete(&firm.at(&format!("team-members/{}", members[0])))
            .expect(204);
        firm.owner.delete(&firm.at(&format!("teams/{team}"))).expect(204);
        firm.owner
            .act(&firm.at(&format!("teams/{team}/restore")))
            .expect(200);
        assert_eq!(listed(&firm, &of(&team)), members[1..]);
    });
}

#[test]
fn a_pipeline_goes_and_comes_with_its_stages() {
    on_each(|server| {
        let firm = Firm::new(server);
        let pipeline = firm
            .owner
            .post(&firm.at("pipelines"), json!({"name": "Second"}))
            .id();
        let at = firm.at(&format!("pipelines/{pipeline}"));
        let of = format!("stages?limit=200&pipeline_id={pipeline}");
        assert_eq!(listed(&firm, &of).len(), 2);
        let deal = json!({"title": "x", "pipeline_id": pipeline});
        firm.owner
            .post(&firm.at("deals"), deal.clone())
            .problem(409, "no_open_stage");
        for name in ["One", "Two"] {
            firm.owner
                .post(&firm.at("stages"), json!({"name": name, "pipeline_id": pipeline}))
                .expect(201);
        }
        let stages = listed(&firm, &of);
        let first = data(&firm.owner.get(&firm.at(&format!("{of}&kind=OPEN"))).expect(200));
        let one = first.iter().find(|stage| stage["name"] == "One").unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        firm.owner.delete(&firm.at(&format!("stages/{one}"))).expect(204);

        let id = firm.owner.post(&firm.at("deals"), deal).id();
        firm.owner.delete(&at).problem(409, "in_use");
        let two = stages
            .iter()
            .find(|id| **id != one && first.iter().any(|stage| stage["id"] == **id))
            .unwrap();
        firm.owner
            .delete(&firm.at(&format!("stages/{two}")))
            .problem(409, "in_use");
        firm.owner.delete(&firm.at(&format!("deals/{id}"))).expect(204);
        firm.owner.delete(&at).expect(204);
        assert_eq!(listed(&firm, &of), [""; 0]);
        firm.owner
            .post(&firm.at("deals"), json!({"title": "x", "stage_id": two}))
            .problem(422, "invalid");
        for gone in [
            format!("deals/{id}"),
            format!("stages/{one}"),
            format!("stages/{two}"),
        ] {
            firm.owner
                .act(&firm.at(&format!("{gone}/restore")))
                .problem(409, "referred_to");
        }
        firm.owner.act(&format!("{at}/restore")).expect(200);
        let back: Vec<_> = stages.into_iter().filter(|id| *id != one).collect();
        assert_eq!(listed(&firm, &of), back);
        firm.owner
            .act(&firm.at(&format!("deals/{id}/restore")))
            .expect(200);
    });
}

#[test]
fn what_is_in_use_stays() {
    on_each(|server| {
        let firm = Firm::new(server);
        let default = data(&firm.owner.get(&firm.at("pipelines")).expect(200)).remove(0);
        assert_eq!(default["is_default"], true);
        let company = firm.owner.post(&firm.at("companies"), json!({"name": "A"})).id();
        let deal = firm
            .owner
            .post(&firm.at("deals"), json!({"title": "x", "company_id": company}))
            .id();
        let before = stored(server);
        for path in [
            format!("pipelines/{}", default["id"].as_str().unwrap()),
            format!("companies/{company}"),
            format!("stages/{}", firm.stage("Won")),
            format!("stages/{}", firm.stage("Lost")),
            format!("stages/{}", firm.stage("Prospecting")),
        ] {
            firm.owner.delete(&firm.at(&path)).problem(409, "in_use");
        }
        assert_eq!(stored(server), before);
        // A deal that is closed holds nobody.
        firm.owner
            .patch(
                &firm.at(&format!("deals/{deal}")),
                json!({"stage_id": firm.stage("Won")}),
            )
            .expect(200);
        firm.owner
            .delete(&firm.at(&format!("companies/{company}")))
            .expect(204);
        let shown = firm
            .owner
            .get(&firm.at(&format!("deals/{deal}?expand=company")))
            .expect(200);
        assert_eq!(
            (&shown["company_id"], &shown["company"]),
            (&json!(company), &json!(null))
        );
    });
}

#[test]
fn a_stage_keeps_its_meaning_and_its_pipeline() {
    on_each(|server| {
        let firm = Firm::new(server);
        let default = data(&firm.owner.get(&firm.at("pipelines")).expect(200)).remove(0)["id"].clone();
        let second = firm
            .owner
            .post(&firm.at("pipelines"), json!({"name": "Second"}))
            .id();
        let open = firm
            .owner
            .post(
                &firm.at("stages"),
                json!({"name": "There", "pipeline_id": second}),
            )
            .id();
        let deal = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let before = stored(server);
        let patch = |path: String, body: Value, pointer: &str| {
            let problem = firm.owner.patch(&firm.at(&path), body).problem(422, "invalid");
            assert_eq!(pointers(&problem), [pointer]);
        };
        patch(format!("stages/{open}"), json!({"kind": "WON"}), "#/kind");
        patch(
            format!("stages/{}", firm.stage("Won")),
            json!({"kind": "OPEN"}),
            "#/kind",
        );
        patch(
            format!("stages/{open}"),
            json!({"pipeline_id": default}),
            "#/pipeline_id",
        );
        patch(format!("stages/{open}"), json!({"position": -1}), "#/position");
        for kind in ["WON", "LOST"] {
            let body = json!({"name": "Another", "pipeline_id": default, "kind": kind});
            assert_eq!(
                pointers(&firm.owner.post(&firm.at("stages"), body).problem(422, "invalid")),
                ["#/kind"]
            );
        }
        let same = json!({"name": "Prospecting", "pipeline_id": default});
        assert_eq!(
            pointers(
                &firm
                    .owner
                    .post(&firm.at("stages"), same)
                    .problem(409, "not_unique")
            ),
            ["#/name"]
        );
        patch(
            format!("deals/{deal}"),
            json!({"stage_id": open, "pipeline_id": default}),
            "#/pipeline_id",
        );
        assert_eq!(stored(server), before);
        // To another pipeline: to the stage that is named, or to its first open one.
        let moved = firm
            .owner
            .patch(&firm.at(&format!("deals/{deal}")), json!({"pipeline_id": second}))
            .expect(200);
        assert_eq!(
            (&moved["stage_id"], &moved["pipeline_id"]),
            (&json!(open), &json!(second))
        );
    });
}

#[test]
fn no_company_is_above_itself() {
    on_each(|server| {
        let firm = Firm::new(server);
        let mut chain: Vec<String> = Vec::new();
        for name in ["A", "B", "C"] {
            let body = json!({"name": name, "parent_id": chain.last()});
            chain.push(firm.owner.post(&firm.at("companies"), body).id());
        }
        let before = stored(server);
        for below in &chain {
            let problem = firm
                .owner
                .patch(
                    &firm.at(&format!("companies/{}", chain[0])),
                    json!({"parent_id": below}),
                )
                .problem(422, "invalid");
            assert_eq!(
                (pointers(&problem), &problem["errors"][0]["code"]),
                (vec!["#/parent_id".to_owned()], &json!("circle"))
            );
        }
        assert_eq!(stored(server), before);
        firm.owner
            .patch(
                &firm.at(&format!("companies/{}", chain[2])),
                json!({"parent_id": chain[0]}),
            )
            .expect(200);
    });
}

#[test]
fn no_two_companies_are_put_below_each_other_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        for _ in 0..8 {
            let [a, b] =
                ["A", "B"].map(|name| firm.owner.post(&firm.at("companies"), json!({"name": name})).id());
            let put = |one: &str, below: &str| {
                let path = firm.at(&format!("companies/{one}"));
                firm.owner.patch(&path, json!({"parent_id": below})).status
            };
            let mut statuses = std::thread::scope(|scope| {
                let both = [(&a, &b), (&b, &a)].map(|(one, below)| scope.spawn(move || put(one, below)));
                both.map(|one| one.join().unwrap())
            });
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 422]);
        }
    });
}

#[test]
fn a_hundred_companies_may_stand_above_one() {
    on_each(|server| {
        let firm = Firm::new(server);
        let under = |parent: &Value| {
            firm.owner
                .post(&firm.at("companies"), json!({"name": "C", "parent_id": parent}))
        };
        let mut last = json!(under(&Value::Null).id());
        for _ in 0..100 {
            last = json!(under(&last).id());
        }
        let problem = under(&last).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["code"], "too_deep");
        let path = firm.at(&format!("companies/{}", last.as_str().unwrap()));
        firm.owner.delete(&path).expect(204);
        firm.owner.post(&format!("{path}/restore"), json!({})).expect(200);
    });
}

#[test]
fn nothing_refers_to_what_is_deleted_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let pipeline = data(&firm.owner.get(&firm.at("pipelines")).expect(200))[0]["id"].clone();
        for n in 0..8 {
            let made = |collection: &str, body: Value| firm.owner.post(&firm.at(collection), body).id();
            let company = made("companies", json!({"name": "Acme"}));
            let stage = made(
                "stages",
                json!({"pipeline_id": pipeline, "name": format!("Stage {n}"), "position": 50 + n}),
            );
            std::thread::scope(|scope| {
                for path in [format!("companies/{company}"), format!("stages/{stage}")] {
                    let firm = &firm;
                    scope.spawn(move || {
                        let answer = firm.owner.delete(&firm.at(&path));
                        assert!([204, 409].contains(&answer.status), "{}", answer.text);
                    });
                }
                for (collection, body) in [
                    ("contacts", json!({"name": "Ann", "company_id": company})),
                    (
                        "contacts",
                        json!({"name": "Bob", "company_id": company, "is_primary": true}),
                    ),
                    ("deals", json!({"title": "A", "company_id": company})),
                    ("deals", json!({"title": "B", "stage_id": stage})),
                ] {
                    let firm = &firm;
                    scope.spawn(move || {
                        let answer = firm.owner.post(&firm.at(collection), body);
                        assert!([201, 422].contains(&answer.status), "{}", answer.text);
                    });
                }
            });
            let there = |path: String| firm.owner.get(&firm.at(&path)).status == 200;
            let any = |path: String| !data(&firm.owner.get(&firm.at(&path)).expect(200)).is_empty();
            if !there(format!("companies/{company}")) {
                assert!(!any(format!("contacts?company_id={company}")));
                assert!(!any(format!("deals?company_id={company}")));
            }
            if !there(format!("stages/{stage}")) {
                assert!(!any(format!("deals?stage_id={stage}")));
            }
        }
    });
}
