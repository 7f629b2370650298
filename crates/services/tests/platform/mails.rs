//! Mail goes out after the transaction that asked for it, to a real receiver.

use crate::kit::{await_state, await_that, count, start};
use firma_adapters::{OutboxFolder, SmtpMailer};
use firma_auth::access::Founding;
use firma_domain::crm::Company;
use firma_domain::platform::Mailer;
use firma_domain::{Email, Id};
use firma_services::platform::{Breaker, Guarded, Mail, MailHandler, mail};
use firma_services::{Origin, Refusal, Tx};
use firma_testing::{Firm, Receiver, on_each};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const FROM: &str = "Firma <firma@sender.example>";

fn written(to: &str, language: &str) -> Mail {
    Mail {
        to: Email::parse(to).unwrap(),
        template: "test",
        language: language.into(),
        variables: json!({"sent_at": "<now>"}),
    }
}

fn put(firm: &Firm<'_>, to: &str, language: &str) -> Id {
    let (organization, owner, written) = (firm.id, firm.owner_id, written(to, language));
    firm.server.write(move |tx| {
        let grant = Founding::of(organization, owner).grant::<Company>();
        mail(tx, grant, written.clone())
    })
}

#[test]
fn a_mail_arrives_in_both_forms_and_leaves_nothing_behind() {
    on_each(|server| {
        let (firm, receiver) = (Firm::new(server), Receiver::start());
        let english = put(&firm, "a@reader.example", "fr");
        let turkish = put(&firm, "b@reader.example", "tr-TR");
        let mailer = Arc::new(SmtpMailer::new(&receiver.url, FROM).unwrap());
        let worker = start(server, vec![Arc::new(MailHandler { mailer })]);
        let done = await_state(&firm, english, "SUCCEEDED");
        await_state(&firm, turkish, "SUCCEEDED");
        worker.stop(Duration::from_secs(5));
        let taken = receiver.taken();
        assert_eq!(taken.len(), 2);
        let to = |to: &str| taken.iter().find(|taken| taken.to == to).unwrap();
        let first = to("a@reader.example");
        assert_eq!(first.from, "firma@sender.example");
        assert_eq!(first.header("Message-ID"), done["result"]["message_id"].as_str());
        assert_eq!(first.header("Subject"), Some("Firma: test mail"));
        assert_eq!(first.header("Content-Language"), Some("en"));
        assert!(first.mail.contains("text/plain") && first.mail.contains("text/html"));
        assert!(
            first.mail.contains("at: <now>") && first.mail.contains("at: &lt;now&gt;"),
            "{}",
            first.mail
        );
        assert_eq!(to("b@reader.example").header("Content-Language"), Some("tr"));
        assert_eq!(count(server, "job_payloads"), 0);
    });
}

#[test]
fn a_mail_of_a_transaction_that_fails_is_never_sent() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (organization, owner) = (firm.id, firm.owner_id);
        let put = move |tx: &mut Tx<'_>| {
            let grant = Founding::of(organization, owner).grant::<Company>();
            mail(tx, grant, written("a@reader.example", "en"))?;
            Err::<(), _>(Refusal::NotFound)
        };
        assert!(server.database.write_waiting(Origin::default(), put).is_err());
        for table in ["jobs", "job_queue", "job_payloads"] {
            assert_eq!(count(server, table), 0, "{table}");
        }
    });
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    on_each(|server| {
        let (firm, receiver) = (Firm::new(server), Receiver::start());
        receiver.is_busy.store(true, Ordering::Relaxed);
        let (patient, refused) = (
            put(&firm, "a@reader.example", "en"),
            put(&firm, "nobody@reader.example", "en"),
        );
        let mailer = Arc::new(SmtpMailer::new(&receiver.url, FROM).unwrap());
        let worker = start(server, vec![Arc::new(MailHandler { mailer })]);
        let problem = || crate::kit::look(&firm, patient)["problem"].clone();
        await_that("refused for now", || problem().is_string());
        assert!(
            problem().as_str().unwrap().contains("doesn't take it now"),
            "{}",
            problem()
        );
        receiver.is_busy.store(false, Ordering::Relaxed);
        await_state(&firm, patient, "SUCCEEDED");
        let failed = await_state(&firm, refused, "FAILED");
        assert!(
            failed["problem"].as_str().unwrap().contains("refuses it"),
            "{failed}"
        );
        worker.stop(Duration::from_secs(5));
        assert_eq!(receiver.taken().len(), 1);
    });
}

#[test]
fn a_server_that_is_away_is_left_alone_for_a_while() {
    on_each(|server| {
        let firm = Firm::new(server);
        // Nobody listens there.
        let gone = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let breaker = Arc::new(Breaker::new(server.database.sources.clock.clone()));
        let smtp: Arc<dyn Mailer> = Arc::new(SmtpMailer::new(&format!("smtp://{gone}"), FROM).unwrap());
        let mailer = Arc::new(Guarded {
            mailer: smtp,
            breaker: breaker.clone(),
        });
        let mails: Vec<_> = (0..6)
            .map(|n| put(&firm, &format!("r{n}@reader.example"), "en"))
            .collect();
        let worker = start(server, vec![Arc::new(MailHandler { mailer })]);
        await_that("open", || breaker.state() == "open");
        worker.stop(Duration::from_secs(5));
        for mail in mails {
            assert_eq!(crate::kit::look(&firm, mail)["state"], "QUEUED");
        }
    });
}

#[test]
fn without_a_server_it_is_written_into_a_folder() {
    on_each(|server| {
        let firm = Firm::new(server);
        let folder = tempfile::tempdir().unwrap();
        let mail = put(&firm, "a@reader.example", "sr");
        let mailer = Arc::new(OutboxFolder::new(folder.path().join("outbox"), FROM).unwrap());
        let worker = start(server, vec![Arc::new(MailHandler { mailer })]);
        await_state(&firm, mail, "SUCCEEDED");
        worker.stop(Duration::from_secs(5));
        let files: Vec<_> = std::fs::read_dir(folder.path().join("outbox"))
            .unwrap()
            .flatten()
            .collect();
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(files[0].path()).unwrap();
        assert!(
            text.contains("To: a@reader.example") && text.contains("Content-Language: sr"),
            "{text}"
        );
    });
}
