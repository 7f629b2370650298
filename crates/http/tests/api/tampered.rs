//! A log that was changed behind the application's back is found, and the first entry in doubt named.

use crate::audit::{length, literal, verified};
use crate::keys::{key_of, with};
use firma_domain::Id;
use firma_services::Verification;
use firma_testing::{Firm, Server, on_each};
use serde_json::json;

/// A log whose last entries are: one made alone, three made together, two made alone. The first number of them.
fn kept(server: &Server) -> (Firm<'_>, i64) {
    let firm = Firm::new(server);
    let first = length(&firm) + 1;
    let id = firm.owner.post(&firm.at("companies"), json!({"name": "A"})).id();
    let create = |name: &str| json!({"op": "create", "value": {"name": name}});
    let operations = json!({"operations": [create("B"), create("C"), create("D")]});
    firm.owner
        .post_once(&firm.at("companies/bulk"), "k", operations)
        .expect(200);
    for name in ["A2", "A3"] {
        firm.owner
            .patch(&firm.at(&format!("companies/{id}")), json!({"name": name}))
            .expect(200);
    }
    assert_eq!(
        verified(&firm),
        Verification {
            entries: first + 5,
            cut: 0,
            broken: None
        }
    );
    (firm, first)
}

/// Runs statements as the owner of the tables, with nothing in the way.
fn tamper(firm: &Firm, statements: &str) {
    let open = match firm.server.base.is_postgres() {
        true => {
            "ALTER TABLE audit_entries DISABLE TRIGGER ALL; ALTER TABLE audit_payloads DISABLE TRIGGER ALL"
        }
        false => {
            "PRAGMA foreign_keys = OFF; DROP TRIGGER IF EXISTS audit_entries_no_update; DROP TRIGGER IF EXISTS audit_entries_no_delete"
        }
    };
    let of = format!("organization_id = {}", literal(firm.server, firm.id));
    firm.server
        .base
        .execute(&format!("{open}; {}", statements.replace("OF", &of)));
}

/// Statements by which two entries change places.
fn swap(one: i64, other: i64) -> String {
    let change = |from, to| format!("UPDATE audit_entries SET number = {to} WHERE OF AND number = {from}");
    [change(one, 900), change(other, one), change(900, other)].join("; ")
}

#[test]
fn a_log_that_was_changed_names_the_first_entry_in_doubt() {
    on_each(|server| {
        let untouched = kept(server).0;
        let entry = |n: i64, change: &str| {
            (
                n,
                format!("UPDATE audit_entries SET {change} WHERE OF AND number = {n}"),
            )
        };
        let later = if server.base.is_postgres() {
            "occurred_at + interval '1 hour'"
        } else {
            "occurred_at + 3600000000"
        };
        let (nil, first) = (literal(server, Id::NIL), kept(server).1);
        let of_payload = |n: i64| {
            format!("WHERE OF AND entry_id = (SELECT id FROM audit_entries WHERE OF AND number = {n})")
        };
        let cases: Vec<(i64, String)> = vec![
            entry(first, "action = 'company.deleted'"),
            entry(first + 1, "entity_type = 'deal'"),
            entry(first + 2, "entity_version = 7"),
            entry(first + 3, &format!("actor_id = {nil}")),
            entry(first + 4, "actor_id = NULL"),
            entry(first + 5, &format!("occurred_at = {later}")),
            entry(first, &format!("entity_id = {nil}")),
            entry(1, "request_id = 'another'"),
            entry(first + 4, "digest = payload_digest"),
            entry(first + 2, "chain = payload_digest"),
            entry(first, "chain = payload_digest"),
            // Removed: at the beginning, in a transaction's middle, between two, at the end.
            (1, "DELETE FROM audit_entries WHERE OF AND number = 1".into()),
            (
                first + 2,
                format!("DELETE FROM audit_entries WHERE OF AND number = {}", first + 2),
            ),
            (
                first + 4,
                format!("DELETE FROM audit_entries WHERE OF AND number = {}", first + 4),
            ),
            (
                first + 5,
                format!("DELETE FROM audit_entries WHERE OF AND number = {}", first + 5),
            ),
            (1, "DELETE FROM audit_entries WHERE OF".into()),
            // Removed, and the others moved up.
            (
                first + 4,
                format!(
                    "DELETE FROM audit_entries WHERE OF AND number = {0}; UPDATE audit_entries SET number = {0} WHERE OF AND number = {1}; \
                 UPDATE heads SET last_number = {0} WHERE OF",
                    first + 4,
                    first + 5
                ),
            ),
            // Swapped: those of two transactions, those of one.
            (first + 4, swap(first + 4, first + 5)),
            (first, swap(first, first + 5)),
            (first + 1, swap(first + 1, first + 2)),
            (first + 2, swap(first + 2, first + 3)),
            // What was changed, and from where.
            (
                first + 3,
                format!(
                    "UPDATE audit_payloads SET changes = '{{}}' {}",
                    of_payload(first + 3)
                ),
            ),
            (
                first + 5,
                format!(
                    "UPDATE audit_payloads SET ip = '10.0.0.1' {}",
                    of_payload(first + 5)
                ),
            ),
            (
                first,
                format!(
                    "UPDATE audit_payloads SET user_agent = NULL, ip = NULL {}",
                    of_payload(first)
                ),
            ),
            // The head: pointing on, pointing back, and another digest.
            (
                first + 6,
                format!("UPDATE heads SET last_number = {} WHERE OF", first + 9),
            ),
        ];
        for (expected, statements) in cases {
            let firm = kept(server).0;
            tamper(&firm, &statements);
            let found = verified(&firm);
            assert_eq!(
                found.broken.map(|(number, _)| number),
                Some(expected),
                "{statements}: {found:?}"
            );
            assert_eq!(found.entries, expected - 1, "{statements}: {found:?}");
        }
        for statements in [
            "UPDATE heads SET digest = (SELECT payload_digest FROM audit_entries WHERE OF AND number = 1) WHERE OF",
            "UPDATE heads SET last_number = last_number - 1 WHERE OF",
        ] {
            let firm = kept(server).0;
            tamper(&firm, statements);
            assert!(verified(&firm).broken.is_some(), "{statements}");
        }
        assert_eq!(verified(&untouched).broken, None);
    });
}

#[test]
fn a_payload_may_be_erased() {
    on_each(|server| {
        let (firm, first) = kept(server);
        server.base.execute(&format!(
            "DELETE FROM audit_payloads WHERE organization_id = {}",
            literal(server, firm.id)
        ));
        assert_eq!(
            verified(&firm),
            Verification {
                entries: first + 5,
                cut: 0,
                broken: None
            }
        );
        firm.owner
            .post(&firm.at("companies"), json!({"name": "Z"}))
            .expect(201);
        assert_eq!(
            verified(&firm),
            Verification {
                entries: first + 6,
                cut: 0,
                broken: None
            }
        );
    });
}

/// The digest covers the key: an entry can't be said to be a person's own afterwards.
#[test]
fn an_entry_without_its_key_is_a_changed_entry() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, program) = key_of(&firm, &firm.owner, with(&["companies:create:own"]));
        program
            .post(&firm.at("companies"), json!({"name": "By a program"}))
            .expect(201);
        let drop = |trigger: &str| match server.base.is_postgres() {
            true => format!("DROP TRIGGER {trigger} ON audit_entries"),
            false => format!("DROP TRIGGER {trigger}"),
        };
        server.base.execute(&match server.base.is_postgres() {
            true => drop("audit_entries_append_only"),
            false => drop("audit_entries_no_update"),
        });
        server
            .base
            .execute("UPDATE audit_entries SET key_id = NULL WHERE key_id IS NOT NULL");
        assert!(verified(&firm).broken.is_some());
    });
}
