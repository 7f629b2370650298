//! A log is cut as its organization says, by one way alone, and what is left is verified from there.

use crate::cleaning::clean;
use crate::kit::{await_that, count, is_refused, is_whole};
use firma_adapters::SystemClock;
use firma_auth::keys::Keys;
use firma_domain::source::Clock;
use firma_domain::{Id, Instant};
use firma_services::identity::{SEALED, rotate_secrets};
use firma_services::{Verification, operating};
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
struct Kept {
    base: TestDatabase,
    id: Id,
    path: String,
    old: i64,
}

impl Kept {
    fn each(run: impl Fn(Kept)) {
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

    fn server(&self) -> Server {
        Server::start(self.base.shared())
    }

    /// Behind the application's back, with nothing in the way.
    fn tamper(&self, statements: &str) {
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

    fn of_firm(&self, statements: &str) -> String {
        let of = format!("organization_id = {}", self.base.id_literal(self.id));
        statements.replace("OF", &of)
    }

    fn verified(&self, server: &Server) -> Verification {
        let (id, keys) = (self.id, server.signer.keys.clone());
        server.read(move |tx| operating::verify(tx, id, Some(&keys.audit)))
    }
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
            "SELECT CAST(number AS TEXT) || ' ' || CAST(entries AS TEXT) FROM audit_checkpoints WHERE OF",
        ));
        assert_eq!(checkpoint, [format!("{0} {0}", kept.old)]);
        // What they said went with them; nobody else's log was touched.
        let rows = |table: &str| {
            server
                .base
                .number(&kept.of_firm(&format!("SELECT COUNT(*) FROM {table} WHERE OF")))
        };
        assert_eq!(rows("audit_payloads"), rows("audit_entries"));
        assert_eq!(count(&server, "audit_checkpoints"), 1);
        // A row that has no entry any more is as the log says.
        is_whole(&server);
        // Nothing more is to go, and the log goes on.
        clean(&server);
        assert_eq!(count(&server, "audit_checkpoints"), 1);
        assert_eq!(kept.verified(&server), expected);
        // Without the secret nobody knows whether it was cut by right.
        let id = kept.id;
        let blind = server.read(move |tx| operating::verify(tx, id, None));
        assert_eq!(blind.broken.map(|(number, _)| number), Some(kept.old));
        // Nobody shortens it by the small row alone.
        let id = kept.id;
        server
            .base
            .execute("UPDATE tenants SET audit_days = 366 WHERE audit_days = 400");
        let found = server.read(move |tx| operating::examine(tx, id, None));
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
            let found = server.read(move |tx| operating::examine(tx, id, None));
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
            "audit_entries a WHERE OF AND a.entity_id IN (SELECT id FROM companies WHERE name = 'B')",
        );
        assert_eq!(count(&server, &entries), 0);
        let stranger = Firm::new(&server);
        let hex = company[0].replace('-', "");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        let company = parts.join("-");
        let at = |what: &str| stranger.at(&format!("{what}/{company}"));
        stranger.owner.get(&at("companies")).problem(404, "not_found");
        let noted = kept.of_firm("security_events WHERE OF AND type = 'foreign_attempt'");
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
        let first = format!("OF AND number = {}", empty.cut);
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

#[test]
fn a_forged_or_missing_checkpoint_is_named() {
    Kept::each(|kept| {
        let server = kept.server();
        clean(&server);
        let n = kept.old;
        let later = match server.base.is_postgres() {
            true => "cut_at + interval '1 second'",
            false => "cut_at + 1000000",
        };
        let doubt = |statements: &str, expected: (i64, &str)| {
            kept.tamper(statements);
            assert_eq!(kept.verified(&server).broken, Some(expected), "{statements}");
        };
        let forged = "its checkpoint was forged";
        let with_signature = |text: &str| format!("UPDATE audit_checkpoints SET signature = {text} WHERE OF");
        let good = server
            .base
            .lines(&kept.of_firm("SELECT signature FROM audit_checkpoints WHERE OF"))
            .pop()
            .unwrap();
        let restored = with_signature(&format!("'{good}'"));
        doubt(
            &with_signature("'1.x.y'"),
            (
                n,
                "its checkpoint was signed with a secret that is not known here",
            ),
        );
        doubt(&with_signature("substr(signature, 3)"), (n, forged));
        let other = firma_auth::signed::sign(&server.signer.keys.audit, b"another message");
        doubt(&with_signature(&format!("'{other}'")), (n, forged));
        kept.tamper(&restored);
        doubt(
            &format!("UPDATE audit_checkpoints SET cut_at = {later} WHERE OF"),
            (n, forged),
        );
        let back = later.replace('+', "-");
        kept.tamper(&format!("UPDATE audit_checkpoints SET cut_at = {back} WHERE OF"));
        assert_eq!(kept.verified(&server).broken, None);
        // Another's checkpoint, or a cut that goes further than it says.
        doubt(
            "UPDATE audit_checkpoints SET entries = entries - 1 WHERE OF",
            (n, "a checkpoint before it is missing"),
        );
        kept.tamper("UPDATE audit_checkpoints SET entries = entries + 1 WHERE OF");
        doubt(
            &format!(
                "UPDATE audit_checkpoints SET number = {0}, entries = {0} WHERE OF",
                n + 1
            ),
            (n + 1, forged),
        );
        kept.tamper(&format!(
            "UPDATE audit_checkpoints SET number = {n}, entries = {n} WHERE OF"
        ));
        doubt(
            &format!("DELETE FROM audit_entries WHERE OF AND number = {}", n + 1),
            (n + 1, "entries before it are missing"),
        );
        doubt(
            "DELETE FROM audit_checkpoints WHERE OF",
            (1, "it is missing, and no checkpoint says that it was cut"),
        );
    });
}

#[test]
fn entries_go_by_no_other_way() {
    Kept::each(|kept| {
        let server = kept.server();
        let last = server
            .base
            .number(&kept.of_firm("SELECT MAX(number) FROM audit_entries WHERE OF"));
        let refused = |statements: &str| is_refused(&server, &kept.of_firm(statements));
        // Not even the owner of the tables deletes what no checkpoint covers, or is young, or changes a
        // checkpoint.
        assert!(refused("DELETE FROM audit_entries WHERE OF AND number = 1"));
        if server.base.is_postgres() {
            let fence = format!("SELECT set_config('app.organization_id', '{}', false)", kept.id);
            let app = |statement: &str| {
                let statement = kept.of_firm(statement);
                is_refused(&server, &format!("SET ROLE firma_app; {fence}; {statement}"))
            };
            for statement in [
                "DELETE FROM audit_entries WHERE OF AND number = 1",
                "UPDATE audit_entries SET action = 'x' WHERE OF",
                "TRUNCATE audit_entries",
                "INSERT INTO audit_checkpoints SELECT organization_id, number, chain, occurred_at, number, now(), 'x' \
                 FROM audit_entries WHERE OF AND number = 2",
                "UPDATE audit_checkpoints SET signature = 'x'",
                "DELETE FROM audit_checkpoints",
            ] {
                assert!(app(statement), "{statement}");
            }
            assert!(!app("SELECT 1 FROM audit_entries WHERE OF"));
            let cut = |number: i64, taken: i64| {
                format!(
                    "SELECT cut_audit_log(a.organization_id, a.number, a.chain, a.occurred_at, {taken}, now(), 'x') \
                     FROM audit_entries a WHERE a.OF AND a.number = {number}"
                )
            };
            // Younger than a year; in the middle of a transaction; another number of them than it says;
            // another's log; and one that is kept for ever.
            assert!(app(&cut(last, last)));
            assert!(app(&cut(2, 2)));
            assert!(app(&cut(kept.old, kept.old - 1)));
            let foreign = fence.replace(&kept.id.to_string(), &Id::NIL.to_string());
            let foreign = format!(
                "SET ROLE firma_app; {foreign}; SELECT cut_audit_log('{}', 1, '', now(), 1, now(), 'x')",
                kept.id
            );
            assert!(is_refused(&server, &foreign));
            let days = |days: &str| {
                let id = server.base.id_literal(kept.id);
                server
                    .base
                    .execute(&format!("UPDATE tenants SET audit_days = {days} WHERE id = {id}"));
            };
            days("NULL");
            assert!(app(&cut(kept.old, kept.old)));
            days("600");
            assert!(app(&cut(kept.old, kept.old)));
            assert!(is_refused(&server, "UPDATE tenants SET audit_days = 364"));
            days("400");
            assert_eq!(kept.verified(&server).broken, None, "nothing was cut");
            assert!(!app(&cut(kept.old, kept.old)));
            // By right, but nobody with the secret has signed it.
            assert_eq!(
                kept.verified(&server).broken,
                Some((kept.old, "its checkpoint was forged"))
            );
        } else {
            server.base.execute(&kept.of_firm(&format!(
                "INSERT INTO audit_checkpoints SELECT organization_id, number, chain, occurred_at, number, 0, 'x' \
                 FROM audit_entries WHERE OF AND number = {last}"
            )));
            assert!(refused(&format!(
                "DELETE FROM audit_entries WHERE OF AND number = {last}"
            )));
            assert!(!refused("DELETE FROM audit_entries WHERE OF AND number = 1"));
        }
        assert!(refused(
            "UPDATE audit_checkpoints SET entries = 1, number = 1 WHERE OF"
        ));
        assert!(refused("DELETE FROM audit_checkpoints WHERE OF"));
    });
}

/// What is needed to find out what became of a log isn't thrown away.
#[test]
fn a_broken_log_is_not_cut() {
    Kept::each(|kept| {
        let server = kept.server();
        kept.tamper(
            "UPDATE audit_entries SET action = 'company.deleted' WHERE OF AND action = 'company.created'",
        );
        let before = kept.verified(&server);
        assert!(before.broken.is_some());
        clean(&server);
        assert_eq!(kept.verified(&server), before);
        assert_eq!(count(&server, "audit_checkpoints"), 0);
    });
}

#[test]
fn a_checkpoint_stays_good_when_the_secret_is_changed() {
    Kept::each(|kept| {
        clean(&kept.server());
        let server = kept.server();
        let (new, old) = ([2; 32], [7; 32]);
        let both = Arc::new(Keys::rotated(&new, Some(&old)));
        let only = Arc::new(Keys::derive(&new));
        let broken = |keys: &Arc<Keys>| {
            let (id, keys) = (kept.id, keys.clone());
            let found = server.read(move |tx| operating::verify(tx, id, Some(&keys.audit)));
            found.broken
        };
        assert_eq!(broken(&both), None);
        let unknown = "its checkpoint was signed with a secret that is not known here";
        assert_eq!(broken(&only), Some((kept.old, unknown)));
        let rotate = |keys: &Arc<Keys>| {
            let (keys, entropy) = (keys.clone(), server.signer.entropy.clone());
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime
                .block_on(rotate_secrets(&server.database, keys, entropy, SEALED))
                .unwrap()
        };
        assert_eq!(rotate(&only).lost.len(), 1);
        assert_eq!(broken(&only), Some((kept.old, unknown)), "nothing is made good");
        assert_eq!(rotate(&both).renewed, 1);
        assert_eq!(broken(&only), None);
        assert_eq!(rotate(&only).current, 1);
    });
}

#[test]
fn no_log_is_kept_for_less_than_a_year() {
    Kept::each(|kept| {
        let server = kept.server();
        let firm = Firm::new(&server);
        let ask = |settings: serde_json::Value| firm.owner.patch(&firm.path, json!({"settings": settings}));
        for days in [json!(364), json!(0), json!(-1), json!(40_000)] {
            let said = ask(json!({"retention": {"audit_days": days}})).problem(422, "invalid");
            assert_eq!(said["errors"][0]["pointer"], "#/settings/retention/audit_days");
        }
        for wrong in [json!({"audit_days": "400"}), json!({"days": 400}), json!(400)] {
            assert_eq!(ask(json!({"retention": wrong})).status, 422);
        }
        let own = firm.owner.get(&firm.path).expect(200);
        assert_eq!(own["settings"]["retention"], json!({"audit_days": null}));
        ask(json!({"retention": {"audit_days": 365}})).expect(200);
        let events = firm
            .owner
            .get(&firm.at("security-events?type=audit_retention_changed"))
            .expect(200);
        assert_eq!(events["data"][0]["details"], "365 days, before for ever");
        ask(json!({"retention": {"audit_days": null}})).expect(200);
        assert_eq!(count(&server, "tenants WHERE audit_days = 365"), 0);
        // A session that was left open doesn't make the log shorter.
        let old = server.base.earlier("created_at", 601);
        server
            .base
            .execute(&format!("UPDATE sessions SET authenticated_at = {old}"));
        let again = server.client(firm.owner_id);
        let days = |days: serde_json::Value| json!({"settings": {"retention": {"audit_days": days}}});
        ask(days(json!(36_500))["settings"].clone()).problem(403, "step_up_required");
        again.patch(&firm.path, days(json!(400))).expect(200);
        ask(days(json!(399))["settings"].clone()).problem(403, "step_up_required");
        ask(days(json!(401))["settings"].clone()).expect(200);
        again.patch(&firm.path, days(json!(399))).expect(200);
        ask(days(json!(null))["settings"].clone()).expect(200);
        // A key asks in vain: it could be anybody's.
        let key = json!({"name": "k", "permissions": ["organizations:update:org"]});
        let key = again.post(&firm.at("api-keys"), key).expect(201);
        let program = firm.owner.with_token(Some(key["key"].as_str().unwrap().into()));
        let body = json!({"settings": {"retention": {"audit_days": 365}}});
        assert_eq!(program.patch(&firm.path, body).status, 403);
        is_whole(&server);
    });
}
