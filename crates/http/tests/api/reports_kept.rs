//! The figures of a report are told again for a minute, but not once a deal has changed, or what a row is called by.

use crate::kit::data;
use crate::metrics::series;
use crate::zones::on_each_at;
use firma_testing::{Client, Firm, Server, Stop, on_each};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

/// A report, and whether it was in memory.
fn asked(server: &Server, client: &Client, firm: &Firm<'_>, query: &str) -> (Value, bool) {
    let counts = || {
        let all = series(server);
        ["hits", "misses"].map(|what| all[&format!("firma_cache_{what}_total{{cache=\"reports\"}}")])
    };
    let [hits, misses] = counts();
    let told = client
        .get(&firm.at(&format!("reports/pipeline?{query}")))
        .expect(200);
    let was_kept = counts() == [hits + 1.0, misses];
    assert!(was_kept || counts() == [hits, misses + 1.0], "{:?}", counts());
    (told, was_kept)
}

#[test]
fn a_report_is_told_again_until_something_in_it_changes() {
    on_each(|server| {
        let beside = server.beside();
        let firm = Firm::new(server);
        let elsewhere = beside.client(firm.owner_id);
        let told = |by: &str| asked(server, &firm.owner, &firm, &format!("group_by={by}"));
        let kept = |by: &str| {
            let (report, was_kept) = told(by);
            assert!(was_kept, "{by}: {report}");
        };
        // What is told anew, and from then on again.
        let anew = |by: &str| {
            let (report, was_kept) = told(by);
            assert!(!was_kept, "{by}: {report}");
            assert_eq!(told(by), (report.clone(), true));
            report
        };
        let all = ["stage", "owner", "team", "quarter", "company"];
        for by in all {
            assert_eq!(anew(by)["total"]["deals"], 0);
        }
        let (person, _) = firm.member(None);
        let company = firm
            .owner
            .post(&firm.at("companies"), json!({"name": "Nord"}))
            .id();
        for by in ["stage", "quarter", "team"] {
            kept(by);
        }

        // What another server stores, this one knows at once: made, changed, deleted, restored.
        let body = json!({"title": "Roof", "company_id": company, "owner_id": person});
        let deal = elsewhere.post(&firm.at("deals"), body).id();
        let at = firm.at(&format!("deals/{deal}"));
        for by in all {
            assert_eq!(anew(by)["total"]["open"], 1);
        }
        let won = json!({"stage_id": firm.stage("Won"), "value": {"amount": "0.01", "currency": "EUR"}});
        elsewhere.patch(&at, won).expect(200);
        for by in all {
            assert_eq!(anew(by)["total"]["won_value"]["amount"], "0.01");
        }
        firm.owner.delete(&at).expect(204);
        assert_eq!(anew("stage")["total"]["deals"], 0);
        elsewhere.act(&format!("{at}/restore")).expect(200);
        for by in all {
            assert_eq!(anew(by)["total"]["deals"], 1);
        }

        // What a row is called, or is one by: a new name, a team, a member more, a member less.
        let label = |report: &Value| data(report)[0]["label"].as_str().map(str::to_owned);
        let stage = firm.at(&format!("stages/{}", firm.stage("Won")));
        elsewhere.patch(&stage, json!({"name": "Signed"})).expect(200);
        assert_eq!(label(&anew("stage")).as_deref(), Some("Signed"));
        elsewhere
            .patch(&firm.at(&format!("companies/{company}")), json!({"name": "Süd"}))
            .expect(200);
        assert_eq!(label(&anew("company")).as_deref(), Some("Süd"));
        assert_eq!(label(&told("team").0), None);
        let team = firm.team(&[person]);
        assert!(label(&anew("team")).is_some());
        let of = firm.at(&format!("team-members?team_id={team}"));
        let link = data(&firm.owner.get(&of).expect(200))[0]["id"].clone();
        let link = firm.at(&format!("team-members/{}", link.as_str().unwrap()));
        elsewhere.delete(&link).expect(204);
        assert_eq!(label(&anew("team")), None);
        for by in all {
            kept(by);
        }
        let (_, was_kept) = asked(server, &firm.owner, &firm, "group_by=stage&from=2026-01-01");
        assert!(!was_kept, "another question");
        let (_, was_kept) = asked(server, &firm.owner, &firm, "group_by=stage&currency=USD");
        assert!(!was_kept, "another currency");
    });
}

#[test]
fn nobody_is_told_what_was_summed_for_somebody_who_sees_more() {
    on_each(|server| {
        let firm = Firm::new(server);
        let other = Firm::new(server);
        let (manager, managing) = firm.member(Some("manager"));
        let (colleague, _) = firm.member(None);
        for owner in [Some(manager), Some(colleague), None] {
            let body = json!({"title": "x", "owner_id": owner});
            firm.owner.post(&firm.at("deals"), body).expect(201);
        }
        let deals = |client: &Client, firm: &Firm<'_>| {
            let (told, was_kept) = asked(server, client, firm, "group_by=quarter");
            (told["total"]["deals"].as_i64().unwrap(), was_kept)
        };
        assert_eq!(deals(&firm.owner, &firm), (3, false));
        assert_eq!(deals(&managing, &firm), (1, false));
        assert_eq!(deals(&other.owner, &other), (0, false));
        assert_eq!(deals(&firm.owner, &firm), (3, true));
        assert_eq!(deals(&managing, &firm), (1, true));
        // Whose deals they see changes without any deal.
        firm.team(&[manager, colleague]);
        assert_eq!(deals(&managing, &firm), (2, false));
        assert_eq!(deals(&managing, &firm), (2, true));
        assert_eq!(deals(&firm.owner, &firm), (3, true));
        assert_eq!(deals(&other.owner, &other), (0, true));
    });
}

#[test]
fn a_report_is_told_again_for_a_minute_at_most() {
    on_each_at(|server, hands| {
        let firm = Firm::new(server);
        let was_kept = || asked(server, &firm.owner, &firm, "group_by=owner").1;
        assert!(!was_kept());
        hands.later(59);
        assert!(was_kept());
        hands.later(1);
        assert!(!was_kept());
        assert!(was_kept());
    });
}

/// Whoever asks meanwhile, and has it kept, a report has what was stored before it was asked for.
#[test]
fn a_report_that_others_ask_for_has_all_that_was_stored_before() {
    on_each(|server| {
        let beside = server.beside();
        let firm = Firm::new(server);
        let report = firm.at("reports/pipeline?group_by=stage");
        let done = AtomicBool::new(false);
        let asker = server.client(firm.owner_id);
        let elsewhere = beside.client(firm.owner_id);
        std::thread::scope(|scope| {
            let _stop = Stop(&done);
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    asker.get(&report).expect(200);
                }
            });
            for n in 1..=60 {
                let by = if n % 2 == 0 { &firm.owner } else { &elsewhere };
                by.post(&firm.at("deals"), json!({"title": "x"})).expect(201);
                assert_eq!(firm.owner.get(&report).expect(200)["total"]["deals"], n);
            }
        });
    });
}
