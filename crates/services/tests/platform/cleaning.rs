//! The clean-up takes what is over, over all organizations, and nothing else.

use crate::kit::{await_that, count, put, start};
use firma_domain::Email;
use firma_domain::identity::TokenKind;
use firma_domain::platform::ErrorKind;
use firma_persistence::identity::{NewToken, ReadyArchive};
use firma_persistence::platform::Sweep;
use firma_services::installation::Incident;
use firma_services::platform::{CleanUp, Retention};
use firma_testing::{Firm, Server, on_each};
use std::sync::Arc;
use std::time::Duration;

const DAY: i64 = 86_400;
const KEEP: Retention = Retention {
    sessions: 30 * DAY,
    security_events: 730 * DAY,
    jobs: 30 * DAY,
    errors: 90 * DAY,
    invitations: 90 * DAY,
    deleted: 90 * DAY,
    uploads: DAY,
};

pub(crate) fn clean(server: &Server) {
    let before = count(server, "jobs WHERE kind = 'cleanup' AND state = 'SUCCEEDED'");
    let store = server.files.store.clone();
    let clean_up = CleanUp {
        store,
        keep: KEEP,
        key: server.signer.keys.audit.clone(),
    };
    let worker = start(server, vec![Arc::new(clean_up)]);
    await_that("clean", || {
        count(server, "jobs WHERE kind = 'cleanup' AND state = 'SUCCEEDED'") > before
    });
    worker.stop(Duration::from_secs(5));
}

#[test]
fn what_is_over_goes_and_the_rest_stays() {
    on_each(|server| {
        let firms = [Firm::new(server), Firm::new(server)];
        for firm in &firms {
            firm.member(Some("employee"));
            for name in ["old", "new"] {
                put(firm, "none", serde_json::json!({}), 1);
                let body = serde_json::json!({"name": name});
                firm.owner
                    .post_once(&firm.at("companies"), name, body)
                    .expect(201);
            }
        }
        let (sessions, earlier) = (count(server, "sessions"), |column: &str, days: u32| {
            format!("{column} = {}", server.base.earlier(column, days * 86_400))
        });
        server.base.execute(
            "DELETE FROM job_queue WHERE kind = 'none';
             UPDATE jobs SET state = 'FAILED', finished_at = created_at WHERE kind = 'none';",
        );
        let ids = server.base.lines(match server.base.is_postgres() {
            true => "SELECT id::text FROM jobs WHERE kind = 'none' ORDER BY id",
            false => "SELECT hex(id) FROM jobs WHERE kind = 'none' ORDER BY id",
        });
        let literal = |id: &str| match server.base.is_postgres() {
            true => format!("'{id}'"),
            false => format!("x'{id}'"),
        };
        for id in [&ids[0], &ids[2]] {
            let old = earlier("finished_at", 31);
            server
                .base
                .execute(&format!("UPDATE jobs SET {old} WHERE id = {}", literal(id)));
        }
        let old = earlier("expires_at", 2);
        server
            .base
            .execute(&format!("UPDATE idempotency_keys SET {old} WHERE key = 'old'"));
        let user = server.base.id_literal(firms[0].owner_id);
        let old = earlier("expires_at", 31);
        server
            .base
            .execute(&format!("UPDATE sessions SET {old} WHERE user_id = {user}"));
        let recent = earlier("expires_at", 29);
        let user = server.base.id_literal(firms[1].owner_id);
        server
            .base
            .execute(&format!("UPDATE sessions SET {recent} WHERE user_id = {user}"));

        for (message, days) in [("old", 91), ("recent", 89)] {
            server.errors.note(Incident {
                kind: ErrorKind::Answer,
                place: "GET /x".into(),
                message: message.into(),
                request_id: None,
                route: None,
            });
            server.errors.flush(&server.database).unwrap();
            let (first, last) = (earlier("first_at", days), earlier("last_at", days));
            server.base.execute(&format!(
                "UPDATE internal_errors SET {first}, {last} WHERE message = '{message}'"
            ));
        }

        clean(server);
        assert_eq!(
            server.base.lines("SELECT message FROM internal_errors"),
            ["recent"]
        );
        assert_eq!(count(server, "jobs WHERE kind = 'none'"), 2);
        assert_eq!(count(server, "job_payloads"), 2);
        assert_eq!(count(server, "idempotency_keys WHERE key = 'old'"), 0);
        assert_eq!(count(server, "idempotency_keys WHERE key = 'new'"), 2);
        assert_eq!(count(server, "sessions"), sessions - 1);
    });
}

/// What goes wrong with one part holds up none of the others, and the whole is tried again.
#[test]
fn a_part_that_goes_wrong_holds_up_no_other() {
    on_each(|server| {
        // The first firm's row can't go, either.
        for name in ["stuck", "gone"] {
            let firm = Firm::new(server);
            let body = serde_json::json!({"name": name});
            let id = firm.owner.post(&firm.at("companies"), body).id();
            firm.owner
                .delete(&firm.at(&format!("companies/{id}")))
                .expect(204);
        }
        let [stuck, free] = match server.base.is_postgres() {
            true => [
                "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$; \
                 CREATE TRIGGER stuck BEFORE DELETE ON companies FOR EACH ROW WHEN (OLD.name = 'stuck') \
                 EXECUTE FUNCTION stuck()",
                "DROP TRIGGER stuck ON companies; DROP FUNCTION stuck()",
            ],
            false => [
                "CREATE TRIGGER stuck BEFORE DELETE ON companies WHEN OLD.name = 'stuck' \
                 BEGIN SELECT RAISE(ABORT, 'stuck'); END",
                "DROP TRIGGER stuck",
            ],
        };
        let old = server.base.earlier("deleted_at", 91 * 86_400);
        server.base.execute(&format!(
            "UPDATE companies SET deleted_at = {old}; ALTER TABLE sign_in_delays RENAME TO away; {stuck}"
        ));
        let (store, key) = (server.files.store.clone(), server.signer.keys.audit.clone());
        let worker = start(
            server,
            vec![Arc::new(CleanUp {
                store,
                keep: KEEP,
                key,
            })],
        );
        let tried = || {
            let failed = "jobs WHERE kind = 'cleanup' AND state <> 'SUCCEEDED' AND attempts > 0";
            count(server, failed) > 0 && server.base.lines("SELECT name FROM companies") == ["stuck"]
        };
        await_that("clean but for one part", tried);
        server
            .base
            .execute(&format!("ALTER TABLE away RENAME TO sign_in_delays; {free}"));
        await_that("tried again", || {
            count(server, "jobs WHERE kind = 'cleanup' AND state = 'SUCCEEDED'") > 0
        });
        assert_eq!(count(server, "companies"), 0);
        worker.stop(Duration::from_secs(5));
    });
}

/// Old security events go, and no others: on both databases whatever is asked for.
#[test]
fn security_events_go_after_two_years_and_what_names_nobody_is_all_that_is_kept_of_a_token() {
    on_each(|server| {
        let firm = Firm::new(server);
        let user = server.base.id_literal(firm.owner_id);
        for days in [731, 729, 91, 89] {
            let id = server.write(|tx| Ok(tx.new_id()));
            server.base.execute(&format!(
                "INSERT INTO security_events (organization_id, id, user_id, type, severity, ip, occurred_at) SELECT {}, {}, \
                 id, 'days-{days}', 'info', '192.0.2.1', {} FROM users WHERE id = {user}",
                server.base.id_literal(firma_domain::Id::NIL),
                server.base.id_literal(id),
                server.base.earlier("created_at", days * 86_400)
            ));
        }
        let left = || {
            server
                .base
                .lines("SELECT type FROM security_events WHERE type LIKE 'days-%' ORDER BY type")
        };
        for (name, days) in [("over", 1), ("old", 31), ("young", 0)] {
            server.write(move |tx| {
                let token = NewToken {
                    hash: [days as u8; 32],
                    kind: TokenKind::VerifyEmail,
                    user: tx.new_id(),
                    email: Email::parse(&format!("{name}@new.example")).unwrap(),
                    payload: Some("{}".into()),
                    expires_at: None,
                };
                Ok(tx.add_token(token)?)
            });
            let ends = server
                .base
                .earlier("expires_at", (days * 86_400) + if days > 0 { 86_400 } else { 0 });
            server.base.execute(&format!(
                "UPDATE verification_tokens SET expires_at = {ends} WHERE email LIKE '{name}@%'"
            ));
        }
        clean(server);
        assert_eq!(left(), ["days-729", "days-89", "days-91"]);
        let tokens = server.base.lines(
            "SELECT email || ' ' || CASE WHEN payload IS NULL THEN 'cut' ELSE 'whole' END FROM verification_tokens ORDER BY email",
        );
        assert_eq!(tokens, ["over@new.example cut", "young@new.example whole"]);
        // Nobody can be quicker than the triggers allow.
        let refused = |statement: &str| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| server.base.execute(statement))).is_err()
        };
        assert!(refused("DELETE FROM security_events WHERE type = 'days-89'"));
        assert!(refused(
            "UPDATE security_events SET ip = '192.0.2.2' WHERE type = 'days-89'"
        ));
        assert!(refused(
            "UPDATE security_events SET ip = NULL, details = 'x' WHERE type = 'days-89'"
        ));
        assert!(refused(
            "UPDATE security_events SET ip = NULL, type = 'x' WHERE type = 'days-89'"
        ));
        assert!(!refused(
            "UPDATE security_events SET ip = NULL WHERE type = 'days-89'"
        ));
        assert!(!refused("DELETE FROM security_events WHERE type = 'days-91'"));
        assert_eq!(left(), ["days-729", "days-89"]);
    });
}

/// An archive that nobody may fetch any more goes with its bytes.
#[test]
fn archives_go_after_seven_days() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, store) = (firm.owner_id, &server.files.store);
        let mut incoming = store.put("archive").unwrap();
        incoming.write(b"bytes").unwrap();
        incoming.keep().unwrap();
        server.write(move |tx| {
            let (job, now) = (tx.new_id(), tx.now());
            let ready = ReadyArchive {
                at: now,
                storage_key: "archive".into(),
                size: 5,
                sha256: "0".repeat(64),
            };
            tx.begin_archive(user, job, now.plus_seconds(DAY))?;
            assert!(tx.finish_archive(user, job, ready, now.plus_seconds(DAY))?);
            Ok(())
        });
        clean(server);
        assert_eq!(count(server, "user_archives"), 1);
        assert!(store.open("archive", 0, 1).is_ok());
        let over = server.base.earlier("expires_at", 2 * 86_400);
        server
            .base
            .execute(&format!("UPDATE user_archives SET expires_at = {over}"));
        clean(server);
        assert_eq!(
            (count(server, "user_archives"), count(server, "file_sweeps")),
            (0, 0)
        );
        assert!(store.open("archive", 0, 1).is_err());
    });
}

#[test]
fn invitations_go_once_they_were_answered_or_over_for_a_while() {
    on_each(|server| {
        let firms = [Firm::new(server), Firm::new(server)];
        for firm in &firms {
            for name in ["open", "over", "long-over", "revoked", "long-revoked"] {
                let email = format!("{name}@new.example");
                let invitations = firm.at("invitations");
                let id = firm
                    .owner
                    .post(&invitations, serde_json::json!({"email": email}))
                    .id();
                if name.ends_with("revoked") {
                    firm.owner.act(&format!("{invitations}/{id}/revoke")).expect(200);
                }
            }
        }
        // An end is a week from the beginning.
        for (name, column, days) in [
            ("over", "expires_at", 96),
            ("long-over", "expires_at", 98),
            ("revoked", "updated_at", 89),
            ("long-revoked", "updated_at", 91),
        ] {
            let since = server.base.earlier(column, days * 86_400);
            server.base.execute(&format!(
                "UPDATE invitations SET {column} = {since} WHERE email = '{name}@new.example'"
            ));
        }
        let entries = "audit_entries WHERE entity_type = 'invitation'";
        let before = count(server, entries);
        assert!(before >= 10);
        clean(server);
        let left = server
            .base
            .lines("SELECT DISTINCT email FROM invitations ORDER BY email");
        assert_eq!(
            left,
            ["open", "over", "revoked"].map(|name| format!("{name}@new.example"))
        );
        assert_eq!(count(server, "invitations"), 6);
        // What the log says of those that went goes with them; that there were some stays.
        let said = |name: &str| {
            let of = format!("audit_payloads WHERE changes LIKE '%\"{name}@new.example\"%'");
            count(server, &of)
        };
        assert_eq!((said("long-over"), said("long-revoked")), (0, 0));
        for name in ["open", "over", "revoked"] {
            assert!(said(name) >= 2, "{name}");
        }
        assert_eq!(count(server, entries), before);
    });
}

#[test]
fn bytes_go_when_nobody_needs_them_any_more() {
    on_each(|server| {
        let store = &server.files.store;
        let bytes = |key: &str| {
            let mut incoming = store.put(key).unwrap();
            incoming.write(b"bytes").unwrap();
            incoming.keep().unwrap();
        };
        for (key, reason, days) in [
            ("old-upload", Sweep::Upload, 2),
            ("new-upload", Sweep::Upload, 0),
            ("old-file", Sweep::Deleted, 91),
            ("new-file", Sweep::Deleted, 89),
            // Its upload was killed before a byte came.
            ("nothing", Sweep::Upload, 2),
        ] {
            if key != "nothing" {
                bytes(key);
            }
            server.write(move |tx| Ok(tx.sweep_bytes(key, reason)?));
            let since = server.base.earlier("noted_at", days * 86_400);
            server.base.execute(&format!(
                "UPDATE file_sweeps SET noted_at = {since} WHERE storage_key = '{key}'"
            ));
        }
        bytes("no-business-of-the-clean-up");
        clean(server);
        let left = server
            .base
            .lines("SELECT storage_key FROM file_sweeps ORDER BY storage_key");
        assert_eq!(left, ["new-file", "new-upload"]);
        let is_there = |key: &&str| store.open(key, 0, 1).is_ok();
        let all = [
            "old-upload",
            "new-upload",
            "old-file",
            "new-file",
            "no-business-of-the-clean-up",
        ];
        let there: Vec<_> = all.into_iter().filter(is_there).collect();
        assert_eq!(there, ["new-upload", "new-file", "no-business-of-the-clean-up"]);
    });
}
