//! Broken logs are noticed by themselves: once, by name, and in the figures.

use crate::kit::{await_that, count, start};
use firma_auth::keys::Keys;
use firma_domain::Id;
use firma_persistence::{Stretch, Walked};
use firma_services::operating;
use firma_services::platform::{NewJob, VerifyLogs};
use firma_testing::{Firm, METRICS_TOKEN, Server, on_each};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const DONE: &str = "jobs WHERE kind = 'audit_verification' AND state = 'SUCCEEDED'";

/// Lets what is queued be done, and one at least.
fn verify(server: &Server) {
    let before = count(server, DONE);
    let handler = VerifyLogs {
        key: server.signer.keys.audit.clone(),
    };
    let worker = start(server, vec![Arc::new(handler)]);
    await_that("verified", || count(server, DONE) > before);
    worker.stop(Duration::from_secs(5));
}

fn tamper(server: &Server, statements: &str) {
    let open = match server.base.is_postgres() {
        true => "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        false => "DROP TRIGGER IF EXISTS audit_entries_no_update",
    };
    server.base.execute(&format!("{open}; {statements}"));
}

fn figure(server: &Server, name: &str) -> Option<f64> {
    let asker = server.nobody().with_token(Some(METRICS_TOKEN.into()));
    let shown = asker.get("/metrics").text;
    let line = shown
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[test]
fn a_broken_log_is_raised_once_and_counted() {
    on_each(|server| {
        assert_eq!(figure(server, "firma_audit_chains_broken"), None);
        assert_eq!(figure(server, "firma_audit_verification_age_seconds"), None);
        let (firm, other) = (Firm::new(server), Firm::new(server));
        verify(server);
        assert_eq!(count(server, "audit_verifications"), 3);
        assert_eq!(figure(server, "firma_audit_chains_broken"), Some(0.0));
        assert!(figure(server, "firma_audit_verification_age_seconds").unwrap() < 60.0);

        let of = format!("organization_id = {}", server.base.id_literal(firm.id));
        tamper(
            server,
            &format!("UPDATE audit_entries SET entity_version = 7 WHERE {of} AND number = 3"),
        );
        verify(server);
        verify(server);
        assert_eq!(figure(server, "firma_audit_chains_broken"), Some(1.0));
        let events = |firm: &Firm<'_>| {
            let path = firm.at("security-events?type=audit_log_broken");
            firm.owner.get(&path).expect(200)["data"]
                .as_array()
                .unwrap()
                .clone()
        };
        let raised = events(&firm);
        assert_eq!(raised.len(), 1, "once for the same break");
        assert_eq!(raised[0]["severity"], "critical");
        assert_eq!(raised[0]["organization_id"], json!(firm.id));
        assert_eq!(raised[0]["details"], "entry 3: it was changed");
        assert_eq!(events(&other).len(), 0);
        assert_eq!(count(server, "jobs WHERE kind = 'security_notice'"), 1);
        let counted = "firma_security_events_total{type=\"audit_log_broken\",severity=\"critical\"}";
        assert_eq!(figure(server, counted), Some(1.0));
        // Another break is news; one that was healed is none.
        tamper(
            server,
            &format!("UPDATE audit_entries SET entity_version = 8 WHERE {of} AND number = 2"),
        );
        verify(server);
        assert_eq!(events(&firm).len(), 2);
        tamper(
            server,
            &format!("UPDATE audit_entries SET entity_version = 1 WHERE {of} AND number IN (2, 3)"),
        );
        verify(server);
        assert_eq!(figure(server, "firma_audit_chains_broken"), Some(0.0));
        assert_eq!(events(&firm).len(), 2);
    });
}

/// The place that an earlier attempt left is gone on from.
#[test]
fn it_goes_on_where_it_was_killed() {
    on_each(|server| {
        let mut firms: Vec<Id> = (0..3).map(|_| Firm::new(server).id).collect();
        firms.sort();
        server.write(|tx| {
            let job = NewJob {
                kind: "audit_verification",
                payload: "{}".into(),
                run_at: None,
                max_attempts: 3,
            };
            Ok(tx.keep_queued(job)?)
        });
        // The log that was being looked at was somebody's who is gone since: the next is looked at from its beginning.
        let walked = Walked {
            number: 7,
            head: vec![7; 32],
        };
        let place = json!({"behind": firms[0], "of": firms[0], "log": walked, "logs": 2, "broken": 1});
        server
            .base
            .execute(&format!("UPDATE job_payloads SET place = '{place}'"));
        let handler = VerifyLogs {
            key: server.signer.keys.audit.clone(),
        };
        let worker = start(server, vec![Arc::new(handler)]);
        await_that("verified", || count(server, DONE) == 1);
        worker.stop(Duration::from_secs(5));
        assert_eq!(count(server, "audit_verifications"), 2);
        let result = server
            .base
            .lines("SELECT result FROM jobs WHERE kind = 'audit_verification' AND state = 'SUCCEEDED'");
        let result: serde_json::Value = serde_json::from_str(&result[0]).unwrap();
        assert_eq!(result, json!({"logs": 4, "broken": 1}));
    });
}

/// Walked a transaction at a time, across as many calls, it finds the same.
#[test]
fn a_log_is_the_same_in_parts_as_in_one() {
    on_each(|server| {
        let firm = Firm::new(server);
        let create = |n: usize| json!({"op": "create", "value": {"name": format!("c{n}")}});
        for key in ["a", "b"] {
            let operations: Vec<_> = (0..700).map(create).collect();
            let body = json!({"operations": operations});
            firm.owner
                .post_once(&firm.at("companies/bulk"), key, body)
                .expect(200);
        }
        let (id, keys) = (firm.id, Arc::new(Keys::derive(&[7; 32])));
        let in_parts = || {
            let (mut from, mut calls) = (Walked::default(), 0);
            loop {
                let (keys, at) = (keys.clone(), from.clone());
                calls += 1;
                match server
                    .read(move |tx| operating::verify_some(tx, id, &keys.audit, &at, 1))
                    .unwrap()
                {
                    Stretch::On(to) => {
                        assert!(to.number > from.number);
                        let kept = serde_json::to_string(&to).unwrap();
                        from = serde_json::from_str(&kept).unwrap();
                    }
                    Stretch::End(found) => return (found, calls),
                }
            }
        };
        let in_one = || server.read(move |tx| operating::verify(tx, id, None)).unwrap();
        let (found, calls) = in_parts();
        assert!(calls > 1);
        assert_eq!((found.clone(), found.broken), (in_one(), None));
        let of = format!("organization_id = {}", server.base.id_literal(firm.id));
        for (number, change) in [
            (1_200, "entity_version = 9"),
            (900, "chain = digest"),
            (2, "action = 'x'"),
        ] {
            tamper(
                server,
                &format!("UPDATE audit_entries SET {change} WHERE {of} AND number = {number}"),
            );
            let found = in_parts().0;
            assert_eq!(found, in_one());
            assert!(
                found.broken.is_some_and(|(first, _)| first <= number),
                "{found:?}"
            );
        }
    });
}
