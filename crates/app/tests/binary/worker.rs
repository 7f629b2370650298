//! Mail and jobs as who runs the server meets them: sent by a process of its own, or by the server's.

use crate::house::House;
use firma_adapters::{Ids, SystemClock, SystemEntropy};
use firma_domain::Email;
use firma_persistence::{Database, Settings, Sources};
use firma_services::platform::{Mail, mail_for_system};
use firma_services::{Origin, Tx};
use firma_testing::Receiver;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const TEST: [&str; 4] = ["mail", "test", "--to", "operator@reader.example"];

/// Puts mails to `r0@reader.example` and so on into the queue.
fn put(house: &House, mails: usize) {
    let sources = Sources {
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::default()),
        entropy: Arc::new(SystemEntropy),
    };
    let settings = Settings::new(house.database.target().clone());
    let database = Database::open(&settings, sources).unwrap();
    for n in 0..mails {
        let put = move |tx: &mut Tx<'_>| {
            let mail = Mail {
                to: Email::parse(&format!("r{n}@reader.example")).unwrap(),
                template: "test",
                language: "de".into(),
                variables: json!({"sent_at": "now"}),
            };
            mail_for_system(tx, mail, None).map(drop)
        };
        database.write_waiting(Origin::default(), put).unwrap();
    }
}

fn waiting(house: &House) -> i64 {
    house
        .database
        .number("SELECT COUNT(*) FROM job_queue WHERE kind = 'mail'")
}

#[test]
fn who_runs_the_server_sees_whether_mail_arrives() {
    for house in House::each_empty() {
        let written = house.run(&TEST, "").fine();
        assert!(written.starts_with("FIRMA_SMTP_URL isn't set"), "{written}");
        let outbox = house.folder.path().join("data/outbox");
        assert_eq!(std::fs::read_dir(outbox).unwrap().count(), 1);

        let receiver = Receiver::start();
        let environment = [
            ("FIRMA_SMTP_URL", receiver.url.as_str()),
            ("FIRMA_MAIL_FROM", "Firma <firma@sender.example>"),
        ];
        house.run_with(&environment, &TEST, "").fine();
        let taken = receiver.taken();
        assert_eq!(taken.len(), 1);
        assert_eq!(
            (taken[0].from.as_str(), taken[0].to.as_str()),
            ("firma@sender.example", "operator@reader.example")
        );
        let refused = house.run_with(
            &environment,
            &["mail", "test", "--to", "nobody@reader.example"],
            "",
        );
        assert!(
            refused.line(1).contains("the mail server refuses it"),
            "{refused:?}"
        );
        assert_eq!(waiting(&house), 0);
    }
}

#[test]
fn a_worker_that_is_killed_loses_no_mail() {
    const MAILS: usize = 150;
    for house in House::each() {
        house.found();
        put(&house, MAILS);
        let receiver = Receiver::start();
        let environment = [
            ("FIRMA_SMTP_URL", receiver.url.as_str()),
            ("FIRMA_JOB_LEASE", "1s"),
        ];
        for _ in 0..3 {
            let worker = house.worker(&environment);
            let before = receiver.taken().len();
            worker.await_that("sending", || receiver.taken().len() > before);
            worker.kill();
            assert!(waiting(&house) > 0, "it was done already");
        }
        let worker = house.worker(&environment);
        worker.await_that("empty", || waiting(&house) == 0);
        worker.terminate();
        let (status, log) = worker.ended();
        assert!(status.success(), "{log}");
        let done = "SELECT COUNT(*) FROM jobs WHERE kind = 'mail' AND state = 'SUCCEEDED'";
        assert_eq!(house.database.number(done), MAILS as i64);
        assert_eq!(
            house
                .database
                .number("SELECT COUNT(*) FROM job_payloads WHERE payload LIKE '%reader%'"),
            0
        );
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for taken in receiver.taken() {
            let id = taken.header("Message-ID").unwrap().to_owned();
            ids.entry(taken.to).or_default().insert(id);
        }
        assert_eq!(ids.len(), MAILS);
        assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    }
}

#[test]
fn the_server_works_jobs_off_by_itself_unless_it_is_told_not_to() {
    for house in House::each() {
        house.found();
        put(&house, 3);
        let idle = house.start_with(&[("FIRMA_WORKERS", "0")]);
        std::thread::sleep(Duration::from_millis(1_500));
        let ready = idle.client().get("/health/ready").expect(200);
        assert_eq!(ready["queue"]["waiting"], 3, "{ready}");
        drop(idle);
        let server = house.start();
        server.await_that("empty", || waiting(&house) == 0);
        let none = json!({"waiting": 0, "oldest_seconds": 0});
        server.await_that("told so", || {
            server.client().get("/health/ready").expect(200)["queue"] == none
        });
        server.terminate();
        assert!(server.ended().0.success());
        let leased = "SELECT COUNT(*) FROM job_queue WHERE lease_id IS NOT NULL";
        assert_eq!(house.database.number(leased), 0);
    }
}
