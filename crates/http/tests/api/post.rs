//! The post: what waits in the queue is done, and the mails that come of it are kept.

use firma_auth::keys::Keys;
use firma_domain::Instant;
use firma_domain::identity::Signup;
use firma_domain::platform::{MailFault, Mailer, Message};
use firma_domain::source::Clock;
use firma_http::{Limits, Site};
use firma_services::identity::{AccountHandler, ArchiveHandler, EraseHandler, Links, NoticeHandler};
use firma_services::platform::{Handler, MailHandler, Worker, WorkerSettings};
use firma_testing::{Answer, Client, Server, SystemClock, TestDatabase};
use serde_json::json;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Kept(Mutex<Vec<Message>>);

impl Mailer for Kept {
    fn send(&self, message: &Message) -> Result<(), MailFault> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
}

/// Does all that waits, and gives the mails that were sent.
pub(crate) fn mails(server: &Server) -> Vec<Message> {
    let kept = Arc::new(Kept::default());
    let account = AccountHandler {
        signer: server.signer.clone(),
        links: Links::default(),
    };
    let mail = MailHandler { mailer: kept.clone() };
    let archive = ArchiveHandler {
        files: server.files.clone(),
    };
    let handlers: Vec<Arc<dyn Handler>> = vec![
        Arc::new(account),
        Arc::new(archive),
        Arc::new(EraseHandler),
        Arc::new(NoticeHandler),
        Arc::new(mail),
    ];
    let settings = WorkerSettings {
        idle: Duration::from_millis(5),
        ..WorkerSettings::default()
    };
    let worker = Worker::start(server.database.clone(), handlers, settings).unwrap();
    let begun = std::time::Instant::now();
    while server.base.number("SELECT COUNT(*) FROM job_queue") > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the post is stuck");
        std::thread::sleep(Duration::from_millis(5));
    }
    worker.stop(Duration::from_secs(5));
    assert_eq!(
        server
            .base
            .number("SELECT COUNT(*) FROM jobs WHERE state NOT IN ('SUCCEEDED', 'CANCELLED')"),
        0
    );
    assert_eq!(server.base.number("SELECT COUNT(*) FROM job_payloads"), 0);
    let mut sent = kept.0.lock().unwrap();
    std::mem::take(&mut *sent)
}

/// The only mail; to that address.
#[track_caller]
pub(crate) fn mail(server: &Server, to: &str) -> Message {
    let mut sent = mails(server);
    assert_eq!(sent.len(), 1, "{sent:?}");
    let mail = sent.remove(0);
    assert_eq!(mail.to.as_str(), to);
    mail
}

/// The token that a mail shows.
#[track_caller]
pub(crate) fn token(mail: &Message) -> String {
    let line = mail
        .text
        .lines()
        .find_map(|line| line.trim().strip_prefix("token: "));
    line.unwrap_or_else(|| panic!("no token in {}", mail.text))
        .to_owned()
}

/// The real time, or one that stands still, moved.
#[derive(Default)]
pub(crate) struct Moved {
    still: Option<Instant>,
    by: AtomicI64,
}

impl Moved {
    pub(crate) fn by(&self, seconds: i64) {
        self.by.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Moved {
    fn now(&self) -> Instant {
        let now = self.still.unwrap_or_else(|| SystemClock.now());
        now.plus_seconds(self.by.load(Ordering::Relaxed))
    }
}

/// Runs a test on each database, with a server whose clock only the test moves: none depends on how fast it is run.
pub(crate) fn on_each_clock(test: impl Fn(&Server, &Moved)) {
    on_each_with(|| (Limits::wide(), Signup::Open), test);
}

/// The same with limits and rules.
pub(crate) fn on_each_with(rules: impl Fn() -> (Limits, Signup), test: impl Fn(&Server, &Moved)) {
    for base in TestDatabase::each() {
        eprintln!("on {}", base.kind());
        let clock = Arc::new(Moved {
            still: Some(SystemClock.now()),
            ..Moved::default()
        });
        let site = Site {
            is_local: true,
            ..Site::default()
        };
        let keys = Keys::derive(&[7; 32]);
        let server = Server::start_for(base, clock.clone(), site, keys, rules());
        test(&server, &clock);
    }
}

pub(crate) fn auth(client: &Client, what: &str, body: serde_json::Value) -> Answer {
    client.post(&format!("/api/v1/auth/{what}"), body)
}

pub(crate) fn login(server: &Server, name: &str, password: &str) -> Answer {
    auth(
        &server.nobody(),
        "login",
        json!({"email": name, "password": password}),
    )
}

/// A client who signed in with a password.
#[track_caller]
pub(crate) fn signed_in(server: &Server, name: &str, password: &str) -> Client {
    let tokens = login(server, name, password).expect(200);
    server
        .nobody()
        .with_token(tokens["access_token"].as_str().map(str::to_owned))
}

/// How many security events of a kind there are.
pub(crate) fn events(server: &Server, kind: &str) -> i64 {
    server.base.number(&format!(
        "SELECT COUNT(*) FROM security_events WHERE type = '{kind}'"
    ))
}
