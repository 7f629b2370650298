//! What a cut leaves is known from what is forged, and entries go by no other way.

use crate::cleaning::clean;
use crate::kit::{count, is_refused, is_whole};
use crate::retention::Kept;
use firma_auth::keys::Keys;
use firma_domain::Id;
use firma_services::identity::{SEALED, rotate_secrets};
use firma_services::operating;
use firma_testing::Firm;
use serde_json::json;
use std::sync::Arc;

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
        let with_signature =
            |text: &str| format!("UPDATE audit_checkpoints SET signature = {text} WHERE $OF");
        let good = server
            .base
            .lines(&kept.of_firm("SELECT signature FROM audit_checkpoints WHERE $OF"))
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
            &format!("UPDATE audit_checkpoints SET cut_at = {later} WHERE $OF"),
            (n, forged),
        );
        let back = later.replace('+', "-");
        kept.tamper(&format!("UPDATE audit_checkpoints SET cut_at = {back} WHERE $OF"));
        assert_eq!(kept.verified(&server).broken, None);
        // Another's checkpoint, or a cut that goes further than it says.
        doubt(
            "UPDATE audit_checkpoints SET entries = entries - 1 WHERE $OF",
            (n, "a checkpoint before it is missing"),
        );
        kept.tamper("UPDATE audit_checkpoints SET entries = entries + 1 WHERE $OF");
        doubt(
            &format!(
                "UPDATE audit_checkpoints SET number = {0}, entries = {0} WHERE $OF",
                n + 1
            ),
            (n + 1, forged),
        );
        kept.tamper(&format!(
            "UPDATE audit_checkpoints SET number = {n}, entries = {n} WHERE $OF"
        ));
        doubt(
            &format!("DELETE FROM audit_entries WHERE $OF AND number = {}", n + 1),
            (n + 1, "entries before it are missing"),
        );
        doubt(
            "DELETE FROM audit_checkpoints WHERE $OF",
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
            .number(&kept.of_firm("SELECT MAX(number) FROM audit_entries WHERE $OF"));
        let refused = |statements: &str| is_refused(&server, &kept.of_firm(statements));
        // Not even the owner of the tables deletes what no checkpoint covers, or is young, or changes a
        // checkpoint.
        assert!(refused("DELETE FROM audit_entries WHERE $OF AND number = 1"));
        if server.base.is_postgres() {
            let fence = format!("SELECT set_config('app.organization_id', '{}', false)", kept.id);
            let app = |statement: &str| {
                let statement = kept.of_firm(statement);
                is_refused(&server, &format!("SET ROLE firma_app; {fence}; {statement}"))
            };
            for statement in [
                "DELETE FROM audit_entries WHERE $OF AND number = 1",
                "UPDATE audit_entries SET action = 'x' WHERE $OF",
                "TRUNCATE audit_entries",
                "INSERT INTO audit_checkpoints SELECT organization_id, number, chain, occurred_at, number, now(), 'x' \
                 FROM audit_entries WHERE $OF AND number = 2",
                "UPDATE audit_checkpoints SET signature = 'x'",
                "DELETE FROM audit_checkpoints",
            ] {
                assert!(app(statement), "{statement}");
            }
            assert!(!app("SELECT 1 FROM audit_entries WHERE $OF"));
            let cut = |number: i64, taken: i64| {
                format!(
                    "SELECT cut_audit_log(a.organization_id, a.number, a.chain, a.occurred_at, {taken}, now(), 'x') \
                     FROM audit_entries a WHERE a.$OF AND a.number = {number}"
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
                 FROM audit_entries WHERE $OF AND number = {last}"
            )));
            assert!(refused(&format!(
                "DELETE FROM audit_entries WHERE $OF AND number = {last}"
            )));
            assert!(!refused("DELETE FROM audit_entries WHERE $OF AND number = 1"));
        }
        assert!(refused(
            "UPDATE audit_checkpoints SET entries = 1, number = 1 WHERE $OF"
        ));
        assert!(refused("DELETE FROM audit_checkpoints WHERE $OF"));
    });
}

/// What is needed to find out what became of a log isn't thrown away.
#[test]
fn a_broken_log_is_not_cut() {
    Kept::each(|kept| {
        let server = kept.server();
        kept.tamper(
            "UPDATE audit_entries SET action = 'company.deleted' WHERE $OF AND action = 'company.created'",
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
            let found = server
                .read(move |tx| operating::verify(tx, id, Some(&keys.audit)))
                .unwrap();
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
