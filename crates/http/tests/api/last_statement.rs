//! What a call leaves to its last statement: that it stores all of what it has to, or nothing.

use crate::imports::{Importer, counts};
use crate::kit::{pointers, stored};
use crate::roles_at_once::asked;
use firma_auth::access::{Delete, Read, Update};
use firma_domain::crm::{Company, Stage, StageKind};
use firma_services::{Refusal, Work};
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
fn a_create_is_one_statement_on_postgresql() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let (one, other) = (Firm::new(server), Firm::new(server));
        let keys = AtomicUsize::new(0);
        let create = |firm: &Firm<'_>, of: &str, body: &Value| {
            let key = keys.fetch_add(1, Ordering::Relaxed).to_string();
            firm.owner.post_once(&firm.at(of), &key, body.clone()).expect(201);
        };
        let (here, there) = (deal(&one, &company(&one)), deal(&other, &company(&other)));
        // In turn, so that each finds the connection where the other left it.
        let both = || {
            create(&one, "deals", &here);
            create(&other, "deals", &there);
        };
        // Both are known then.
        both();
        assert_eq!(
            asked(server, both),
            2,
            "all that is stored, the caller and the stage proved with it"
        );
        let plain = || create(&one, "companies", &json!({"name": "B"}));
        assert_eq!(asked(server, plain), 1);
    });
}

/// What a first attempt takes for granted of a stage is what was read of it last.
#[test]
fn whatever_becomes_of_a_stage_the_next_deal_knows() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let stage = firm.stage("Engaging");
        let body = json!({"title": "x", "company_id": company(&firm), "stage_id": stage});
        let create = || firm.owner.post(&firm.at("deals"), body.clone());
        let row = |change: &str| {
            let id = server.base.id_literal(stage.parse().unwrap());
            let change = format!("UPDATE stages SET {change}, version = version + 1 WHERE id = {id}");
            server.base.execute(&change);
        };
        for _ in 0..3 {
            assert_eq!(create().expect(201)["status"], "OPEN");
        }
        // As another server would; a pipeline has one lost stage.
        server
            .base
            .execute("UPDATE stages SET kind = 'OPEN' WHERE kind = 'LOST'");
        row("kind = 'LOST'");
        assert_eq!(create().expect(201)["status"], "LOST");
        row("kind = 'OPEN'");
        assert_eq!(create().expect(201)["status"], "OPEN");
        let gone = "(SELECT MAX(created_at) FROM stages), deletion_id = id";
        row(&format!("deleted_at = {gone}"));
        let before = stored(server);
        for _ in 0..2 {
            assert_eq!(pointers(&create().problem(422, "invalid")), ["#/stage_id"]);
        }
        row("deleted_at = NULL, deletion_id = NULL");
        create().expect(201);
        let elsewhere = json!({"title": "x", "company_id": company(&other), "stage_id": stage});
        let refused = other.owner.post(&other.at("deals"), elsewhere);
        assert_eq!(pointers(&refused.problem(422, "invalid")), ["#/stage_id"]);
        let deals =
            |all: &[(&'static str, i64)]| all.iter().find(|(table, _)| *table == "deals").map(|(_, n)| *n);
        assert_eq!(deals(&stored(server)), deals(&before).map(|n| n + 1));
    });
}

/// What a transaction changed is forgotten with it: the same version may be of something else afterwards.
#[test]
fn nothing_is_taken_for_granted_of_what_was_undone() {
    on_each(|server| {
        let firm = Firm::new(server);
        let stage = firm.stage("Engaging");
        let body = json!({"title": "x", "stage_id": stage});
        let (organization, owner, id) = (firm.id, firm.owner_id, stage.parse().unwrap());
        // A pipeline has one lost stage.
        server
            .base
            .execute("UPDATE stages SET kind = 'OPEN' WHERE kind = 'LOST'");
        server.write(move |tx| {
            let undone = tx.part(|tx| {
                let work = Work::resume(tx, organization, owner)?;
                let (change, read) = (work.grant::<Stage, Update>()?, work.grant::<Stage, Read>()?);
                let mut stages = tx.open(change)?;
                let before = stages.find_for_change(id)?;
                let mut lost = before.value.clone();
                lost.kind = StageKind::Lost;
                stages.change(&before, lost)?;
                let found = tx.open(read)?.recall_to_refer(id)?.unwrap();
                assert_eq!(found.value.kind, StageKind::Lost);
                Err::<(), Refusal>(Refusal::NotFound)
            });
            assert!(matches!(undone, Err(Refusal::NotFound)), "{undone:?}");
            Ok(())
        });
        let renamed = json!({"name": "Engaged"});
        firm.owner
            .patch(&firm.at(&format!("stages/{stage}")), renamed)
            .expect(200);
        let made = firm.owner.post(&firm.at("deals"), body).expect(201);
        assert_eq!(made["status"], "OPEN");
    });
}

/// What many operations refer to costs a look, not one each.
#[test]
fn a_bulk_looks_once_at_what_it_refers_to() {
    on_each(|server| {
        let firm = Firm::new(server);
        let plain = json!({"title": "One of many", "stage_id": firm.stage("Prospecting")});
        let mut referring = plain.clone();
        referring["company_id"] = json!(company(&firm));
        referring["owner_id"] = json!(firm.member(Some("ceo")).0.to_string());
        let keys = AtomicUsize::new(0);
        let bulk = |value: &Value, n: usize| {
            let operations = vec![json!({"op": "create", "value": value}); n];
            let body = json!({"operations": operations});
            asked(server, || {
                let key = keys.fetch_add(1, Ordering::Relaxed).to_string();
                let done = firm.owner.post_once(&firm.at("deals/bulk"), &key, body.clone());
                done.expect(200);
            })
        };
        let each = |value: &Value| bulk(value, 12) - bulk(value, 2);
        assert_eq!(each(&referring), each(&plain));
    });
}

#[test]
fn what_a_bulk_deletes_it_refers_to_no_longer() {
    on_each(|server| {
        let firm = Firm::new(server);
        let parent = company(&firm);
        let taken = json!({"name": "B", "external_id": "taken"});
        firm.owner.post(&firm.at("companies"), taken).expect(201);
        let below =
            |id: &str| json!({"op": "create", "value": {"name": id, "external_id": id, "parent_id": parent}});
        // The first has looked at the parent before it is refused.
        let operations = json!([below("taken"), {"op": "delete", "id": parent}, below("free")]);
        let path = firm.at("companies/bulk?atomic=false");
        let done = firm
            .owner
            .post_once(&path, "bulk", json!({"operations": operations}))
            .expect(207);
        let statuses: Vec<_> = (0..3).map(|n| done["results"][n]["status"].clone()).collect();
        assert_eq!(statuses, [409, 204, 422]);
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

/// The head is waited for by what proves the caller, too.
#[test]
fn who_waits_for_the_head_stores_once() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let firm = Firm::new(server);
        let body = deal(&firm, &company(&firm));
        let create = || firm.owner.post_once(&firm.at("deals"), "held", body.clone());
        firm.owner.post(&firm.at("deals"), body.clone()).expect(201);
        let before = server.base.number("SELECT COUNT(*) FROM deals");
        let hold = format!(
            "BEGIN; UPDATE heads SET last_number = last_number WHERE organization_id = {}; \
             DO $$ BEGIN FOR n IN 1..3000 LOOP EXIT WHEN (SELECT COUNT(*) FROM pg_stat_activity \
             WHERE wait_event_type = 'Lock' AND datname = current_database()) > 0; \
             PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP; END $$; COMMIT",
            server.base.id_literal(firm.id)
        );
        let held =
            "SELECT COUNT(*) FROM pg_locks WHERE relation = 'heads'::regclass AND mode = 'RowExclusiveLock'";
        std::thread::scope(|scope| {
            let holds = scope.spawn(|| server.base.execute(&hold));
            while server.base.number(held) == 0 {
                assert!(!holds.is_finished(), "nobody holds it");
                std::thread::yield_now();
            }
            create().expect(201);
        });
        let again = create();
        assert_eq!(again.status, 201);
        assert_eq!(server.base.number("SELECT COUNT(*) FROM deals"), before + 1);
    });
}

/// Calls that wait for a row which another holds.
fn waiting(server: &Server) -> i64 {
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    server.base.number(waits)
}

/// What is told to who refers to a company that another call is about to delete, and waits for it.
fn asking_as_it_is_deleted<T: Send>(firm: &Firm<'_>, id: &str, ask: impl FnOnce() -> T + Send) -> T {
    let (server, organization, owner) = (firm.server, firm.id, firm.owner_id);
    let gone = id.parse().unwrap();
    let (deleted, is_deleted) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let goes_on = Arc::new(Mutex::new(goes_on));
    // What fails here takes `go_on` along, and so ends the other.
    std::thread::scope(move |scope| {
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
        let asks = scope.spawn(ask);
        while waiting(server) == 0 {
            assert!(!asks.is_finished(), "it waits for nothing");
            std::thread::yield_now();
        }
        go_on.send(()).unwrap();
        asks.join().unwrap()
    })
}

#[test]
fn who_refers_to_what_is_being_deleted_waits_and_is_refused() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let firm = Firm::new(server);
        let (id, before) = (company(&firm), stored(server));
        let ask = || firm.owner.post_once(&firm.at("deals"), "k", deal(&firm, &id));
        let refused = asking_as_it_is_deleted(&firm, &id, ask);
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
}

/// A row of a file finds its company by name before it is held.
#[test]
fn an_import_refers_to_nothing_that_is_being_deleted() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let firm = Firm::new(server);
        let id = company(&firm);
        let options = json!({
            "entity": "deals", "key": "none", "columns": {"What": "title", "Firm": "company_id"},
        });
        let ask = || Importer::owner(&firm).run(b"What,Firm\nOre,A\n", options);
        let import = asking_as_it_is_deleted(&firm, &id, ask);
        assert_eq!(counts(&import), [0, 0, 0, 1], "{import}");
        assert_eq!(server.base.number("SELECT COUNT(*) FROM deals"), 0);
    });
}
