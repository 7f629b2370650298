//! Lists: every sort in both directions, pages that neither miss nor repeat a row.

use crate::kit::{data, texts, walk};
use firma_domain::value::text::fold;
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};
use std::sync::Mutex;

/// The names in the order in which a list sorts them; those of one line are equal when folded.
const NAMES: [&[&str]; 12] = [
    &["Çamlıca", "camlica", "ÇAMLICA"],
    &["Đorđević", "Ђорђевић", "Djordjević"],
    &["Dorm"],
    &["Ilıca", "İlica"],
    &["İstanbul", "ISTANBUL"],
    &["Ljiljana", "Љиљана"],
    &["Müller", "MULLER"],
    &["Njegoš", "Његош"],
    &["Şişli", "Sisli"],
    &["Straße", "Strasse"],
    &["Žarko", "Жарко"],
    &["Zürich"],
];

/// Companies and deals: some made together and some alone, some changed later.
fn fill(firm: &Firm) {
    let names: Vec<_> = NAMES.iter().copied().flatten().rev().collect();
    for (n, name) in names.iter().enumerate() {
        firm.owner
            .post(
                &firm.at("companies"),
                json!({"name": name, "external_id": format!("c{n:02}")}),
            )
            .expect(201);
    }
    let (won, lost) = (firm.stage("Won"), firm.stage("Lost"));
    let deal = |n: usize| {
        let mut deal = json!({"title": format!("Deal {n}"), "external_id": format!("d{n:02}")});
        if !n.is_multiple_of(3) {
            deal["expected_close"] = json!(format!("2026-0{}-15", n % 4 + 1));
        }
        if n % 4 > 1 {
            deal["stage_id"] = json!(if n % 8 > 4 { &won } else { &lost });
            deal["actual_close"] = json!(format!("2026-0{}-20", n % 3 + 5));
        }
        match n % 5 {
            0 => {}
            1 => deal["value"] = json!({"amount": format!("{}", n * 7), "currency": "JPY"}),
            2 => deal["value"] = json!({"amount": "10.50", "currency": "EUR"}),
            _ => deal["value"] = json!({"amount": format!("-{n}.125"), "currency": "KWD"}),
        }
        deal
    };
    let operations: Vec<_> = (0..10)
        .map(|n| json!({"op": "create", "value": deal(n)}))
        .collect();
    firm.owner
        .post_once(&firm.at("deals/bulk"), "fill", json!({"operations": operations}))
        .expect(200);
    for n in 10..19 {
        firm.owner.post(&firm.at("deals"), deal(n)).expect(201);
    }
    for row in data(&firm.owner.get(&firm.at("deals?limit=200")).expect(200))
        .iter()
        .step_by(4)
    {
        let at = firm.at(&format!("deals/{}", row["id"].as_str().unwrap()));
        firm.owner.patch(&at, json!({"title": "Changed"})).expect(200);
    }
}

/// What an empty value comes after, and others are compared by.
fn key(row: &Value, sort: &str) -> Option<(i64, String)> {
    match &row[sort] {
        Value::Null => None,
        Value::Number(n) => Some((n.as_i64().unwrap(), String::new())),
        Value::Object(money) => Some((
            money["amount"]
                .as_str()
                .unwrap()
                .replace('.', "")
                .parse()
                .unwrap(),
            String::new(),
        )),
        text if sort == "name" => Some((0, fold(text.as_str().unwrap()))),
        text => Some((0, text.as_str().unwrap().to_owned())),
    }
}

/// As a plain sort has it: by the key, nulls last in both directions, then by the id.
fn sorted(mut rows: Vec<Value>, sort: &str, down: bool) -> Vec<Value> {
    rows.sort_by(|a, b| {
        let (one, other) = (key(a, sort), key(b, sort));
        let by_key = if down { other.cmp(&one) } else { one.cmp(&other) };
        let by_id = texts(std::slice::from_ref(a), "id").cmp(&texts(std::slice::from_ref(b), "id"));
        let nulls = one.is_none().cmp(&other.is_none());
        nulls
            .then(by_key)
            .then(if down { by_id.reverse() } else { by_id })
    });
    rows
}

/// The sorts of a list, as the refusal of another one names them.
fn sorts(firm: &Firm, collection: &str) -> Vec<String> {
    let problem = firm
        .owner
        .get(&firm.at(&format!("{collection}?sort=nothing")))
        .problem(400, "unknown_sort");
    assert_eq!(problem["parameter"], "sort");
    let detail = problem["detail"].as_str().unwrap();
    let names = detail
        .strip_prefix("sort has to be one of ")
        .and_then(|rest| rest.strip_suffix(", or - and one"));
    names
        .unwrap_or_else(|| panic!("{detail}"))
        .split(", ")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_sort_gives_every_row_once_in_its_order() {
    let orders: Mutex<Vec<Vec<String>>> = Mutex::default();
    on_each(|server| {
        let firm = Firm::new(server);
        fill(&firm);
        let mut walked = Vec::new();
        for collection in ["deals", "companies", "stages", "pipelines"] {
            let all = data(
                &firm
                    .owner
                    .get(&firm.at(&format!("{collection}?limit=200")))
                    .expect(200),
            );
            let sorts = sorts(&firm, collection);
            assert!(sorts.len() >= 2, "{sorts:?}");
            for sort in &sorts {
                for down in [false, true] {
                    let path = firm.at(&format!(
                        "{collection}?limit=3&sort={}{sort}",
                        if down { "-" } else { "" }
                    ));
                    let found = walk(&firm.owner, &path);
                    assert_eq!(
                        texts(&found, "id"),
                        texts(&sorted(all.clone(), sort, down), "id"),
                        "{path}"
                    );
                    if matches!(collection, "deals" | "companies") {
                        walked.push(texts(&found, "external_id"));
                    }
                }
            }
        }
        orders.lock().unwrap().push(walked.concat());
    });
    let orders = orders.into_inner().unwrap();
    assert!(orders.windows(2).all(|pair| pair[0] == pair[1]), "{orders:?}");
}

#[test]
fn the_newest_come_first_unless_asked_otherwise() {
    on_each(|server| {
        let firm = Firm::new(server);
        fill(&firm);
        let plain = walk(&firm.owner, &firm.at("deals?limit=7"));
        assert_eq!(
            plain,
            walk(&firm.owner, &firm.at("deals?limit=200&sort=-created_at"))
        );
        assert_eq!(plain[0]["external_id"], "d18");
    });
}

#[test]
fn names_sort_as_people_write_them() {
    on_each(|server| {
        let firm = Firm::new(server);
        fill(&firm);
        let names = texts(
            &walk(&firm.owner, &firm.at("companies?limit=4&sort=name")),
            "name",
        );
        let mut rest = names.as_slice();
        for equal in NAMES {
            let (these, others) = rest.split_at(equal.len());
            let mut these: Vec<_> = these.iter().map(String::as_str).collect();
            let mut equal = equal.to_vec();
            these.sort_unstable();
            equal.sort_unstable();
            assert_eq!(these, equal, "{names:?}");
            rest = others;
        }
        assert!(rest.is_empty());
    });
}

#[test]
fn what_comes_and_goes_meanwhile_disturbs_no_walk() {
    on_each(|server| {
        let firm = Firm::new(server);
        fill(&firm);
        for (collection, sort) in [
            ("companies", "name"),
            ("deals", "-created_at"),
            ("deals", "expected_close"),
            ("deals", "-value"),
        ] {
            let path = firm.at(&format!("{collection}?limit=3&sort={sort}"));
            let before = texts(&walk(&firm.owner, &path), "id");
            let first = firm.owner.get(&path).expect(200);
            let new = match collection {
                "companies" => [json!({"name": "AAA"}), json!({"name": "ŽŽŽ"})],
                _ => [
                    json!({"title": "new", "expected_close": "2020-01-01", "value": {"amount": "900000", "currency": "EUR"}}),
                    json!({"title": "new"}),
                ],
            };
            for body in new {
                firm.owner.post(&firm.at(collection), body).expect(201);
            }
            // The very row at which the page ended goes.
            let last = texts(&data(&first), "id").pop().unwrap();
            firm.owner
                .delete(&firm.at(&format!("{collection}/{last}")))
                .expect(204);
            let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
            let mut seen = texts(&data(&first), "id");
            let mut next = format!("{path}&cursor={cursor}");
            loop {
                let page = firm.owner.get(&next).expect(200);
                seen.extend(texts(&data(&page), "id"));
                let Some(cursor) = page["pagination"]["next_cursor"].as_str() else {
                    break;
                };
                next = format!("{path}&cursor={cursor}");
            }
            let old: Vec<_> = seen.iter().filter(|id| before.contains(id)).cloned().collect();
            assert_eq!(old, before, "{path}");
            assert!(seen.len() <= before.len() + 2, "{path}");
        }
    });
}

#[test]
fn the_link_leads_to_the_next_page_with_the_whole_query() {
    on_each(|server| {
        let firm = Firm::new(server);
        fill(&firm);
        let mut next =
            Some(firm.at("deals?status=OPEN,WON&limit=2&sort=-value&expand=company&include=total_count"));
        let (mut seen, mut totals) = (Vec::new(), Vec::new());
        while let Some(path) = next {
            let answer = firm.owner.get(&path);
            next = answer.header("link").map(|link| {
                let path = link
                    .strip_prefix('<')
                    .and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
                path.unwrap_or_else(|| panic!("{link}")).to_owned()
            });
            let page = answer.expect(200);
            totals.push(page["pagination"]["total_count"].as_u64().unwrap());
            seen.extend(texts(&data(&page), "external_id"));
        }
        let whole = walk(
            &firm.owner,
            &firm.at("deals?status=OPEN,WON&limit=200&sort=-value"),
        );
        assert_eq!(seen, texts(&whole, "external_id"));
        assert!(
            totals
                .iter()
                .all(|total| *total == u64::try_from(whole.len()).unwrap()),
            "{totals:?}"
        );
    });
}
