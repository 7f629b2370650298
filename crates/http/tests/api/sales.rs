//! The way of a deal, from its company to the report.

use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

#[test]
fn a_deal_goes_through_its_stages_and_into_the_report() {
    on_each(|server| {
        let firm = Firm::new(server);
        let company = firm
            .owner
            .post(&firm.at("companies"), json!({"name": "Škoda"}))
            .id();
        let body = json!({"title": "Cars", "company_id": company, "opened_on": "2026-01-10",
                          "value": {"amount": "10.5", "currency": "EUR"}, "tags": ["GTX Pro"]});
        let made = firm.owner.post(&firm.at("deals"), body);
        assert_eq!(made.header("etag"), Some("\"1\""));
        let (id, deal) = (made.id(), made.expect(201));
        assert_eq!(deal["value"], json!({"amount": "10.50", "currency": "EUR"}));
        assert_eq!(deal["status"], "OPEN");
        let at = firm.at(&format!("deals/{id}"));

        let lost = json!({"stage_id": firm.stage("Lost")});
        let problem = firm.owner.patch(&at, lost).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/lost_reason");
        let won = json!({"stage_id": firm.stage("Won"), "actual_close": "2026-01-20"});
        let won = firm.owner.patch(&at, won).expect(200);
        assert_eq!(
            (won["status"].as_str(), won["version"].as_i64()),
            (Some("WON"), Some(2))
        );

        let history = firm.owner.get(&format!("{at}/stage-history")).expect(200);
        let periods = history["data"].as_array().unwrap();
        assert_eq!(periods.len(), 2);
        assert_eq!(periods[0]["entered_at"], "2026-01-10T00:00:00.000000Z");
        assert_eq!(periods[0]["left_at"], periods[1]["entered_at"]);

        let report = firm
            .owner
            .get(&firm.at("reports/pipeline?group_by=quarter"))
            .expect(200);
        assert_eq!(
            report["total"]["won_value"],
            json!({"amount": "10.50", "currency": "EUR"})
        );
        assert_eq!(report["total"]["mean_days_to_won"], "10.00");
        assert_eq!(report["total"]["win_rate"], "1.0000");
        assert_eq!(report["data"][0]["key"], "2026-Q1");

        firm.owner.delete(&at).expect(204);
        firm.owner.get(&at).problem(404, "not_found");
        assert_eq!(
            firm.owner.get(&firm.at("deals?tag=GTX%20Pro")).expect(200)["data"],
            json!([])
        );
        firm.owner.act(&format!("{at}/restore")).expect(200);
        let tagged = firm
            .owner
            .get(&firm.at("deals?tag=GTX%20Pro&expand=company"))
            .expect(200);
        assert_eq!(tagged["data"][0]["company"]["name"], "Škoda");
    });
}

#[test]
fn a_deal_that_stays_lost_keeps_a_reason() {
    on_each(|server| {
        let firm = Firm::new(server);
        let lost = firm.stage("Lost");
        let path = |deal: &str| firm.at(&format!("deals/{deal}"));
        let at = path(&firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id());
        let reason = |reason: Option<&str>| firm.owner.patch(&at, json!({"lost_reason": reason}));
        firm.owner
            .patch(&at, json!({"stage_id": lost, "lost_reason": "price"}))
            .expect(200);
        let problem = reason(None).problem(422, "invalid");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("#/lost_reason"), &json!("required"))
        );
        assert_eq!(reason(Some("time")).expect(200)["lost_reason"], "time");
        // It goes with the loss.
        let open = json!({"stage_id": firm.stage("Prospecting"), "lost_reason": null});
        assert_eq!(
            firm.owner.patch(&at, open).expect(200)["lost_reason"],
            json!(null)
        );
        // What came in lost may do without, until it says one.
        let bare = json!({"title": "y", "stage_id": lost});
        let at = path(&firm.owner.post(&firm.at("deals"), bare).id());
        firm.owner
            .patch(&at, json!({"title": "z", "lost_reason": null}))
            .expect(200);
        firm.owner.patch(&at, json!({"lost_reason": "price"})).expect(200);
        firm.owner
            .patch(&at, json!({"lost_reason": null}))
            .problem(422, "invalid");
    });
}

#[test]
fn a_pipeline_that_is_not_named_is_the_one_of_the_stage() {
    on_each(|server| {
        let firm = Firm::new(server);
        let won = json!({"external_id": "x", "title": "x", "stage_id": firm.stage("Won")});
        let deal = firm.owner.post(&firm.at("deals"), won.clone()).expect(201);
        let at = firm.at(&format!("deals/{}", deal["id"].as_str().unwrap()));
        let same = |change: Value| {
            let after = firm.owner.patch(&at, change).expect(200);
            assert_eq!((&after["status"], &after["version"]), (&json!("WON"), &json!(1)));
        };
        same(json!({"pipeline_id": null}));
        same(json!({"pipeline_id": null, "stage_id": firm.stage("Won")}));
        let mut again = won;
        again["pipeline_id"] = json!(null);
        let again = json!({"operations": [{"op": "upsert", "value": again}]});
        let answer = firm
            .owner
            .post_once(&firm.at("deals/bulk"), "k", again)
            .expect(200);
        assert_eq!(answer["results"][0]["version"], 1);
        // One that is named without a stage is moved into.
        let other = firm
            .owner
            .post(&firm.at("pipelines"), json!({"name": "Renewals"}))
            .id();
        let stages = firm.owner.get(&firm.at(&format!("stages?pipeline_id={other}")));
        let stages = stages.expect(200);
        let stage = |kind: &str| {
            let stages = stages["data"].as_array().unwrap();
            stages.iter().find(|stage| stage["kind"] == kind).unwrap()["id"].clone()
        };
        let problem = firm.owner.patch(&at, json!({"stage_id": stage("WON")}));
        assert_eq!(
            problem.problem(422, "invalid")["errors"][0]["code"],
            "not_its_stage"
        );
        let moved = firm
            .owner
            .patch(&at, json!({"pipeline_id": other, "stage_id": stage("WON")}));
        assert_eq!(moved.expect(200)["status"], "WON");
        let back = json!({"pipeline_id": deal["pipeline_id"]});
        let moved = firm.owner.patch(&at, back).expect(200);
        assert_eq!(
            (&moved["status"], &moved["actual_close"]),
            (&json!("OPEN"), &json!(null))
        );
    });
}

#[test]
fn a_deal_that_comes_in_closed_has_two_periods() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"title": "Old", "stage_id": firm.stage("Lost"), "opened_on": "2017-01-01", "actual_close": "2017-03-01"});
        let id = firm.owner.post(&firm.at("deals"), body).id();
        let history = firm
            .owner
            .get(&firm.at(&format!("deals/{id}/stage-history")))
            .expect(200);
        let periods = history["data"].as_array().unwrap();
        assert_eq!(periods.len(), 2);
        assert_eq!(periods[0]["stage_id"], json!(null));
        assert_eq!(periods[1]["entered_at"], "2017-03-01T00:00:00.000000Z");
        assert_eq!(periods[1]["left_at"], json!(null));
    });
}
