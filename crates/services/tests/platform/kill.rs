//! A worker that is killed with `kill -9` again and again: no job is lost, what each stores is stored once, each mail
//! arrives at least once and always under the same Message-ID.
//!
//! The worker is this test's own program, started anew. `FIRMA_KILL_JOBS` says how many jobs; 200 unless it is set.

use crate::kit::{Does, count, put, quick};
use firma_adapters::{Ids, SmtpMailer, SystemClock, SystemEntropy};
use firma_auth::access::{Create, Founding};
use firma_domain::Email;
use firma_domain::crm::Company;
use firma_persistence::{Database, Settings, Sources, Target};
use firma_services::platform::{Done, Mail, MailHandler, Progress, Running, Stop, Worker, mail};
use firma_services::{Tx, Work, crud};
use firma_testing::{Firm, Receiver, Server, TestDatabase};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DATABASE: &str = "FIRMA_KILL_DATABASE";
const SMTP: &str = "FIRMA_KILL_SMTP";
/// Parts of which each job that stores is made
const PARTS: i32 = 4;

#[test]
fn killed_every_second_on_sqlite() {
    killed_every_second(TestDatabase::sqlite());
}

#[test]
fn killed_every_second_on_postgres() {
    if let Some(base) = TestDatabase::postgres() {
        killed_every_second(base);
    }
}

fn killed_every_second(base: TestDatabase) {
    let jobs: i32 = std::env::var("FIRMA_KILL_JOBS").map_or(200, |n| n.parse().unwrap());
    let (server, receiver) = (Server::start(base), Receiver::start());
    let firm = Firm::new(&server);
    for n in 0..jobs {
        match n % 2 {
            0 => drop(put(&firm, "parts", json!({"n": n}), 100)),
            _ => post(&firm, n),
        }
    }
    let begun = Instant::now();
    let mut kills: u64 = 0;
    while count(&server, "job_queue") > 0 {
        assert!(begun.elapsed() < Duration::from_secs(600), "it has no end");
        let mut worker = child(&server, &receiver);
        // About every second, but in no step with the leases: a job whose lease always ended right before the next
        // kill would never come to its end.
        let until = Instant::now() + Duration::from_millis(700 + kills * 173 % 600);
        while Instant::now() < until && count(&server, "job_queue") > 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        worker.kill().unwrap();
        worker.wait().unwrap();
        kills += 1;
    }
    let retried = count(&server, "jobs WHERE attempts > 1");
    eprintln!(
        "{}: {jobs} jobs, {kills} kills, {retried} jobs begun again, {} mails for {}, {:?}",
        server.base.kind(),
        receiver.taken().len(),
        jobs / 2,
        begun.elapsed()
    );
    assert!(kills > 1, "nothing was killed in the middle");
    let unfinished = "SELECT kind || ' ' || state || ' ' || attempts || ' ' || COALESCE(problem, '') FROM jobs \
                      WHERE state <> 'SUCCEEDED'";
    assert_eq!(server.base.lines(unfinished), Vec::<String>::new());
    assert_eq!(count(&server, "jobs"), i64::from(jobs));

    let names = server.base.lines("SELECT name FROM companies");
    let parts = (0..jobs)
        .step_by(2)
        .flat_map(|n| (0..PARTS).map(move |part| format!("{n}-{part}")));
    let mut wanted: Vec<_> = parts.collect();
    let mut made = names;
    wanted.sort();
    made.sort();
    assert_eq!(made, wanted);

    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for taken in receiver.taken() {
        let id = taken.header("Message-ID").unwrap().to_owned();
        ids.entry(taken.to).or_default().push(id);
    }
    assert_eq!(ids.len(), usize::try_from(jobs / 2).unwrap());
    for (to, mut ids) in ids {
        ids.dedup();
        assert_eq!(ids.len(), 1, "{to} has {ids:?}");
    }
}

fn post(firm: &Firm<'_>, n: i32) {
    let (organization, owner) = (firm.id, firm.owner_id);
    firm.server.write(move |tx| {
        let grant = Founding::of(organization, owner).grant::<Company>();
        let written = Mail {
            to: Email::parse(&format!("r{n}@reader.example")).unwrap(),
            template: "test",
            language: "en".into(),
            variables: json!({"sent_at": "now"}),
        };
        mail(tx, grant, written).map(drop)
    });
}

fn child(server: &Server, receiver: &Receiver) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill::the_worker_that_is_killed", "--exact", "--nocapture"])
        .env(DATABASE, server.base.url())
        .env(SMTP, &receiver.url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// No test by itself: what the others start and kill.
#[test]
fn the_worker_that_is_killed() {
    let (Ok(url), Ok(smtp)) = (std::env::var(DATABASE), std::env::var(SMTP)) else {
        return;
    };
    let sources = Sources {
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::default()),
        entropy: Arc::new(SystemEntropy),
    };
    let target = Target::parse(&url).unwrap();
    let database = Database::open(&Settings::new(target), sources).unwrap();
    let mailer = Arc::new(SmtpMailer::new(&smtp, "firma@sender.example").unwrap());
    let mut settings = quick();
    settings.lease = 1;
    let handlers: Vec<Arc<dyn firma_services::platform::Handler>> =
        vec![Arc::new(MailHandler { mailer }), Arc::new(Does("parts", parts))];
    let _worker = Worker::start(database, handlers, settings).unwrap();
    std::thread::sleep(Duration::from_secs(600));
}

fn parts(job: &Running<'_>) -> Result<Done, Stop> {
    let payload: Value = job.payload()?;
    let n = payload["n"].clone();
    for part in job.place::<i32>()?.unwrap_or(0)..PARTS {
        let make = make(job, format!("{n}-{part}"))?;
        job.step(move |tx| {
            make(tx)?;
            let progress = Progress {
                done: part + 1,
                total: Some(PARTS),
                place: json!(part + 1),
            };
            Ok((progress, ()))
        })?;
        // Slower than the machine, so that it is killed in the middle.
        std::thread::sleep(Duration::from_millis(5));
    }
    job.commit(|_| Ok(Value::Null))
}

fn make(
    job: &Running<'_>,
    name: String,
) -> Result<impl Fn(&mut Tx<'_>) -> Result<(), firma_services::Refusal> + use<>, Stop> {
    let asker = job.asker()?;
    Ok(move |tx: &mut Tx<'_>| {
        let mut work = Work::go_on(tx, asker)?;
        let grant = work.grant::<Company, Create>()?;
        crud::create::<Company>(&mut work, grant, json!({"name": name})).map(drop)
    })
}
