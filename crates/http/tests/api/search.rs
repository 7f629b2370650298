//! `?q=`: rows by the beginnings of their words, without regard to case and marks.

use crate::kit::{data, rows, texts, walk};
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};
use std::sync::Mutex;

/// Text as a query has it.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The names that a search finds, in the order of the names.
#[track_caller]
fn found(client: &Client, firm: &Firm, q: &str) -> Vec<String> {
    let path = firm.at(&format!("companies?limit=3&sort=name&q={}", encoded(q)));
    texts(&walk(client, &path), "name")
}

fn company(firm: &Firm, name: &str) -> String {
    firm.owner.post(&firm.at("companies"), json!({"name": name})).id()
}

#[test]
fn names_are_found_however_they_are_written_and_alike_on_both() {
    let hits: Mutex<Vec<Vec<Vec<String>>>> = Mutex::default();
    on_each(|server| {
        let firm = Firm::new(server);
        for name in [
            "Şirketi İSTANBUL A.Ş.",
            "Ilıca Turizm",
            "Straßenbau Müller GmbH",
            "Mueller & Söhne",
            "Đorđe Đorđević",
            "Ђорђе и синови",
            "Djordje Bros",
            "Љубица Његош",
            "Ljubica d.o.o.",
            "Džordž",
            "Џорџ",
        ] {
            company(&firm, name);
        }
        let djordje = &["Đorđe Đorđević", "Ђорђе и синови", "Djordje Bros"][..];
        let mut all = Vec::new();
        for (queries, mut expected) in [
            (
                &["istanbul", "İSTANBUL", "ISTAN", "ıstanbul", "a.ş. istanbul"][..],
                vec!["Şirketi İSTANBUL A.Ş."],
            ),
            (&["sirketi", "ŞİRKETİ", "Şirk"], vec!["Şirketi İSTANBUL A.Ş."]),
            (&["ilica", "Ilıca tur", "İLİCA"], vec!["Ilıca Turizm"]),
            (&["strasse", "STRASSEN", "straße"], vec!["Straßenbau Müller GmbH"]),
            (
                &["müller", "muller", "MULLER gmbh"],
                vec!["Straßenbau Müller GmbH"],
            ),
            (&["mueller"], vec!["Straßenbau Müller GmbH", "Mueller & Söhne"]),
            (&["soehne", "sohne", "söhne"], vec!["Mueller & Söhne"]),
            (&["djordje", "đorđe", "Ђорђе", "ĐORĐE"], djordje.to_vec()),
            (&["dorde"], vec!["Đorđe Đorđević", "Ђорђе и синови"]),
            (&["djordje djordjević", "đorđev"], vec!["Đorđe Đorđević"]),
            (&["ljubica", "љуб"], vec!["Љубица Његош", "Ljubica d.o.o."]),
            (&["njegoš", "његош", "NJEGOS ljub"], vec!["Љубица Његош"]),
            (&["džordž", "џорџ", "dzo"], vec!["Džordž", "Џорџ"]),
            (&["orde", "stanbul", "istanbul ilica", "100"], vec![]),
        ] {
            expected.sort_unstable();
            for q in queries {
                let order = found(&firm.owner, &firm, q);
                let mut names = order.clone();
                names.sort_unstable();
                assert_eq!(names, expected, "{q}");
                all.push(order);
            }
        }
        hits.lock().unwrap().push(all);
    });
    let hits = hits.into_inner().unwrap();
    assert!(hits.windows(2).all(|pair| pair[0] == pair[1]), "{hits:?}");
}

#[test]
fn a_search_goes_with_filters_sorts_pages_and_counts() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (won, lost) = (firm.stage("Won"), firm.stage("Lost"));
        for n in 0..20 {
            let title = format!("{} deal {n}", if n % 2 == 0 { "Même" } else { "Other" });
            let stage = if n % 4 < 2 { &won } else { &lost };
            firm.owner
                .post(
                    &firm.at("deals"),
                    json!({"title": title, "stage_id": stage, "external_id": format!("X-{n}")}),
                )
                .expect(201);
        }
        let path = firm.at("deals?q=mem%20deal&status=WON&sort=-created_at&include=total_count&limit=2");
        let page = firm.owner.get(&path).expect(200);
        assert_eq!(page["pagination"]["total_count"], 5);
        let walked = walk(
            &firm.owner,
            &firm.at("deals?q=mem%20deal&status=WON&sort=-created_at&limit=2"),
        );
        assert_eq!(
            texts(&walked, "external_id"),
            ["X-16", "X-12", "X-8", "X-4", "X-0"]
        );
        let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
        firm.owner
            .get(&firm.at(&format!(
                "deals?q=other&status=WON&sort=-created_at&limit=2&cursor={cursor}"
            )))
            .problem(400, "invalid_cursor");
        let one = data(&firm.owner.get(&firm.at("deals?q=x-17&expand=owner")).expect(200));
        assert_eq!(texts(&one, "title"), ["Other deal 17"]);
    });
}

#[test]
fn a_search_for_nothing_or_too_much_is_refused() {
    on_each(|server| {
        let firm = Firm::new(server);
        for q in ["", "%20", "-%2F.", "a%00b", "a+b+c+d+e+f+g+h+i"] {
            let problem = firm
                .owner
                .get(&firm.at(&format!("companies?q={q}")))
                .problem(400, "invalid_value");
            assert_eq!(problem["parameter"], "q", "{q}");
        }
        firm.owner
            .get(&firm.at("companies?q=a+b+c+d+e+f+g+h+a"))
            .expect(200);
        firm.owner
            .get(&firm.at("companies?q=a&q=b"))
            .problem(400, "repeated_parameter");
        for collection in ["stages", "pipelines", "team-members", "role-assignments"] {
            firm.owner
                .get(&firm.at(&format!("{collection}?q=a")))
                .problem(400, "unknown_parameter");
        }
        let document = server.nobody().get("/openapi.json").expect(200);
        for (collection, searched) in [
            ("companies", true),
            ("deals", true),
            ("members", true),
            ("teams", true),
            ("stages", false),
        ] {
            let path = format!("/api/v1/organizations/{{organization}}/{collection}");
            let parameters = document["paths"][&path]["get"]["parameters"].as_array().unwrap();
            assert_eq!(
                parameters.iter().any(|parameter| parameter["name"] == "q"),
                searched,
                "{collection}"
            );
        }
    });
}

#[test]
fn words_follow_the_row() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = company(&firm, "Alpha Beta");
        let at = firm.at(&format!("companies/{id}"));
        let find = |q: &str| found(&firm.owner, &firm, q).len();
        firm.owner
            .patch(&at, json!({"name": "Beta Gamma", "email": "info@delta.example"}))
            .expect(200);
        assert_eq!(
            (find("alpha"), find("beta"), find("gamma"), find("info@delta")),
            (0, 1, 1, 1)
        );
        firm.owner.patch(&at, json!({"email": null})).expect(200);
        assert_eq!((find("delta"), find("beta gamma")), (0, 1));
        firm.owner.delete(&at).expect(204);
        assert_eq!(find("beta"), 0);
        let deleted = firm
            .owner
            .get(&firm.at("companies?deleted=true&q=beta"))
            .expect(200);
        assert_eq!(data(&deleted).len(), 1);
        firm.owner.act(&format!("{at}/restore")).expect(200);
        assert_eq!(find("beta"), 1);

        let operations = json!({"operations": [
            {"op": "create", "value": {"name": "Bulk One", "external_id": "b1"}},
            {"op": "upsert", "value": {"name": "Bulk Two", "external_id": "b1"}},
            {"op": "upsert", "value": {"name": "Bulk Three", "external_id": "b3"}},
        ]});
        firm.owner
            .post_once(&firm.at("companies/bulk"), "bulk", operations)
            .expect(200);
        assert_eq!(
            (find("bulk"), find("one"), find("two"), find("three")),
            (2, 0, 1, 1)
        );
        let before = rows(server, "search_words");
        let some = json!({"operations": [
            {"op": "create", "value": {"name": "Undone"}},
            {"op": "update", "id": id, "value": {"name": ""}},
        ]});
        let key = [("idempotency-key", "undone")];
        let body = some.to_string();
        firm.owner
            .send(
                "POST",
                &firm.at("companies/bulk?atomic=false"),
                &key,
                Some(body.as_bytes()),
            )
            .expect(207);
        assert_eq!((find("undone"), rows(server, "search_words")), (1, before + 1));
    });
}

#[test]
fn members_and_teams_are_found_by_name() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"email": "zeynep@firm.example", "name": "Zeynep Gökçe"});
        firm.owner.post(&firm.at("members"), body).expect(201);
        firm.owner
            .post(&firm.at("teams"), json!({"name": "Satış Ekibi", "slug": "satis"}))
            .expect(201);
        for (path, name) in [
            ("members?q=gokce", "Zeynep Gökçe"),
            ("members?q=zeynep@firm", "Zeynep Gökçe"),
            ("members?q=goekce", "Zeynep Gökçe"),
            ("teams?q=satis+ek", "Satış Ekibi"),
        ] {
            assert_eq!(
                texts(&data(&firm.owner.get(&firm.at(path)).expect(200)), "name"),
                [name],
                "{path}"
            );
        }
    });
}

#[test]
fn only_what_may_be_seen_is_found() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        company(&other, "Şişli");
        let (me, actor) = firm.member(Some("employee"));
        let (mate, _) = firm.member(Some("employee"));
        let (stranger, _) = firm.member(Some("employee"));
        firm.team(&[me, mate]);
        for (n, owner) in [json!(me), json!(mate), json!(stranger), Value::Null]
            .iter()
            .enumerate()
        {
            let body = json!({"name": format!("Şişli {n}"), "owner_id": owner});
            firm.owner.post(&firm.at("companies"), body).expect(201);
        }
        assert_eq!(found(&actor, &firm, "sisli"), ["Şişli 0", "Şişli 1"]);
        assert_eq!(found(&firm.owner, &firm, "sisli").len(), 4);
        assert_eq!(found(&other.owner, &other, "sisli"), ["Şişli"]);
        let count = actor
            .get(&firm.at("companies?q=sisli&include=total_count"))
            .expect(200);
        assert_eq!(count["pagination"]["total_count"], 2);
        let (_, none) = firm.member(Some("developer"));
        none.get(&firm.at("companies?q=sisli"))
            .problem(403, "permission_required");
    });
}

#[test]
fn a_word_of_many_rows_is_found_as_one_of_few() {
    on_each(|server| {
        let firm = Firm::new(server);
        for (from, to) in [(0, 400), (400, 700)] {
            let create = |n: i32| {
                let name = format!("Common {} {n:03}", if n % 7 == 0 { "seventh" } else { "plain" });
                json!({"op": "create", "value": {"name": name}})
            };
            let operations: Vec<_> = (from..to).map(create).collect();
            let key = format!("fill-{from}");
            firm.owner
                .post_once(
                    &firm.at("companies/bulk"),
                    &key,
                    json!({"operations": operations}),
                )
                .expect(200);
        }
        let walked = |q: &str| {
            walk(
                &firm.owner,
                &firm.at(&format!("companies?limit=90&sort=name&{q}")),
            )
        };
        for (q, count) in [
            ("q=common", 700),
            ("q=c+p", 600),
            ("q=common+seventh", 100),
            ("q=com+pla+69", 9),
        ] {
            let all = walked(q);
            assert_eq!(all.len(), count, "{q}");
            let path = firm.at(&format!("companies?limit=1&include=total_count&{q}"));
            assert_eq!(
                firm.owner.get(&path).expect(200)["pagination"]["total_count"],
                count,
                "{q}"
            );
            let mut names = texts(&all, "name");
            assert!(names.is_sorted(), "{q}");
            names.dedup();
            assert_eq!(names.len(), count, "{q}");
        }
    });
}
