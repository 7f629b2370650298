//! What becomes of a job: done once, tried again, given up, called off, taken over.

use crate::kit::{Does, await_state, await_that, count, look, put, quick, start};
use firma_auth::access::Create;
use firma_domain::crm::Company;
use firma_services::platform::{Handler, Progress, Running, Stop, Worker, WorkerSettings};
use firma_services::{Fault, Origin, Refusal, Tx, Work, crud};
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Makes a company as who asked for the job.
fn company(
    job: &Running<'_>,
    name: String,
) -> Result<impl Fn(&mut Tx<'_>) -> Result<(), Refusal> + use<>, Stop> {
    let asker = job.asker()?;
    Ok(move |tx: &mut Tx<'_>| {
        let mut work = Work::go_on(tx, asker)?;
        let grant = work.grant::<Company, Create>()?;
        crud::create::<Company>(&mut work, grant, json!({"name": name})).map(drop)
    })
}

#[test]
fn a_job_is_done_once_and_forgets_what_it_worked_on() {
    on_each(|server| {
        let firm = Firm::new(server);
        let jobs: Vec<_> = (0..20)
            .map(|n| put(&firm, "make", json!({"name": format!("c{n}")}), 3))
            .collect();
        assert_eq!(look(&firm, jobs[0])["state"], "QUEUED");
        let make = |job: &Running<'_>| {
            let name: Value = job.payload()?;
            let make = company(job, name["name"].as_str().unwrap().to_owned())?;
            job.commit(move |tx| {
                make(tx)?;
                Ok(json!({"made": 1}))
            })
        };
        let worker = start(server, vec![Arc::new(Does("make", make))]);
        for job in &jobs {
            let done = await_state(&firm, *job, "SUCCEEDED");
            assert_eq!(
                (&done["attempts"], &done["result"]),
                (&json!(1), &json!({"made": 1}))
            );
            assert_eq!(done["owner_id"], json!(firm.owner_id));
            assert!(done["finished_at"].is_string());
        }
        worker.stop(Duration::from_secs(5));
        assert_eq!(count(server, "companies"), 20);
        assert_eq!(count(server, "job_queue"), 0);
        assert_eq!(count(server, "job_payloads"), 0);
        // The companies have entries, the jobs none.
        assert_eq!(count(server, "audit_entries WHERE entity_type = 'company'"), 20);
        assert_eq!(count(server, "audit_entries WHERE entity_type = 'job'"), 0);
        let listed = firm
            .owner
            .get(&firm.at("jobs?kind=make&state=SUCCEEDED&limit=5"))
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 5);
        assert_eq!(listed["pagination"]["has_more"], true);
    });
}

#[test]
fn what_fails_is_tried_again_and_given_up_at_last() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (flaky, hopeless, panics) = (
            put(&firm, "flaky", json!({}), 5),
            put(&firm, "hopeless", json!({}), 5),
            put(&firm, "panics", json!({}), 2),
        );
        let tries = Arc::new(AtomicU32::new(0));
        let tried = tries.clone();
        let flaky_handler = move |job: &Running<'_>| match tried.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(Stop::Again("not yet".into())),
            _ => job.commit(|_| Ok(Value::Null)),
        };
        let hopeless_handler = |_: &Running<'_>| Err(Stop::Failed("never".into()));
        let panicking = |_: &Running<'_>| panic!("this panic belongs to the test");
        let worker = start(
            server,
            vec![
                Arc::new(Does("flaky", flaky_handler)),
                Arc::new(Does("hopeless", hopeless_handler)),
                Arc::new(Does("panics", panicking)),
            ],
        );
        assert_eq!(await_state(&firm, flaky, "SUCCEEDED")["attempts"], 3);
        let failed = await_state(&firm, hopeless, "FAILED");
        assert_eq!(
            (&failed["attempts"], &failed["problem"]),
            (&json!(1), &json!("never"))
        );
        assert_eq!(await_state(&firm, panics, "FAILED")["attempts"], 2);

        // A dead letter has kept what it works on, and is retried by who may.
        let (_, employee) = firm.member(Some("employee"));
        let retry = firm.at(&format!("jobs/{hopeless}/retry"));
        employee.act(&retry).problem(403, "permission_required");
        firm.owner
            .act(&firm.at(&format!("jobs/{flaky}/retry")))
            .problem(409, "transition");
        let retried = firm.owner.act(&retry).expect(200);
        assert_eq!(
            (&retried["state"], &retried["attempts"]),
            (&json!("QUEUED"), &json!(0))
        );
        assert_eq!(await_state(&firm, hopeless, "FAILED")["attempts"], 1);
        worker.stop(Duration::from_secs(5));
    });
}

#[test]
fn what_breaks_is_an_internal_error_and_so_is_what_is_given_up() {
    on_each(|server| {
        let firm = Firm::new(server);
        let panics = put(&firm, "panics", json!({}), 2);
        let breaks = put(&firm, "breaks", json!({}), 1);
        let refused = put(&firm, "refused", json!({}), 1);
        let unsent = put(&firm, "unsent", json!({}), 1);
        let panicking = |_: &Running<'_>| panic!("row {} belongs to the test", 7);
        let breaking = |job: &Running<'_>| {
            let fault =
                |_: &mut Tx<'_>| Err(Refusal::Fault(Fault::Internal("the disk \"x\" is full".into())));
            job.read::<(), _>(fault)?;
            job.commit(|_| Ok(Value::Null))
        };
        let refusing = |_: &Running<'_>| Err(Stop::Failed("it is your own fault".into()));
        let said = "550 User Ann Smith unknown";
        let sending = |_: &Running<'_>| Err(Stop::Again("550 User Ann Smith unknown".into()));
        let settings = WorkerSettings {
            errors: Some(server.errors.clone()),
            ..quick()
        };
        let handlers: Vec<Arc<dyn Handler>> = vec![
            Arc::new(Does("panics", panicking)),
            Arc::new(Does("breaks", breaking)),
            Arc::new(Does("refused", refusing)),
            Arc::new(Does("unsent", sending)),
        ];
        let worker = Worker::start(server.database.clone(), handlers, settings).unwrap();
        assert_eq!(await_state(&firm, unsent, "FAILED")["problem"], said);
        for job in [panics, breaks, refused] {
            let problem = await_state(&firm, job, "FAILED")["problem"].clone();
            assert!(
                ["something went wrong on our side", "it is your own fault"]
                    .contains(&problem.as_str().unwrap())
            );
        }
        worker.stop(Duration::from_secs(5));
        server.errors.flush(&server.database).unwrap();
        let told = "given up after the last attempt; the job says why";
        let text = if server.base.is_postgres() { "::text" } else { "" };
        assert_eq!(
            server.base.lines(&format!(
                "SELECT kind || ' ' || place || ' ' || occurrences{text} || ' ' || message FROM internal_errors ORDER BY 1"
            )),
            [
                format!("DEAD_LETTER breaks 1 {told}"),
                format!("DEAD_LETTER panics 1 {told}"),
                format!("DEAD_LETTER unsent 1 {told}"),
                "JOB breaks 1 the disk ? is full".into(),
                "PANIC panics 2 row # belongs to the test".into(),
            ]
        );
        let last = server
            .base
            .lines("SELECT last_request_id FROM internal_errors WHERE kind = 'PANIC'");
        assert_eq!(last, [panics.to_string()]);
    });
}

#[test]
fn a_job_is_called_off_while_it_waits_and_while_it_runs() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (waits, runs) = (
            put(&firm, "later", json!({}), 3),
            put(&firm, "long", json!({}), 3),
        );
        let cancel = |job| firm.owner.act(&firm.at(&format!("jobs/{job}/cancel")));
        let (_, other) = firm.member(Some("employee"));
        other
            .act(&firm.at(&format!("jobs/{waits}/cancel")))
            .problem(404, "not_found");
        assert_eq!(cancel(waits).expect(200)["state"], "CANCELLED");
        cancel(waits).problem(409, "transition");
        let long = |job: &Running<'_>| {
            for n in 1.. {
                job.step(move |_| {
                    let total = Some(1_000_000);
                    Ok((
                        Progress {
                            done: n,
                            total,
                            place: json!({"n": n}),
                        },
                        (),
                    ))
                })?;
                std::thread::sleep(Duration::from_millis(5));
            }
            unreachable!()
        };
        let worker = start(server, vec![Arc::new(Does("long", long))]);
        await_that("under way", || {
            look(&firm, runs)["progress_done"].as_i64() > Some(2)
        });
        let asked = cancel(runs).expect(200);
        assert_eq!(asked["cancel_requested"], true);
        await_state(&firm, runs, "CANCELLED");
        worker.stop(Duration::from_secs(5));
        assert_eq!(count(server, "job_queue"), 0);
        assert_eq!(count(server, "job_payloads"), 0);
    });
}

#[test]
fn a_worker_that_stops_gives_back_and_the_next_goes_on_from_the_place() {
    on_each(|server| {
        let firm = Firm::new(server);
        let job = put(&firm, "steps", json!({}), 1);
        let first = Arc::new(AtomicU32::new(0));
        let steps = |begun: Arc<AtomicU32>| {
            move |job: &Running<'_>| {
                let from = job.place::<i32>()?.unwrap_or(0);
                begun.store(from as u32, Ordering::Relaxed);
                for n in from..40 {
                    let make = company(job, format!("step {n}"))?;
                    job.step(move |tx| {
                        make(tx)?;
                        let progress = Progress {
                            done: n + 1,
                            total: Some(40),
                            place: json!(n + 1),
                        };
                        Ok((progress, ()))
                    })?;
                    std::thread::sleep(Duration::from_millis(10));
                }
                job.commit(|_| Ok(Value::Null))
            }
        };
        let worker = start(server, vec![Arc::new(Does("steps", steps(first.clone())))]);
        await_that("begun", || look(&firm, job)["progress_done"].as_i64() > Some(3));
        worker.stop(Duration::from_secs(5));
        let given_back = look(&firm, job);
        assert_eq!(
            (&given_back["state"], &given_back["attempts"]),
            (&json!("QUEUED"), &json!(0))
        );
        let second = Arc::new(AtomicU32::new(0));
        let worker = start(server, vec![Arc::new(Does("steps", steps(second.clone())))]);
        assert_eq!(await_state(&firm, job, "SUCCEEDED")["progress_done"], 40);
        worker.stop(Duration::from_secs(5));
        assert_eq!(first.load(Ordering::Relaxed), 0);
        assert!(second.load(Ordering::Relaxed) > 3);
        assert_eq!(count(server, "companies WHERE name LIKE 'step %'"), 40);
    });
}

/// On SQLite nobody gets at the queue meanwhile.
#[test]
fn a_long_step_costs_no_other_job_its_lease() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let firm = Firm::new(server);
        // Longer than a busy machine may stand still.
        let settings = WorkerSettings { lease: 4, ..quick() };
        let lease = Duration::from_secs(4);
        let jobs = [
            put(&firm, "stores", json!({}), 3),
            put(&firm, "computes", json!({}), 3),
        ];
        let stores = move |job: &Running<'_>| {
            job.step(move |_| {
                std::thread::sleep(lease * 3 / 2);
                Ok((Progress::default(), ()))
            })?;
            std::thread::sleep(lease / 4);
            job.commit(|_| Ok(json!("once")))
        };
        let computes = move |job: &Running<'_>| {
            std::thread::sleep(lease * 2);
            job.commit(|_| Ok(json!("once")))
        };
        let handlers = || -> Vec<Arc<dyn Handler>> {
            vec![
                Arc::new(Does("stores", stores)),
                Arc::new(Does("computes", computes)),
            ]
        };
        let start = || Worker::start(server.database.clone(), handlers(), settings.clone()).unwrap();
        let workers = [start(), start()];
        for job in jobs {
            let done = await_state(&firm, job, "SUCCEEDED");
            assert_eq!((&done["attempts"], &done["result"]), (&json!(1), &json!("once")));
        }
        workers
            .into_iter()
            .for_each(|worker| worker.stop(Duration::from_secs(5)));
    });
}

/// One that is cut off from the database for longer than its lease finds out at its next step, and stores nothing.
#[test]
fn who_lost_the_lease_stores_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let job = put(&firm, "slow", json!({}), 3);
        let lease = |tx: &mut Tx<'_>| tx.lease_job(&["slow"], 0);
        let lost = server
            .database
            .write_waiting(Origin::default(), lease)
            .unwrap()
            .unwrap();
        let slow = |job: &Running<'_>| job.commit(|_| Ok(json!("the second")));
        let worker = start(server, vec![Arc::new(Does("slow", slow))]);
        let done = await_state(&firm, job, "SUCCEEDED");
        assert_eq!(
            (&done["result"], &done["attempts"]),
            (&json!("the second"), &json!(2))
        );
        worker.stop(Duration::from_secs(5));
        let lease = lost.lease;
        let held = move |tx: &mut Tx<'_>| tx.hold_lease(lease);
        assert!(!server.database.write_waiting(Origin::default(), held).unwrap());
    });
}

#[test]
fn a_suspended_organization_has_nothing_done() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (stopped, goes) = (
            put(&firm, "work", json!({}), 3),
            put(&other, "work", json!({}), 3),
        );
        let id = server.base.id_literal(firm.id);
        let status = |status: &str| {
            let set = format!("UPDATE tenants SET status = '{status}' WHERE id = {id}");
            server.base.execute(&set);
        };
        status("suspended");
        let work = |job: &Running<'_>| job.commit(|_| Ok(Value::Null));
        let worker = start(server, vec![Arc::new(Does("work", work))]);
        await_state(&other, goes, "SUCCEEDED");
        assert_eq!(look(&firm, stopped)["state"], "QUEUED");
        status("active");
        await_state(&firm, stopped, "SUCCEEDED");
        worker.stop(Duration::from_secs(5));
    });
}

#[test]
fn a_job_does_no_more_than_its_owner_may_now() {
    on_each(|server| {
        let firm = Firm::new(server);
        put(&firm, "make", json!({}), 1);
        let id = server.base.id_literal(firm.owner_id);
        server
            .base
            .execute(&format!("DELETE FROM role_assignments WHERE user_id = {id}"));
        let make = |job: &Running<'_>| {
            let make = company(job, "c".into())?;
            job.commit(move |tx| make(tx).map(|()| Value::Null))
        };
        let worker = Worker::start(
            server.database.clone(),
            vec![Arc::new(Does("make", make))],
            quick(),
        )
        .unwrap();
        await_that("failed", || count(server, "jobs WHERE state = 'FAILED'") == 1);
        worker.stop(Duration::from_secs(5));
        assert_eq!(count(server, "companies"), 0);
        let problem = server.base.lines("SELECT problem FROM jobs");
        assert_eq!(problem, ["the permission companies:create is missing"]);
    });
}
