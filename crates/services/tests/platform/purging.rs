//! Rows that were deleted long ago go for good, with what hangs on them, and nothing else does.

use crate::cleaning::clean;
use crate::kit::{count, is_whole};
use firma_auth::access::Founding;
use firma_domain::platform::File;
use firma_persistence::HANGING;
use firma_persistence::operating::ENTITIES;
use firma_testing::{Firm, Server, TestDatabase, on_each};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A deal of a company with a contact, an activity, tags and a way through two stages: the ids.
struct Sale {
    company: String,
    contact: String,
    deal: String,
    activity: String,
}

impl Sale {
    fn new(firm: &Firm<'_>, name: &str) -> Sale {
        let add = |collection: &str, body: Value| firm.owner.post(&firm.at(collection), body).id();
        let company = add("companies", json!({"name": name, "tags": [name]}));
        let email = format!("{name}@sale.example");
        let contact = add(
            "contacts",
            json!({"name": name, "company_id": company, "emails": [email]}),
        );
        let deal = add(
            "deals",
            json!({"title": name, "company_id": company, "tags": [name]}),
        );
        add("deal-contacts", json!({"deal_id": deal, "contact_id": contact}));
        let activity = add(
            "activities",
            json!({"kind": "CALL", "subject": name, "deal_id": deal}),
        );
        let stage = json!({"stage_id": firm.stage("Proposal")});
        firm.owner
            .patch(&firm.at(&format!("deals/{deal}")), stage)
            .expect(200);
        Sale {
            company,
            contact,
            deal,
            activity,
        }
    }

    fn delete(&self, firm: &Firm<'_>) {
        for (collection, id) in [("deals", &self.deal), ("companies", &self.company)] {
            firm.owner
                .delete(&firm.at(&format!("{collection}/{id}")))
                .expect(204);
        }
    }

    fn all(&self) -> [(&'static str, &String); 4] {
        [
            ("companies", &self.company),
            ("contacts", &self.contact),
            ("deals", &self.deal),
            ("activities", &self.activity),
        ]
    }
}

/// As if what is deleted had been so many days earlier, in all tables.
fn later(server: &Server, days: u32) {
    let all = ENTITIES.iter().map(|of| {
        let earlier = server.base.earlier("deleted_at", days * 86_400);
        format!(
            "UPDATE {} SET deleted_at = {earlier} WHERE deleted_at IS NOT NULL",
            of.table
        )
    });
    // A key can't be deleted, and so has no instant of it to be moved.
    server.base.execute(&all.collect::<Vec<_>>().join("; "));
}

#[test]
fn what_was_deleted_long_ago_is_gone_with_all_that_hangs_on_it() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (old, kept) = (Sale::new(&firm, "old"), Sale::new(&firm, "kept"));
        let theirs = Sale::new(&other, "theirs");
        old.delete(&firm);
        theirs.delete(&other);
        let team = firm.team(&[firm.owner_id]);
        firm.owner.delete(&firm.at(&format!("teams/{team}"))).expect(204);
        later(server, 89);
        clean(server);
        let deleted = firm.owner.get(&firm.at("deals?deleted=true")).expect(200);
        assert_eq!(deleted["data"].as_array().unwrap().len(), 1);
        assert_eq!(count(server, "audit_entries WHERE action LIKE '%.purged'"), 0);

        let young = Sale::new(&firm, "young");
        later(server, 2);
        young.delete(&firm);
        clean(server);
        for (collection, id) in old.all() {
            let path = firm.at(&format!("{collection}/{id}"));
            firm.owner
                .act(&format!("{path}/restore"))
                .problem(404, "not_found");
        }
        for rows in ["companies", "contacts", "deals", "activities", "deal_contacts"] {
            assert_eq!(count(server, rows), 2, "{rows}");
            assert_eq!(count(server, &format!("{rows} WHERE deleted_at IS NOT NULL")), 1);
        }
        assert_eq!((count(server, "teams"), count(server, "team_members")), (0, 0));
        assert_eq!(count(server, "stage_periods"), 4);
        assert_eq!(count(server, "tags"), 4);
        assert_eq!(count(server, "emails"), 2);
        assert_eq!(count(server, "search_words WHERE word IN ('old', 'theirs')"), 0);
        let purged = server.base.lines(&format!(
            "SELECT DISTINCT action || ' ' || CAST(entity_version AS TEXT) FROM audit_entries WHERE actor_id IS NULL \
             AND action LIKE '%.purged' AND organization_id = {} ORDER BY 1",
            server.base.id_literal(firm.id)
        ));
        assert_eq!(
            purged,
            [
                "activity.purged 3",
                "company.purged 3",
                "contact.purged 3",
                "deal.purged 5",
                "deal_contact.purged 3",
                "team.purged 3",
                "team_member.purged 3",
            ]
        );
        let entries = firm
            .owner
            .get(&firm.at(&format!(
                "audit-entries?entity_type=company&entity_id={}",
                old.company
            )))
            .expect(200);
        let actions: Vec<_> = entries["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        assert_eq!(actions, ["company.purged", "company.deleted", "company.created"]);
        assert_eq!(entries["data"][0]["changes"], json!({}));
        is_whole(server);
        // The others are as they were: the living one, and the one that was deleted just now.
        young.all().into_iter().take(1).for_each(|(collection, id)| {
            let path = firm.at(&format!("{collection}/{id}/restore"));
            firm.owner.act(&path).expect(200);
        });
        firm.owner
            .get(&firm.at(&format!("deals/{}", kept.deal)))
            .expect(200);
        is_whole(server);
    });
}

#[test]
fn what_something_else_refers_to_stays_until_that_is_gone() {
    on_each(|server| {
        let firm = Firm::new(server);
        let sale = Sale::new(&firm, "won");
        let at = |what: &str, id: &str| firm.at(&format!("{what}/{id}"));
        // A stage that a living deal went through, and a company of a deal that was won.
        let left = firm.stage("Proposal");
        let won = json!({"stage_id": firm.stage("Won")});
        firm.owner.patch(&at("deals", &sale.deal), won).expect(200);
        for path in [at("stages", &left), at("companies", &sale.company)] {
            firm.owner.delete(&path).expect(204);
        }
        // Companies above each other: the lowest lives.
        let mut parent = None;
        let mut line = Vec::new();
        for name in ["top", "middle", "leaf"] {
            let body = json!({"name": name, "parent_id": parent});
            let id = firm.owner.post(&firm.at("companies"), body).id();
            parent = Some(id.clone());
            line.push(id);
        }
        for id in &line[..2] {
            firm.owner.delete(&at("companies", id)).expect(204);
        }
        later(server, 91);
        clean(server);
        assert_eq!(count(server, "stages WHERE deleted_at IS NOT NULL"), 1);
        assert_eq!(count(server, "companies WHERE deleted_at IS NOT NULL"), 3);
        // What was deleted with the company stays with it, held by nothing itself: a restore brings all of it.
        let taken = || ["contacts", "deal_contacts"].map(|rows| count(server, rows));
        assert_eq!(taken(), [1, 1]);
        is_whole(server);
        let restored = firm
            .owner
            .act(&format!("{}/restore", at("companies", &sale.company)));
        restored.expect(200);
        firm.owner.get(&at("contacts", &sale.contact)).expect(200);
        assert_eq!(count(server, "deal_contacts WHERE deleted_at IS NULL"), 1);
        firm.owner.delete(&at("companies", &sale.company)).expect(204);

        firm.owner.delete(&at("companies", &line[2])).expect(204);
        firm.owner.delete(&at("deals", &sale.deal)).expect(204);
        later(server, 91);
        clean(server);
        for rows in [
            "companies",
            "deals",
            "contacts",
            "deal_contacts",
            "activities",
            "stage_periods",
        ] {
            assert_eq!(count(server, rows), 0, "{rows}");
        }
        assert_eq!(count(server, "stages WHERE deleted_at IS NOT NULL"), 0);
        is_whole(server);
    });
}

/// A file of the firm, with its bytes; its key.
fn stored(firm: &Firm<'_>) -> String {
    let (organization, owner) = (firm.id, firm.owner_id);
    let key = format!("{organization}/file");
    let mut incoming = firm.server.files.store.put(&key).unwrap();
    incoming.write(b"bytes").unwrap();
    incoming.keep().unwrap();
    let storage_key = key.clone();
    let id = firm.server.write(move |tx| {
        let file = File {
            name: "a".into(),
            media_type: "text/plain".into(),
            size: 5,
            sha256: "0".repeat(64),
            storage_key: storage_key.clone(),
            owner_id: Some(owner),
        };
        let grant = Founding::of(organization, owner).grant::<File>();
        Ok(tx.open(grant)?.add(file)?.id)
    });
    firm.owner.delete(&firm.at(&format!("files/{id}"))).expect(204);
    key
}

/// Batch after batch, and a file with its bytes. Of an organization that is deleted itself, nothing is
/// touched.
#[test]
fn as_many_go_as_there_are_but_none_of_a_deleted_organization() {
    on_each(|server| {
        let (firm, closed) = (Firm::new(server), Firm::new(server));
        for of in [&firm, &closed] {
            let create = |n: usize| json!({"op": "create", "value": {"name": format!("c{n}")}});
            let operations: Vec<_> = (0..600).map(create).collect();
            let bulk = |key: &str, operations: Vec<Value>| {
                let body = json!({"operations": operations});
                of.owner
                    .post_once(&of.at("companies/bulk"), key, body)
                    .expect(200)
            };
            let made = bulk("a", operations)["results"].as_array().unwrap().clone();
            let delete = |of: Value| json!({"op": "delete", "id": of["id"]});
            bulk("b", made.into_iter().map(delete).collect());
        }
        let key = stored(&firm);
        let theirs = server.base.id_literal(closed.id);
        let now = if server.base.is_postgres() { "now()" } else { "1" };
        server.base.execute(&format!(
            "UPDATE tenants SET deleted_at = {now} WHERE id = {theirs}"
        ));
        later(server, 91);
        let noted = server.base.earlier("noted_at", 91 * 86_400);
        server
            .base
            .execute(&format!("UPDATE file_sweeps SET noted_at = {noted}"));
        clean(server);
        let of_theirs = format!("companies WHERE organization_id = {theirs}");
        assert_eq!(
            (count(server, "companies"), count(server, &of_theirs)),
            (600, 600)
        );
        assert_eq!((count(server, "files"), count(server, "file_sweeps")), (0, 0));
        assert!(server.files.store.open(&key, 0, 1).is_err());
    });
}

/// What refers to an entity without being one itself either goes with it, or is known to keep it.
#[test]
fn what_hangs_on_a_row_is_known() {
    const KEEPS: [&str; 2] = [
        "stage_periods.stage_id stages",
        "api_key_prefixes.key_id api_keys",
    ];
    let base = TestDatabase::sqlite();
    let lines = base.lines(
        "SELECT m.name || '.' || k.\"from\" || ' ' || k.\"table\" FROM sqlite_master m, pragma_foreign_key_list(m.name) k \
         WHERE m.type = 'table' AND k.\"from\" <> 'organization_id'",
    );
    let entities: BTreeSet<&str> = ENTITIES.iter().map(|of| of.table).collect();
    let outside = |line: &&String| {
        let (from, to) = line.split_once(' ').unwrap();
        entities.contains(to) && !entities.contains(from.split_once('.').unwrap().0)
    };
    let hanging = HANGING
        .iter()
        .map(|(from, column, to)| format!("{from}.{column} {to}"));
    let known: BTreeSet<String> = hanging.chain(KEEPS.map(str::to_owned)).collect();
    for line in lines.iter().filter(outside) {
        // Jobs are swept, and their owners are members, who are never deleted.
        assert!(
            known.contains(line) || line.ends_with(" memberships"),
            "{line} hangs on a row: name it in HANGING, or here"
        );
    }
    for (table, column, to) in HANGING {
        assert!(
            lines.contains(&format!("{table}.{column} {to}")),
            "{table}.{column}"
        );
    }
}
