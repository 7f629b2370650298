//! How far a role reaches among the rows of its own organization: own, team, org.

use crate::samples::unique;
use firma_domain::Id;
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What an answer about a row is to be.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Is {
    Done,
    /// 404: the row doesn't exist for the caller
    Unseen,
    /// 403: it may be read, not changed
    Far,
    /// 403: the role may do it to no row
    Never,
}
use Is::{Done, Far, Never, Unseen};

/// For each role what becomes of its own row, a team mate's, a stranger's and nobody's: read, changed, deleted.
const EXPECTED: [(&str, [[Is; 4]; 3]); 5] = [
    (
        "employee",
        [
            [Done, Done, Unseen, Unseen],
            [Done, Far, Unseen, Unseen],
            [Never; 4],
        ],
    ),
    ("manager", [[Done, Done, Unseen, Unseen]; 3]),
    ("product_manager", [[Done; 4], [Never; 4], [Never; 4]]),
    ("admin", [[Done; 4]; 3]),
    ("developer", [[Never; 4]; 3]),
];

/// What they are answered when they hand a row over to a team mate, to a stranger, to nobody.
const HANDING: [(&str, [Is; 3]); 3] = [
    ("employee", [Far; 3]),
    ("manager", [Done, Far, Far]),
    ("admin", [Done; 3]),
];

/// A member with a role, and whom they share a team with or not.
struct Scene<'s> {
    firm: Firm<'s>,
    actor: Client,
    me: Id,
    mate: Id,
    stranger: Id,
    team: String,
}

impl<'s> Scene<'s> {
    fn new(server: &'s Server, role: &str) -> Scene<'s> {
        eprintln!("as {role}");
        let firm = Firm::new(server);
        let (me, actor) = firm.member(Some(role));
        let (mate, _) = firm.member(Some("employee"));
        let (stranger, _) = firm.member(Some("employee"));
        let team = firm.team(&[me, mate]);
        firm.team(&[stranger]);
        Scene {
            firm,
            actor,
            me,
            mate,
            stranger,
            team,
        }
    }

    /// A row that the organization's owner makes for another.
    fn row(&self, collection: &str, owner: Option<Id>) -> String {
        self.firm
            .owner
            .post(
                &self.firm.at(collection),
                self.body(collection, json!({"owner_id": owner})),
            )
            .id()
    }

    /// A body that makes a row, or changes it.
    fn body(&self, collection: &str, mut more: Value) -> Value {
        let name = match collection {
            "deals" => "title",
            "activities" => "subject",
            _ => "name",
        };
        more[name] = json!(unique());
        if collection == "activities" {
            more["kind"] = json!("CALL");
            more["company_id"] = json!(self.row("companies", Some(self.me)));
        }
        more
    }

    fn rows(&self, collection: &str) -> Vec<String> {
        let owners = [Some(self.me), Some(self.mate), Some(self.stranger), None];
        owners
            .into_iter()
            .map(|owner| self.row(collection, owner))
            .collect()
    }

    fn listed(&self, path: &str) -> BTreeSet<String> {
        let list = self.actor.get(&self.firm.at(path)).expect(200);
        let rows = list["data"].as_array().unwrap();
        assert_eq!(list["pagination"]["total_count"], json!(rows.len()));
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[track_caller]
fn check(answer: Answer, is: Is, status: u16) {
    match is {
        Done => drop(answer.expect(status)),
        Unseen => drop(answer.problem(404, "not_found")),
        Far => drop(answer.problem(403, "out_of_reach")),
        Never => drop(answer.problem(403, "permission_required")),
    }
}

fn each_role_reaches(collection: &str) {
    on_each(|server| {
        for (role, [read, changed, deleted]) in EXPECTED {
            let scene = Scene::new(server, role);
            let (firm, actor) = (&scene.firm, &scene.actor);
            let rows = scene.rows(collection);
            let seen: BTreeSet<_> = rows
                .iter()
                .zip(read)
                .filter(|(_, is)| *is == Done)
                .map(|(id, _)| id.clone())
                .collect();
            for (n, id) in rows.iter().enumerate() {
                let at = firm.at(&format!("{collection}/{id}"));
                check(actor.get(&at), read[n], 200);
                check(
                    actor.patch(&at, scene.body(collection, json!({}))),
                    changed[n],
                    200,
                );
                if collection == "deals" {
                    check(actor.get(&format!("{at}/stage-history")), read[n], 200);
                }
            }
            if read[0] == Never {
                actor
                    .get(&firm.at(collection))
                    .problem(403, "permission_required");
                continue;
            }
            assert_eq!(scene.listed(&format!("{collection}?include=total_count")), seen);
            if collection == "deals" {
                let report = actor.get(&firm.at("reports/pipeline?group_by=owner")).expect(200);
                assert_eq!(report["total"]["deals"], json!(seen.len()));
                let keys: BTreeSet<_> = report["data"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["key"].clone().to_string())
                    .collect();
                assert_eq!(keys.len(), seen.len());
            }
            for (n, id) in rows.iter().enumerate() {
                let at = firm.at(&format!("{collection}/{id}"));
                check(actor.delete(&at), deleted[n], 204);
                if deleted[n] != Done {
                    firm.owner.delete(&at).expect(204);
                }
            }
            assert_eq!(
                scene.listed(&format!("{collection}?include=total_count&deleted=true")),
                seen
            );
            for (n, id) in rows.iter().enumerate() {
                check(
                    actor.act(&firm.at(&format!("{collection}/{id}/restore"))),
                    deleted[n],
                    200,
                );
            }
        }
    });
}

#[test]
fn each_role_reaches_as_far_as_it_says_among_companies() {
    each_role_reaches("companies");
}

#[test]
fn each_role_reaches_as_far_as_it_says_among_contacts() {
    each_role_reaches("contacts");
}

#[test]
fn each_role_reaches_as_far_as_it_says_among_deals() {
    each_role_reaches("deals");
}

#[test]
fn each_role_reaches_as_far_as_it_says_among_activities() {
    each_role_reaches("activities");
}

#[test]
fn a_row_is_handed_to_whom_the_reach_includes_and_to_nobody_else() {
    on_each(|server| {
        for (role, expected) in HANDING {
            let scene = Scene::new(server, role);
            let (firm, actor) = (&scene.firm, &scene.actor);
            for collection in ["companies", "contacts", "deals", "activities"] {
                let made = actor
                    .post(&firm.at(collection), scene.body(collection, json!({})))
                    .expect(201);
                assert_eq!(made["owner_id"], json!(scene.me));
                for (owner, is) in [Some(scene.mate), Some(scene.stranger), None]
                    .into_iter()
                    .zip(expected)
                {
                    let new = json!({"owner_id": owner});
                    check(
                        actor.post(&firm.at(collection), scene.body(collection, new.clone())),
                        is,
                        201,
                    );
                    let id = scene.row(collection, Some(scene.me));
                    let at = firm.at(&format!("{collection}/{id}"));
                    check(actor.patch(&at, new), is, 200);
                    let now = firm.owner.get(&at).expect(200);
                    let after = if is == Done { owner } else { Some(scene.me) };
                    assert_eq!(now["owner_id"], json!(after));
                }
            }
        }
    });
}

#[test]
fn a_team_reaches_while_both_are_in_it() {
    on_each(|server| {
        let scene = Scene::new(server, "manager");
        let (firm, actor) = (&scene.firm, &scene.actor);
        let at = firm.at(&format!("deals/{}", scene.row("deals", Some(scene.mate))));
        let team = firm.at(&format!("teams/{}", scene.team));
        actor.get(&at).expect(200);
        firm.owner.delete(&team).expect(204);
        actor.get(&at).problem(404, "not_found");
        firm.owner.act(&format!("{team}/restore")).expect(200);
        actor.get(&at).expect(200);
        let members = firm
            .owner
            .get(&firm.at(&format!("team-members?user_id={}", scene.mate)))
            .expect(200);
        let membership = members["data"][0]["id"].as_str().unwrap();
        firm.owner
            .delete(&firm.at(&format!("team-members/{membership}")))
            .expect(204);
        actor.get(&at).problem(404, "not_found");
        actor.patch(&at, json!({"title": "x"})).problem(404, "not_found");
    });
}

#[test]
fn bulk_and_references_reach_no_further() {
    on_each(|server| {
        let scene = Scene::new(server, "employee");
        let (firm, actor) = (&scene.firm, &scene.actor);
        let rows = scene.rows("deals");
        let change = |id: &String| json!({"op": "update", "id": id, "value": {"title": "taken"}});
        let all = json!({"operations": rows.iter().map(change).collect::<Vec<_>>()});
        actor
            .post_once(&firm.at("deals/bulk"), &unique(), all.clone())
            .problem(403, "out_of_reach");
        let mine = firm.at(&format!("deals/{}", rows[0]));
        assert_ne!(actor.get(&mine).expect(200)["title"], "taken");
        let each = actor
            .post_once(&firm.at("deals/bulk?atomic=false"), &unique(), all)
            .expect(207);
        let status: Vec<_> = (0..4)
            .map(|n| each["results"][n]["status"].as_u64().unwrap())
            .collect();
        assert_eq!(status, [200, 403, 404, 404]);
        let far = &each["results"][1]["problem"];
        assert_eq!(
            (&far["code"], &far["permission"]),
            (&json!("out_of_reach"), &json!("deals:update:org"))
        );
        assert_eq!(actor.get(&mine).expect(200)["title"], "taken");
        let delete = json!({"operations": [{"op": "delete", "id": rows[0]}]});
        let key = unique();
        actor
            .post_once(&firm.at("deals/bulk"), &key, delete)
            .problem(403, "permission_required");

        for (owner, status) in [(scene.me, 200), (scene.mate, 200), (scene.stranger, 422)] {
            let company = scene.row("companies", Some(owner));
            let answer = actor.patch(&mine, json!({"company_id": company})).expect(status);
            if status == 422 {
                assert_eq!(answer["errors"][0]["pointer"], "#/company_id");
                assert_eq!(answer["errors"][0]["code"], "not_found");
            }
        }
    });
}
