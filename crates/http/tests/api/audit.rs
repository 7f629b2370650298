//! The log: an entry and an event for each change, numbered without gaps.

use firma_domain::Id;
use firma_services::Verification;
use firma_testing::{Firm, Server, on_each};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An id as the database's statements write it.
pub(crate) fn literal(server: &Server, id: Id) -> String {
    match server.base.is_postgres() {
        true => format!("'{id}'"),
        false => format!("x'{}'", id.to_string().replace('-', "")),
    }
}

/// An entry with null for its changes is one that was erased: none may be made to look so.
#[test]
fn what_is_as_deep_as_may_be_stands_in_the_log() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deep = |levels: usize| {
            let inner = (2..levels).fold(json!([]), |value, _| json!([value]));
            json!({"metadata": {"deep": inner}})
        };
        let organization = firm.at("").trim_end_matches('/').to_owned();
        let problem = firm.owner.patch(&organization, deep(33)).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/metadata");
        firm.owner.patch(&organization, deep(32)).expect(200);
        let log = firm.owner.get(&firm.at("audit-entries?limit=1")).expect(200);
        let changes = &log["data"][0]["changes"]["metadata"];
        assert_eq!(changes[1], deep(32)["metadata"], "{log}");
    });
}

/// What the owner is told of the firm's log.
pub(crate) fn verified(firm: &Firm) -> Verification {
    let told = firm.owner.get(&firm.at("audit-entries/verification")).expect(200);
    let number = |name: &str| told[name].as_i64().unwrap();
    let problem = |at: i64| (at, &*told["problem"].as_str().unwrap().to_owned().leak());
    let broken = told["broken_at"].as_i64().map(problem);
    assert_eq!(told["is_whole"], broken.is_none());
    Verification {
        entries: number("entries"),
        cut: number("cut"),
        broken,
    }
}

/// How many entries the log of a firm has.
pub(crate) fn length(firm: &Firm) -> i64 {
    let organization = literal(firm.server, firm.id);
    let count = |table: &str| {
        firm.server.base.number(&format!(
            "SELECT COUNT(*) FROM {table} WHERE organization_id = {organization}"
        ))
    };
    let alike = firm.server.base.number(&format!(
        "SELECT COUNT(*) FROM audit_entries a JOIN events e ON e.organization_id = a.organization_id AND e.number = a.number \
         AND e.type = a.action AND e.entity_type = a.entity_type AND e.entity_id = a.entity_id \
         AND e.entity_version = a.entity_version AND e.occurred_at = a.occurred_at WHERE a.organization_id = {organization}"
    ));
    assert_eq!(
        (count("audit_entries"), count("events"), count("audit_payloads")),
        (alike, alike, alike)
    );
    let lines = |what: &str| {
        let query = format!(
            "SELECT {what} FROM audit_entries WHERE organization_id = {organization} ORDER BY audit_entries.number"
        );
        firm.server.base.lines(&query)
    };
    assert_eq!(
        lines("CAST(number AS TEXT)"),
        (1..=alike).map(|n| n.to_string()).collect::<Vec<_>>()
    );
    alike
}

#[test]
fn every_change_has_one_entry_and_one_event() {
    on_each(|server| {
        let firm = Firm::new(server);
        let before = length(&firm);
        let post = |path: &str, body: Value| firm.owner.post(&firm.at(path), body);
        let company = post("companies", json!({"name": "A"})).id();
        let deal = firm.at(&format!(
            "deals/{}",
            post("deals", json!({"title": "x", "company_id": company})).id()
        ));
        let patch = |body: Value| firm.owner.patch(&deal, body).expect(200);
        patch(json!({"title": "y"}));
        patch(json!({"stage_id": firm.stage("Engaging")}));
        patch(json!({"stage_id": firm.stage("Won")}));
        patch(json!({"stage_id": firm.stage("Proposal")}));
        patch(json!({"stage_id": firm.stage("Lost"), "lost_reason": "price"}));
        patch(json!({"title": "y"}));
        firm.owner.delete(&deal).expect(204);
        firm.owner.act(&format!("{deal}/restore")).expect(200);
        post("companies", json!({"name": ""})).problem(422, "invalid");
        firm.owner.get(&deal).expect(200);
        let actions = server.base.lines(&format!(
            "SELECT action || ' ' || CAST(entity_version AS TEXT) FROM audit_entries WHERE organization_id = {} AND number > {before} ORDER BY audit_entries.number",
            literal(server, firm.id)
        ));
        let expected = [
            "company.created 1",
            "deal.created 1",
            "deal.updated 2",
            "deal.moved 3",
            "deal.won 4",
            "deal.reopened 5",
            "deal.lost 6",
            "deal.deleted 7",
            "deal.restored 8",
        ];
        assert_eq!(actions, expected);
        assert_eq!(length(&firm), before + 9);
        assert_eq!(
            verified(&firm),
            Verification {
                entries: before + 9,
                cut: 0,
                broken: None
            }
        );
    });
}

#[test]
fn an_entry_tells_who_what_and_from_where() {
    on_each(|server| {
        let firm = Firm::new(server);
        let at = firm.at(&format!(
            "companies/{}",
            firm.owner
                .post(&firm.at("companies"), json!({"name": "A", "industry": "steel"}))
                .id()
        ));
        let headers = [
            ("x-request-id", "req-7"),
            ("user-agent", "test/1"),
            ("content-type", "application/json"),
        ];
        firm.owner
            .send(
                "PATCH",
                &at,
                &headers,
                Some("{\"name\": \"B\", \"industry\": null}".as_bytes()),
            )
            .expect(200);
        let last = |what: &str| {
            server.base.lines(&format!(
                "SELECT {what} FROM audit_entries a JOIN audit_payloads p ON p.organization_id = a.organization_id AND p.entry_id = a.id \
                 WHERE a.request_id = 'req-7' AND a.organization_id = {} AND a.actor_id = {}",
                literal(server, firm.id),
                literal(server, firm.owner_id)
            ))
        };
        let changes: Value = serde_json::from_str(&last("p.changes")[0]).unwrap();
        assert_eq!(changes, json!({"name": ["A", "B"], "industry": ["steel", null]}));
        assert_eq!(
            (last("p.ip"), last("p.user_agent")),
            (vec!["127.0.0.1".to_owned()], vec!["test/1".to_owned()])
        );
    });
}

#[test]
fn numbers_have_no_gaps_however_many_write_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let before = length(&firm);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let firm = &firm;
                scope.spawn(move || {
                    for m in 0..6 {
                        let body =
                            json!({"name": format!("{n}"), "tax_number": (m == 5).then_some("the same")});
                        let answer = firm.owner.post(&firm.at("companies"), body);
                        assert!(matches!(answer.status, 201 | 409), "{}", answer.text);
                    }
                });
            }
        });
        assert_eq!(length(&firm), before + 8 * 5 + 1);
        assert_eq!(verified(&firm).broken, None);
    });
}

#[test]
fn nobody_changes_the_log_in_passing() {
    on_each(|server| {
        let firm = Firm::new(server);
        for statement in [
            "UPDATE audit_entries SET action = 'x'",
            "DELETE FROM audit_entries",
        ] {
            let tried = catch_unwind(AssertUnwindSafe(|| server.base.execute(statement)));
            assert!(tried.is_err(), "{statement}");
        }
        assert_eq!(verified(&firm).broken, None);
    });
}
