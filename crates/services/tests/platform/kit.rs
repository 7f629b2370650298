//! Workers, jobs and what became of them.

use firma_auth::access::Founding;
use firma_domain::Id;
use firma_domain::crm::Company;
use firma_services::operating;
use firma_services::platform::{
    CleanUp, Done, Handler, NewJob, Running, Stop, VerifyLogs, Worker, WorkerSettings,
};
use firma_testing::{Firm, Server};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A handler made of a function.
pub(crate) struct Does<F>(pub(crate) &'static str, pub(crate) F);

impl<F> Handler for Does<F>
where
    F: Fn(&Running<'_>) -> Result<Done, Stop> + Send + Sync + 'static,
{
    fn kind(&self) -> &'static str {
        self.0
    }
    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        self.1(job)
    }
}

/// Settings under which nothing is waited for.
pub(crate) fn quick() -> WorkerSettings {
    WorkerSettings {
        threads: 2,
        lease: 2,
        first_wait: 0,
        longest_wait: 1,
        idle: Duration::from_millis(10),
        recurring: vec![CleanUp::every(0), VerifyLogs::every(0)],
        ..WorkerSettings::default()
    }
}

pub(crate) fn start(server: &Server, handlers: Vec<Arc<dyn Handler>>) -> Worker {
    Worker::start(server.database.clone(), handlers, quick()).unwrap()
}

/// Puts a job of the firm's owner into the queue.
pub(crate) fn put(firm: &Firm<'_>, kind: &'static str, payload: Value, max_attempts: i32) -> Id {
    let (organization, owner) = (firm.id, firm.owner_id);
    firm.server.write(move |tx| {
        let grant = Founding::of(organization, owner).grant::<Company>();
        let job = NewJob {
            kind,
            payload: payload.to_string(),
            run_at: None,
            max_attempts,
        };
        Ok(tx.enqueue(grant, job)?)
    })
}

/// A job as its owner sees it.
pub(crate) fn look(firm: &Firm<'_>, job: Id) -> Value {
    firm.owner.get(&firm.at(&format!("jobs/{job}"))).expect(200)
}

/// Waits up to 20 seconds.
#[track_caller]
pub(crate) fn await_that(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(20), "not {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a job stands there.
#[track_caller]
pub(crate) fn await_state(firm: &Firm<'_>, job: Id, state: &str) -> Value {
    await_that(state, || look(firm, job)["state"] == state);
    look(firm, job)
}

/// How many rows a query counts.
pub(crate) fn count(server: &Server, rows: &str) -> i64 {
    server.base.number(&format!("SELECT COUNT(*) FROM {rows}"))
}

/// Every log is whole, every row as it says, and nothing breaks a rule.
#[track_caller]
pub(crate) fn is_whole(server: &Server) {
    let keys = server.signer.keys.clone();
    for place in server.read(operating::places) {
        let (id, keys) = (place.id, keys.clone());
        let found = server
            .read(move |tx| operating::examine(tx, id, Some(&keys.audit)))
            .unwrap();
        assert_eq!(found.log.broken, None, "{place:?}");
        let off: Vec<_> = found.drift.iter().filter(|(_, drift)| drift.off > 0).collect();
        assert!(off.is_empty(), "{place:?}: {off:?}");
        let broken: Vec<_> = found.broken.iter().filter(|(_, count)| *count > 0).collect();
        assert!(broken.is_empty(), "{}", broken[0].0.name);
    }
}

/// Whether the owner of the tables, or whoever the statements make of it, is refused.
pub(crate) fn is_refused(server: &Server, statements: &str) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| server.base.execute(statements))).is_err()
}
