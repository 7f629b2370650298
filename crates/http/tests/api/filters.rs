//! Filters of lists, and what is shown of each row.

use crate::kit::{data, texts, walk};
use firma_testing::{Firm, on_each};
use serde_json::json;

/// Six deals of different worth, stage, dates and tags; the company of the first two.
fn fill(firm: &Firm) -> String {
    let company = firm
        .owner
        .post(
            &firm.at("companies"),
            json!({"name": "A", "external_id": "A-1", "industry": "steel"}),
        )
        .id();
    let (won, lost) = (firm.stage("Won"), firm.stage("Lost"));
    let money = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
    for deal in [
        json!({"external_id": "d1", "value": money("100", "EUR"), "expected_close": "2026-01-10", "tags": ["a"], "company_id": company}),
        json!({"external_id": "d2", "value": money("250.50", "EUR"), "expected_close": "2026-02-10", "tags": ["a", "GTX Pro"],
               "company_id": company, "stage_id": won, "actual_close": "2026-03-01"}),
        json!({"external_id": "d3", "value": money("250.50", "USD"), "tags": ["GTX Pro"], "stage_id": lost, "actual_close": "2026-03-15"}),
        json!({"external_id": "d4", "expected_close": "2026-01-10"}),
        json!({"external_id": "d5", "value": money("0", "EUR"), "stage_id": won, "actual_close": "2026-03-01"}),
        json!({"external_id": "d6", "value": money("5000", "JPY"), "expected_close": "2026-12-31", "owner_id": null}),
    ] {
        let mut deal = deal;
        deal["title"] = deal["external_id"].clone();
        firm.owner.post(&firm.at("deals"), deal).expect(201);
    }
    company
}

/// The deals that a query finds, in the order of their making.
#[track_caller]
fn found(firm: &Firm, query: &str) -> Vec<String> {
    let path = firm.at(&format!("deals?sort=created_at&limit=2&{query}"));
    let rows = texts(&walk(&firm.owner, &path), "external_id");
    let counted = firm.owner.get(&format!("{path}&include=total_count")).expect(200);
    assert_eq!(counted["pagination"]["total_count"], json!(rows.len()), "{query}");
    rows
}

#[test]
fn filters_find_what_they_say() {
    on_each(|server| {
        let firm = Firm::new(server);
        let company = fill(&firm);
        let won = firm.stage("Won");
        let me = firm.owner_id;
        let pipeline = data(&firm.owner.get(&firm.at("pipelines")).expect(200))[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let all = "d1 d2 d3 d4 d5 d6";
        for (query, expected) in [
            ("status=WON", "d2 d5"),
            ("status=WON,LOST", "d2 d3 d5"),
            ("expected_close=2026-01-10", "d1 d4"),
            ("expected_close=2026-01-10,2026-12-31", "d1 d4 d6"),
            (
                "expected_close[gte]=2026-01-10&expected_close[lte]=2026-02-10",
                "d1 d2 d4",
            ),
            (
                "expected_close[gt]=2026-01-10&expected_close[lt]=2026-12-31",
                "d2",
            ),
            ("expected_close%5Bgt%5D=2026-02-10", "d6"),
            ("actual_close[gt]=2026-03-01", "d3"),
            ("value[gte]=100", "d1 d2"),
            ("value[gte]=100.5", "d2"),
            ("value=250.50", "d2"),
            ("value=250.5,100", "d1 d2"),
            ("value[gt]=0&value[lt]=250.50", "d1"),
            ("value[lte]=0", "d5"),
            ("value[gte]=100&currency=USD", "d3"),
            ("currency=JPY&value[lt]=10000", "d6"),
            ("currency=USD", "d3"),
            ("currency=CHF", ""),
            ("tag=a", "d1 d2"),
            ("tag=a,GTX%20Pro", "d1 d2 d3"),
            ("tag=GTX+Pro&status=LOST", "d3"),
            ("tag=none", ""),
            ("external_id=d4", "d4"),
            ("external_id=d4,d5,d9", "d4 d5"),
            ("created_at[lt]=2000-01-01T00:00:00Z", ""),
            ("created_at[gte]=2000-01-01T00:00:00Z", all),
            ("created_at[gte]=2000-01-01T02:00:00%2B02:00", all),
            ("updated_at[gt]=2000-01-01T00:00:00.5Z&status=OPEN", "d1 d4 d6"),
            (&format!("company_id={company}"), "d1 d2"),
            (&format!("company_id={company}&status=OPEN"), "d1"),
            (&format!("stage_id={won}"), "d2 d5"),
            (&format!("pipeline_id={pipeline}"), all),
            (&format!("owner_id={me}"), "d1 d2 d3 d4 d5"),
            (&format!("owner_id={company}"), ""),
        ] {
            assert_eq!(found(&firm, query).join(" "), expected, "{query}");
        }
        let steel = firm
            .owner
            .get(&firm.at("companies?industry=steel,coal&external_id=A-1"))
            .expect(200);
        assert_eq!(texts(&data(&steel), "id"), [company]);
    });
}

#[test]
fn an_amount_is_in_the_currency_of_the_organization() {
    on_each(|server| {
        let firm = Firm::new(server);
        fill(&firm);
        firm.owner
            .patch(&firm.path, json!({"default_currency": "USD"}))
            .expect(200);
        assert_eq!(found(&firm, "value[gte]=100"), ["d3"]);
        assert_eq!(found(&firm, "value[gte]=100&currency=EUR"), ["d1", "d2"]);
        firm.owner
            .patch(&firm.path, json!({"default_currency": "JPY"}))
            .expect(200);
        assert_eq!(found(&firm, "value=5000"), ["d6"]);
        firm.owner
            .get(&firm.at("deals?value=0.5"))
            .problem(400, "invalid_value");
    });
}

#[test]
fn a_comma_of_a_value_is_escaped() {
    on_each(|server| {
        let firm = Firm::new(server);
        for (name, industry, tag) in [
            ("both", "Iron, steel", "a,b"),
            ("first", "Iron", "a"),
            ("second", "steel", "b"),
            ("slash", "Iron\\", "a\\b"),
        ] {
            let body = json!({"name": name, "industry": industry, "tags": [tag]});
            firm.owner.post(&firm.at("companies"), body).expect(201);
        }
        for (query, expected) in [
            ("industry=Iron,%20steel", "first second"),
            ("industry=Iron%5C,%20steel", "both"),
            ("industry=Iron%5C,%20steel,steel", "both second"),
            ("industry=Iron%5C", "slash"),
            ("industry=Iron%5C%5C,steel", "second slash"),
            ("industry=Iron%5C%5C%5C,%20steel", ""),
            ("tag=a%5C,b", "both"),
            ("tag=a%5C,b,b", "both second"),
            ("tag=a%5Cb", "slash"),
            ("tag=a%5C%5Cb,a", "first slash"),
        ] {
            let page = firm.owner.get(&firm.at(&format!("companies?sort=name&{query}")));
            assert_eq!(
                texts(&data(&page.expect(200)), "name").join(" "),
                expected,
                "{query}"
            );
        }
    });
}

#[test]
fn text_is_found_however_it_was_typed() {
    on_each(|server| {
        let firm = Firm::new(server);
        firm.owner
            .post(
                &firm.at("companies"),
                json!({"name": "X", "industry": " cafe\u{301} ", "tags": ["cafe\u{301}"]}),
            )
            .expect(201);
        for query in [
            "industry=caf%C3%A9",
            "industry=cafe%CC%81",
            "industry=+caf%C3%A9",
            "tag=caf%C3%A9",
            "tag=cafe%CC%81",
        ] {
            assert_eq!(
                data(
                    &firm
                        .owner
                        .get(&firm.at(&format!("companies?{query}")))
                        .expect(200)
                )
                .len(),
                1,
                "{query}"
            );
        }
    });
}

#[test]
fn deleted_rows_are_listed_apart() {
    on_each(|server| {
        let firm = Firm::new(server);
        fill(&firm);
        let id = data(&firm.owner.get(&firm.at("deals?external_id=d4")).expect(200))[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        firm.owner.delete(&firm.at(&format!("deals/{id}"))).expect(204);
        assert_eq!(found(&firm, "deleted=true"), ["d4"]);
        assert_eq!(found(&firm, "deleted=false"), ["d1", "d2", "d3", "d5", "d6"]);
        assert_eq!(found(&firm, "deleted=true&status=WON"), [""; 0]);
        let gone = firm.owner.get(&firm.at("deals?deleted=true")).expect(200);
        assert!(gone["data"][0]["deleted_at"].is_string());
        let live = firm.owner.get(&firm.at("deals")).expect(200);
        assert!(live["data"][0].get("deleted_at").is_none());
    });
}

#[test]
fn a_row_is_shown_as_it_was_asked_for() {
    on_each(|server| {
        let firm = Firm::new(server);
        let company = fill(&firm);
        let keys = |row: &serde_json::Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let page = firm
            .owner
            .get(&firm.at("deals?fields=title,value&external_id=d1"))
            .expect(200);
        assert_eq!(keys(&page["data"][0]), ["title", "value"]);
        let one = firm.at(&format!("companies/{company}"));
        let shown = firm.owner.get(&format!("{one}?fields=id,version,name"));
        assert_eq!(shown.header("etag"), None);
        assert_eq!(
            shown.expect(200),
            json!({"id": company, "version": 1, "name": "A"})
        );
        let shown = firm
            .owner
            .get(&format!("{one}?fields=name&expand=owner,parent"))
            .expect(200);
        assert_eq!(keys(&shown), ["name", "owner", "parent"]);
        assert_eq!(
            (&shown["owner"]["id"], &shown["parent"]),
            (&json!(firm.owner_id), &json!(null))
        );
    });
}

#[test]
fn references_are_followed_three_deep() {
    on_each(|server| {
        let firm = Firm::new(server);
        let mut parent = None;
        for name in ["One", "Two", "Three", "Four", "Five"] {
            let body = json!({"name": name, "parent_id": parent});
            parent = Some(firm.owner.post(&firm.at("companies"), body).id());
        }
        let at = |expand: &str| firm.at(&format!("companies?sort=-created_at&limit=1&expand={expand}"));
        let five = data(&firm.owner.get(&at("parent.parent.parent")).expect(200)).remove(0);
        assert_eq!(five["parent"]["parent"]["parent"]["name"], "Two");
        assert!(five["parent"]["parent"]["parent"].get("parent").is_none());
        let deal = json!({"title": "x", "company_id": parent});
        let deal = firm.owner.post(&firm.at("deals"), deal).id();
        let path = firm.at(&format!(
            "deals/{deal}?expand=company.parent.owner,company.owner,stage.pipeline,owner,pipeline"
        ));
        let deal = firm.owner.get(&path).expect(200);
        assert_eq!(deal["company"]["parent"]["owner"]["id"], json!(firm.owner_id));
        assert_eq!(deal["company"]["owner"]["id"], json!(firm.owner_id));
        assert_eq!(deal["stage"]["pipeline"]["id"], deal["pipeline"]["id"]);
        for wrong in [
            "parent.parent.parent.parent",
            "nothing",
            "parent.nothing",
            "",
            "parent,",
            ".parent",
            "parent.",
        ] {
            let problem = firm.owner.get(&at(wrong)).problem(400, "unknown_expansion");
            assert_eq!(problem["parameter"], "expand", "{wrong}");
        }
    });
}

#[test]
fn ones_own_rows_are_seen_without_a_team() {
    on_each(|server| {
        let firm = Firm::new(server);
        firm.owner
            .post(&firm.at("deals"), json!({"title": "Another's"}))
            .expect(201);
        let (_, employee) = firm.member(Some("employee"));
        let id = employee.post(&firm.at("deals"), json!({"title": "Own"})).id();
        employee.get(&firm.at(&format!("deals/{id}"))).expect(200);
        assert_eq!(
            texts(&data(&employee.get(&firm.at("deals")).expect(200)), "id"),
            [id]
        );
        let report = employee
            .get(&firm.at("reports/pipeline?group_by=owner"))
            .expect(200);
        assert_eq!(report["total"]["deals"], 1);
    });
}

#[test]
fn what_may_not_be_read_is_omitted_by_name() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (me, employee) = firm.member(Some("employee"));
        let company = firm
            .owner
            .post(&firm.at("companies"), json!({"name": "Not theirs"}))
            .id();
        let deal = json!({"title": "Theirs", "company_id": company, "owner_id": me});
        let deal = firm.owner.post(&firm.at("deals"), deal).id();
        employee
            .get(&firm.at(&format!("companies/{company}")))
            .problem(404, "not_found");
        let shown = employee
            .get(&firm.at(&format!("deals/{deal}?expand=company,stage&fields=title")))
            .expect(200);
        assert_eq!(
            (&shown["company"], &shown["omitted"]),
            (&json!(null), &json!(["company"]))
        );
        assert_eq!(shown["stage"]["name"], "Prospecting");
        let listed = employee.get(&firm.at("deals?expand=company.parent")).expect(200);
        assert_eq!(listed["data"][0]["omitted"], json!(["company"]));
    });
}
