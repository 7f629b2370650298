//! A log is cut as its organization says, and what is left is verified from there.

use crate::cleaning::clean;
use crate::kit::{await_that, count, is_whole};
use firma_adapters::SystemClock;
use firma_domain::source::Clock;
use firma_domain::{Id, Instant};
use firma_persistence::LogWalk;
use firma_services::operating::{self, Logged};
use firma_services::{Refusal, Verification};
use firma_testing::{Firm, Server, TestDatabase};
use serde_json::json;
use std::sync::Arc;

/// So many seconds ago.
struct Ago(i64);

impl Clock for Ago {
    fn now(&self) -> Instant {
        SystemClock.now().plus_seconds(-self.0)
    }
}

const DAY: i64 = 86_400;

/// A firm whose log began 500 days ago and went on until today: the database, the firm's id, and how many
/// entries are older than a year.
pub(crate) struct Kept {
    pub(crate) base: TestDatabase,
    pub(crate) id: Id,
    pub(crate) path: String,
    pub(crate) old: i64,
}

impl Kept {
    pub(crate) fn each(run: impl Fn(Kept)) {
        TestDatabase::each()
            .into_iter()
            .for_each(|base| run(Kept::new(base)));
    }

    fn new(base: TestDatabase) -> Kept {
        let then = Server::start_by(base.shared(), Arc::new(Ago(500 * DAY)));
        let firm = Firm::new(&then);
        let company = firm.owner.post(&firm.at("companies"), json!({"name": "A"})).id();
        firm.owner
            .patch(&firm.at(&format!("companies/{company}")), json!({"name": "B"}))
            .expect(200);
        let (id, path, owner) = (firm.id, firm.path.clone(), firm.owner_id);
        drop(then);
        let kept = Kept {
            old: base.number(&format!(
                "SELECT MAX(number) FROM audit_entries WHERE organization_id = {}",
                base.id_literal(id)
            )),
            base,
            id,
            path,
        };
        let now = kept.server();
        let client = now.client(owner);
        let retention = json!({"settings": {"retention": {"audit_days": 400}}});
        client.patch(&kept.path, retention).expect(200);
        client
            .post(&format!("{}/companies", kept.path), json!({"name": "C"}))
            .expect(201);
        kept
    }

    pub(crate) fn server(&self) -> Server {
        Server::start(self.base.shared())
    }

    /// Behind the application's back, with nothing in the way.
    pub(crate) fn tamper(&self, statements: &str) {
        let open = match self.base.is_postgres() {
            true => {
                "ALTER TABLE audit_entries DISABLE TRIGGER ALL; ALTER TABLE audit_checkpoints DISABLE TRIGGER ALL"
            }
            false => {
                "DROP TRIGGER IF EXISTS audit_entries_no_update; DROP TRIGGER IF EXISTS audit_entries_no_delete; \
                 DROP TRIGGER IF EXISTS audit_checkpoints_no_update; DROP TRIGGER IF EXISTS audit_checkpoints_no_delete"
            }
        };
        self.base
            .execute(&format!("{open}; {}", self.of_firm(statements)));
    }

    pub(crate) fn of_firm(&self, statements: &str) -> String {
        let of = format!("organization_id = {}", self.base.id_literal(self.id));
        statements.replace("$OF", &of)
    }

    pub(crate) fn verified(&self, server: &Server) -> Verification {
        let (id, keys) = (self.id, server.signer.keys.clone());
        server
            .read(move |tx| operating::verify(tx, id, Some(&keys.audit)))
            .unwrap()
    }
}

/// What a walk over the exported log finds.
fn exported(server: &Server, id: Id) -> Verification {
    let parts = server.read(move |tx| {
        let mut parts = Vec::new();
        let keep = |part| {
            parts.push(part);
            Ok(())
        };
        operating::export(tx, id, keep)?.map_or(Err(Refusal::NotFound), |()| Ok(parts))
    });
    let (mut checkpoints, mut entries, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        match part {
            Logged::Checkpoint(checkpoint) => checkpoints.push(checkpoint),
            Logged::Entry(entry) => entries.push(entry),
            Logged::SecurityEvent(_) => {}
            Logged::End(end) => ends.push(end),
        }
    }
    let mut walk =
        LogWalk::begin(id, Some(&server.signer.keys.audit), checkpoints).unwrap_or_else(|e| panic!("{e:?}"));
    for entry in entries {
        if let Err(found) = walk.step(entry) {
            return found;
        }
    }
    walk.end(&ends[0])
}

#[test]
fn what_is_older_than_the_organization_keeps_it_is_cut_and_the_rest_is_whole() {
    Kept::each(|kept| {
        let server = kept.server();
        let all = kept.verified(&server);
        assert_eq!((all.cut, all.broken), (0, None));
        clean(&server);
        let found = kept.verified(&server);
        let expected = Verification {
            entries: all.entries - kept.old,
            cut: kept.old,
            broken: None,
        };
        assert_eq!(found, expected);
        let checkpoint = server.base.lines(&kept.of_firm(
            "SELECT CAST(number AS TEXT) || ' ' || CAST(entries AS TEXT) FROM audit_checkpoints WHERE $OF",
        ));
        assert_eq!(checkpoint, [format!("{0} {0}", kept.old)]);
        // What they said went with them; nobody else's log was touched.
        let rows = |table: &str| {
            server
                .base
                .number(&kept.of_firm(&format!("SELECT COUNT(*) FROM {table} WHERE $OF")))
        };
        assert_eq!(rows("audit_payloads"), rows("audit_entries"));
        assert_eq!(count(&server, "audit_checkpoints"), 1);
        // A row that has no entry any more is as the log says.
        is_whole(&server);
        // Nothing more is to go, and the log goes on.
        clean(&server);
        assert_eq!(count(&server, "audit_checkpoints"), 1);
        assert_eq!(kept.verified(&server), expected);
        // Outside it is walked as here.
        let id = kept.id;
        assert_eq!(exported(&server, id), expected);
        let columns = "batch_id, occurred_at, actor_id, key_id, action, entity_type, entity_id, entity_version, \
                       request_id, payload_digest, digest, chain";
        let back = server.base.id_literal(Id::from_parts(1, &[9; 10]));
        server.base.execute(&kept.of_firm(&format!(
            "INSERT INTO audit_entries (organization_id, number, id, {columns}) \
             SELECT organization_id, 1, {back}, {columns} FROM audit_entries WHERE $OF AND number = {}",
            kept.old + 1
        )));
        assert!(exported(&server, id).broken.is_some());
        assert!(kept.verified(&server).broken.is_some());
        kept.tamper(&format!("DELETE FROM audit_entries WHERE $OF AND id = {back}"));
        // Without the secret nobody knows whether it was cut by right.
        let blind = server.read(move |tx| operating::verify(tx, id, None)).unwrap();
        assert_eq!(blind.broken.map(|(number, _)| number), Some(kept.old));
        // Nobody shortens it by the small row alone.
        let id = kept.id;
        server
            .base
            .execute("UPDATE tenants SET audit_days = 366 WHERE audit_days = 400");
        let found = server.read(move |tx| operating::examine(tx, id, None)).unwrap();
        let broken = found.broken.iter().filter(|(_, count)| *count > 0);
        let broken: Vec<_> = broken.map(|(invariant, _)| invariant.name).collect();
        assert_eq!(
            broken,
            ["what is read of an organization before any grant is what its row says"]
        );
    });
}

/// How long it is kept is read where it is cut, from both, which have to say the same.
#[test]
fn nothing_is_cut_while_it_is_in_doubt_how_long_it_is_kept() {
    Kept::each(|kept| {
        let server = kept.server();
        let days = |small: i32, settings: i32| {
            let id = server.base.id_literal(kept.id);
            server.base.execute(&format!(
                "UPDATE tenants SET audit_days = {small} WHERE id = {id}; UPDATE organizations SET settings = \
                 replace(replace(settings, '\"audit_days\":400', '\"audit_days\":{settings}'), \
                 '\"audit_days\":3650', '\"audit_days\":{settings}') WHERE id = {id}"
            ));
        };
        let is_named = || {
            let id = kept.id;
            let found = server.read(move |tx| operating::examine(tx, id, None)).unwrap();
            let named = "what is read of an organization before any grant is what its row says";
            let of = found.broken.iter().find(|(invariant, _)| invariant.name == named);
            of.is_some_and(|(_, count)| *count > 0)
        };
        for (small, settings) in [(365, 3650), (365, 400)] {
            days(small, settings);
            clean(&server);
            assert_eq!(
                count(&server, "audit_checkpoints"),
                0,
                "{small} and {settings} days"
            );
            assert!(is_named(), "{small} and {settings} days");
        }
        days(400, 400);
        assert!(!is_named());
        clean(&server);
        assert_eq!(count(&server, "audit_checkpoints"), 1);
    });
}

/// Whose a row is, is known without its entries.
#[test]
fn an_attempt_at_a_row_whose_log_was_cut_is_noted() {
    Kept::each(|kept| {
        let server = kept.server();
        clean(&server);
        let company = server.base.lines(match server.base.is_postgres() {
            true => "SELECT id::text FROM companies WHERE name = 'B'",
            false => "SELECT lower(hex(id)) FROM companies WHERE name = 'B'",
        });
        let entries = kept.of_firm(
            "audit_entries a WHERE $OF AND a.entity_id IN (SELECT id FROM companies WHERE name = 'B')",
        );
        assert_eq!(count(&server, &entries), 0);
        let stranger = Firm::new(&server);
        let hex = company[0].replace('-', "");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        let company = parts.join("-");
        let at = |what: &str| stranger.at(&format!("{what}/{company}"));
        stranger.owner.get(&at("companies")).problem(404, "not_found");
        let noted = kept.of_firm("security_events WHERE $OF AND type = 'foreign_attempt'");
        await_that("noted", || count(&server, &noted) == 1);
        // Another kind of row has no such id.
        stranger.owner.get(&at("contacts")).problem(404, "not_found");
        stranger.owner.get(&at("companies")).problem(404, "not_found");
        assert_eq!(count(&server, &noted), 1);
    });
}

/// A log of which nothing is left goes on from its checkpoint, and one that is cut again has another.
#[test]
fn a_log_may_be_cut_to_its_end_and_again() {
    for base in TestDatabase::each() {
        let then = Server::start_by(base.shared(), Arc::new(Ago(500 * DAY)));
        let firm = Firm::new(&then);
        let retention = json!({"settings": {"retention": {"audit_days": 365}}});
        firm.owner.patch(&firm.path, retention).expect(200);
        let (id, path, owner) = (firm.id, firm.path.clone(), firm.owner_id);
        let kept = Kept {
            old: 0,
            base,
            id,
            path,
        };
        let post = |server: &Server| {
            let body = json!({"name": "A"});
            server
                .client(owner)
                .post(&format!("{}/companies", kept.path), body)
                .expect(201);
        };
        let server = kept.server();
        let all = kept.verified(&server).entries;
        clean(&server);
        let empty = kept.verified(&server);
        assert_eq!((empty.entries, empty.cut, empty.broken), (0, all, None));
        is_whole(&server);
        let post_ago = |days: i64| post(&Server::start_by(kept.base.shared(), Arc::new(Ago(days * DAY))));
        post_ago(400);
        clean(&server);
        let found = kept.verified(&server);
        assert_eq!((found.entries, found.cut, found.broken), (0, empty.cut + 1, None));
        assert_eq!(count(&server, "audit_checkpoints"), 2);
        is_whole(&server);
        // A cut looks at the last checkpoint; those before it are the verification's.
        let first = format!("$OF AND number = {}", empty.cut);
        let sign = |with: &str| {
            kept.tamper(&format!(
                "UPDATE audit_checkpoints SET signature = '{with}' WHERE {first}"
            ))
        };
        let good = kept.of_firm(&format!("SELECT signature FROM audit_checkpoints WHERE {first}"));
        let good = server.base.lines(&good).pop().unwrap();
        sign("x");
        post_ago(390);
        post(&server);
        clean(&server);
        assert_eq!(count(&server, "audit_checkpoints"), 3);
        let broken = kept.verified(&server).broken;
        assert_eq!(broken.map(|(number, _)| number), Some(empty.cut));
        sign(&good);
        let found = kept.verified(&server);
        assert_eq!((found.entries, found.cut, found.broken), (1, empty.cut + 2, None));
        is_whole(&server);
    }
}
