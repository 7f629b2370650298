//! What a call leaves to its last statement: that it stores all of what it has to, or nothing.

use crate::kit::{pointers, stored};
use crate::roles_at_once::asked;
use firma_auth::access::Delete;
use firma_domain::crm::Company;
use firma_services::Work;
use firma_testing::{Firm, Server, on_each};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

fn deal(firm: &Firm<'_>, company: &str) -> Value {
    json!({"title": "Left to the last", "company_id": company, "stage_id": firm.stage("Prospecting")})
}

fn company(firm: &Firm<'_>) -> String {
    firm.owner.post(&firm.at("companies"), json!({"name": "A"})).id()
}

#[test]
fn a_create_is_two_statements_on_postgresql() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let firm = Firm::new(server);
        let (deals, body) = (firm.at("deals"), deal(&firm, &company(&firm)));
        let keys = AtomicUsize::new(0);
        let create = || {
            let key = keys.fetch_add(1, Ordering::Relaxed).to_string();
            firm.owner.post_once(&deals, &key, body.clone()).expect(201);
        };
        assert_eq!(
            asked(server, create),
            2,
            "the stage, and all that is stored; the caller is seen with the first"
        );
    });
}

#[test]
fn what_refers_to_nothing_stores_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (gone, kept) = (company(&firm), company(&firm));
        firm.owner
            .delete(&firm.at(&format!("companies/{gone}")))
            .expect(204);
        let stage = firm.stage("Engaging");
        let in_no_stage = json!({"title": "Nowhere", "company_id": kept, "stage_id": stage});
        firm.owner
            .delete(&firm.at(&format!("stages/{stage}")))
            .expect(204);
        let before = stored(server);
        for n in 0..4 {
            for (body, pointer) in [
                (deal(&firm, &gone), "#/company_id"),
                (in_no_stage.clone(), "#/stage_id"),
            ] {
                let key = format!("{pointer} {n}");
                let refused = firm.owner.post_once(&firm.at("deals"), &key, body);
                assert_eq!(pointers(&refused.problem(422, "invalid")), [pointer]);
            }
        }
        assert_eq!(stored(server), before);
        // A refusal isn't kept, so the key is free.
        let made = firm
            .owner
            .post_once(&firm.at("deals"), "#/company_id 0", deal(&firm, &kept));
        made.expect(201);
    });
}

/// Calls that wait for a row which another holds.
fn waiting(server: &Server) -> i64 {
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    server.base.number(waits)
}

#[test]
fn who_refers_to_what_is_being_deleted_waits_and_is_refused() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let firm = Firm::new(server);
        let id = company(&firm);
        let (organization, owner, gone) = (firm.id, firm.owner_id, id.parse().unwrap());
        let (deleted, is_deleted) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel::<()>();
        let goes_on = Arc::new(Mutex::new(goes_on));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                server.write(move |tx| {
                    let work = Work::resume(tx, organization, owner)?;
                    let grant = work.grant::<Company, Delete>()?;
                    let mut companies = tx.open(grant)?;
                    let before = companies.find_for_delete(gone)?;
                    companies.delete(&before, before.id)?;
                    deleted.send(()).unwrap();
                    goes_on.lock().unwrap().recv().unwrap();
                    Ok(())
                });
            });
            is_deleted.recv().unwrap();
            let before = stored(server);
            let asks = scope.spawn(|| firm.owner.post_once(&firm.at("deals"), "k", deal(&firm, &id)));
            while waiting(server) == 0 {
                assert!(!asks.is_finished(), "it waits for nothing");
                std::thread::yield_now();
            }
            go_on.send(()).unwrap();
            let refused = asks.join().unwrap();
            assert_eq!(pointers(&refused.problem(422, "invalid")), ["#/company_id"]);
            let after: Vec<_> = stored(server)
                .into_iter()
                .zip(before)
                .filter(|(a, b)| a != b)
                .collect();
            let is_logged = |table: &str| ["audit_entries", "events"].contains(&table);
            assert!(after.iter().all(|((table, _), _)| is_logged(table)), "{after:?}");
            assert_eq!(after.len(), 2, "the deletion's own: {after:?}");
        });
    });
}
