//! The beginning and the end of an organization's purge. What lies between is a command's: its tests are the binary's.

use crate::kit::count;
use firma_auth::access::{Disposing, Operating};
use firma_domain::Id;
use firma_domain::identity::SecurityKind;
use firma_persistence::identity::SecurityEvent;
use firma_persistence::{Database, Fault, LogEnd, Verification};
use firma_services::organizations::{begin_purge, closed, end_purge};
use firma_services::{Origin, Refusal, Tx, operating};
use firma_testing::{Firm, on_each};
use serde_json::json;

fn write(
    database: &Database,
    run: impl Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send + 'static,
) -> Result<(), Refusal> {
    database.write_waiting(Origin::default(), run)
}

fn end_of(database: &Database, organization: Id) -> LogEnd {
    let end = move |tx: &mut Tx<'_>| tx.log_end(Operating::on(organization));
    database.read_waiting(end).unwrap()
}

fn code(refused: Result<(), Refusal>) -> String {
    match refused {
        Err(Refusal::Conflict { code, .. }) => code.to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_is_not_deleted_or_was_written_to_is_not_purged_and_what_has_rows_does_not_end() {
    on_each(|server| {
        let (firm, database) = (Firm::new(server), &server.database);
        let company = firm
            .owner
            .post(&firm.at("companies"), json!({"name": "Acme"}))
            .id();
        firm.owner
            .delete(&firm.at(&format!("companies/{company}")))
            .expect(204);
        let id = firm.id;
        let begin = |end: LogEnd| write(database, move |tx| begin_purge(tx, id, &end));
        let end = || write(database, move |tx| end_purge(tx, id));
        let stands = || {
            let slug = firm.slug.clone();
            let found = database
                .read_waiting(move |tx: &mut Tx<'_>| closed(tx, &slug))
                .unwrap();
            (found.deleted_at.is_some(), found.purging_at.is_some())
        };

        let before = end_of(database, id);
        assert!(matches!(begin(before.clone()), Err(Refusal::NotFound)));
        assert_eq!(stands(), (false, false));
        firm.owner.delete(&firm.path).expect(204);
        assert!(matches!(end(), Err(Refusal::NotFound)));
        assert_eq!(code(begin(before)), "changed");
        assert_eq!(stands(), (true, false));

        let noted = || {
            write(database, move |tx| {
                let event = SecurityEvent {
                    organization: Some(id),
                    user: None,
                    kind: SecurityKind::ForeignAttempt,
                    details: None,
                };
                Ok(tx.security_event(event)?)
            })
        };
        let events = |of: Id| {
            let of = server.base.id_literal(of);
            count(
                server,
                &format!("security_events WHERE type = 'foreign_attempt' AND organization_id = {of}"),
            )
        };
        let silent = end_of(database, id);
        noted().unwrap();
        assert_eq!(code(begin(silent)), "changed");
        assert_eq!((events(id), events(Id::NIL)), (1, 0));

        let last = end_of(database, id);
        begin(last.clone()).unwrap();
        noted().unwrap();
        assert_eq!((events(id), events(Id::NIL)), (1, 1));
        assert_eq!(stands(), (true, true));
        assert!(matches!(begin(last), Err(Refusal::NotFound)));
        assert_eq!(code(end()), "in_use");
        let begun = "audit_entries WHERE action = 'organization.purge_begun'";
        assert_eq!((count(server, begun), count(server, "tenants")), (1, 2));

        // Nothing is stored that can't be recorded.
        let unrecorded = database.write_waiting(Origin::default(), move |tx: &mut Tx<'_>| {
            let (references, before) = (tx.references()?, tx.now().plus_seconds(60));
            tx.purge(Disposing::of(id), &references, before, Id::NIL, 500)
        });
        assert!(matches!(unrecorded, Err(Fault::Missing)), "{unrecorded:?}");
        assert_eq!(count(server, "companies"), 1);

        // Half of a log is no news, also to who began to look at it before.
        let places = database.read_waiting(operating::places).unwrap();
        assert!(places.iter().all(|place| place.id != id));
        let broken = Verification {
            entries: 0,
            cut: 0,
            broken: Some((1, "it is missing")),
        };
        let is_news = database.write_waiting(Origin::default(), move |tx: &mut Tx<'_>| {
            tx.note_verification(id, &broken)
        });
        assert!(!is_news.unwrap());
        assert_eq!(count(server, "audit_verifications"), 0);
    });
}
