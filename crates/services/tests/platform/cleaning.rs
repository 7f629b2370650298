//! The clean-up takes what is over, over all organizations, and nothing else.

use crate::kit::{await_that, count, put, start};
use firma_services::platform::{CleanUp, Retention};
use firma_testing::{Firm, Server, on_each};
use std::sync::Arc;
use std::time::Duration;

const DAY: i64 = 86_400;

fn clean(server: &Server) {
    let before = count(server, "jobs WHERE kind = 'cleanup' AND state = 'SUCCEEDED'");
    let keep = Retention {
        sessions: 30 * DAY,
        jobs: 30 * DAY,
        deleted: 90 * DAY,
        uploads: DAY,
    };
    let store = server.files.store.clone();
    let worker = start(server, vec![Arc::new(CleanUp { store, keep })]);
    await_that("clean", || {
        count(server, "jobs WHERE kind = 'cleanup' AND state = 'SUCCEEDED'") > before
    });
    worker.stop(Duration::from_secs(5));
}

#[test]
fn what_is_over_goes_and_the_rest_stays() {
    on_each(|server| {
        let firms = [Firm::new(server), Firm::new(server)];
        for firm in &firms {
            firm.member(Some("employee"));
            for name in ["old", "new"] {
                put(firm, "none", serde_json::json!({}), 1);
                let body = serde_json::json!({"name": name});
                firm.owner
                    .post_once(&firm.at("companies"), name, body)
                    .expect(201);
            }
        }
        let (sessions, earlier) = (count(server, "sessions"), |column: &str, days: u32| {
            format!("{column} = {}", server.base.earlier(column, days * 86_400))
        });
        server.base.execute(
            "DELETE FROM job_queue WHERE kind = 'none';
             UPDATE jobs SET state = 'FAILED', finished_at = created_at WHERE kind = 'none';",
        );
        let ids = server.base.lines(match server.base.is_postgres() {
            true => "SELECT id::text FROM jobs WHERE kind = 'none' ORDER BY id",
            false => "SELECT hex(id) FROM jobs WHERE kind = 'none' ORDER BY id",
        });
        let literal = |id: &str| match server.base.is_postgres() {
            true => format!("'{id}'"),
            false => format!("x'{id}'"),
        };
        for id in [&ids[0], &ids[2]] {
            let old = earlier("finished_at", 31);
            server
                .base
                .execute(&format!("UPDATE jobs SET {old} WHERE id = {}", literal(id)));
        }
        let old = earlier("expires_at", 2);
        server
            .base
            .execute(&format!("UPDATE idempotency_keys SET {old} WHERE key = 'old'"));
        let user = server.base.id_literal(firms[0].owner_id);
        let old = earlier("expires_at", 31);
        server
            .base
            .execute(&format!("UPDATE sessions SET {old} WHERE user_id = {user}"));
        let recent = earlier("expires_at", 29);
        let user = server.base.id_literal(firms[1].owner_id);
        server
            .base
            .execute(&format!("UPDATE sessions SET {recent} WHERE user_id = {user}"));

        clean(server);
        assert_eq!(count(server, "jobs WHERE kind = 'none'"), 2);
        assert_eq!(count(server, "job_payloads"), 2);
        assert_eq!(count(server, "idempotency_keys WHERE key = 'old'"), 0);
        assert_eq!(count(server, "idempotency_keys WHERE key = 'new'"), 2);
        assert_eq!(count(server, "sessions"), sessions - 1);
    });
}
