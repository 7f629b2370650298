//! The queue: what recurs is in it once, never later than it is due, and called off where it was turned off; what can't be
//! done keeps nobody from it.

use crate::kit::{Does, await_state, count, look, put, start};
use firma_services::platform::{NewJob, Running};
use firma_testing::{Firm, Server, on_each};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const KIND: &str = "backup";

/// Has it queued for so many seconds from now.
fn keep(server: &Server, seconds: i64) {
    server.write(move |tx| {
        let run_at = Some(tx.now().plus_seconds(seconds));
        Ok(tx.keep_queued(NewJob {
            kind: KIND,
            payload: "{}".into(),
            run_at,
            max_attempts: 3,
        })?)
    });
}

/// Calls it off if it has been due for ten minutes and nobody has it.
fn drop_untaken(server: &Server) {
    server.write(|tx| Ok(tx.drop_untaken(KIND, tx.now().plus_seconds(-600))?));
}

/// When those that are queued run, as both tables say.
fn queued(server: &Server) -> Vec<String> {
    let in_queue = server
        .base
        .lines("SELECT CAST(run_at AS TEXT) FROM job_queue WHERE kind = 'backup'");
    let told = "SELECT CAST(run_at AS TEXT) FROM jobs WHERE kind = 'backup' AND state <> 'CANCELLED'";
    assert_eq!(server.base.lines(told), in_queue);
    in_queue
}

#[test]
fn it_is_queued_once_and_brought_forward_but_not_put_off() {
    on_each(|server| {
        keep(server, 1_000);
        let first = queued(server);
        assert_eq!(first.len(), 1);
        keep(server, 2_000);
        assert_eq!(queued(server), first);
        keep(server, 500);
        let second = queued(server);
        assert!(second.len() == 1 && second != first, "{second:?}");

        // Who has it goes on.
        keep(server, -700);
        let due = queued(server);
        let leased = server.write(|tx| Ok(tx.lease_job(&[KIND], 60)?)).unwrap();
        keep(server, -900);
        drop_untaken(server);
        assert_eq!(queued(server), due);
        server.write(move |tx| Ok(tx.end_job(leased.lease, firma_persistence::platform::Outcome::Yielded)?));
    });
}

#[test]
fn what_was_turned_off_is_called_off_once_nobody_takes_it() {
    on_each(|server| {
        keep(server, 10);
        drop_untaken(server);
        assert_eq!(queued(server).len(), 1, "it isn't due");
        keep(server, -500);
        drop_untaken(server);
        assert_eq!(queued(server).len(), 1, "somebody may still take it");
        keep(server, -700);
        drop_untaken(server);
        assert!(queued(server).is_empty());
        assert_eq!(
            count(server, "jobs WHERE kind = 'backup' AND state = 'CANCELLED'"),
            1
        );
        keep(server, 10);
        assert_eq!(queued(server).len(), 1);
    });
}

#[test]
fn a_job_whose_payload_is_gone_keeps_nobody_from_the_queue() {
    on_each(|server| {
        let firm = Firm::new(server);
        let first = put(&firm, "work", json!({}), 3);
        server.base.execute("DELETE FROM job_payloads");
        let second = put(&firm, "work", json!({}), 3);
        let work = |job: &Running<'_>| job.commit(|_| Ok(Value::Null));
        let worker = start(server, vec![Arc::new(Does("work", work))]);
        await_state(&firm, second, "SUCCEEDED");
        assert_eq!(look(&firm, first)["problem"], "its payload is gone");
        worker.stop(Duration::from_secs(5));
    });
}
