//! An import as a whole: tried, all or nothing, cut off, by others, taken back.

use crate::imports::{Importer, companies, counts};
use crate::kit::{rows, stored};
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

/// So many companies.
fn many(count: usize) -> String {
    let lines: String = (0..count).map(|n| format!("m{n},Firm {n}\n")).collect();
    format!("No,Firm\n{lines}")
}

/// What is there of everything that rows leave behind, but for the import's own entries.
fn left(server: &firma_testing::Server) -> Vec<(&'static str, i64)> {
    let quiet = |(table, _): &(&str, i64)| !["audit_entries", "events"].contains(table);
    stored(server).into_iter().filter(quiet).collect()
}

#[test]
fn a_dry_run_counts_and_leaves_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        firm.owner
            .post(
                &firm.at("companies"),
                json!({"external_id": "m1", "name": "Other"}),
            )
            .expect(201);
        let before = left(server);
        // The last names the first, which is in an earlier batch.
        let text =
            many(700).replace("\n", ",\n").replace("No,Firm,", "No,Firm,Of") + "x,Sub,m0\ny,Sub,Nobody\n";
        let options = |dry: bool| {
            companies(json!({
                "columns": {"No": "external_id", "Firm": "name", "Of": "parent_id"}, "dry_run": dry
            }))
        };
        let tried = owner.run(text.as_bytes(), options(true));
        assert_eq!(
            (counts(&tried), tried["state"].as_str()),
            ([700, 1, 0, 1], Some("DONE"))
        );
        assert_eq!(owner.refused(&tried), ["703 Of not_found"]);
        assert_eq!(left(server), before);
        assert_eq!(server.base.number("SELECT COUNT(*) FROM import_rows"), 0);
        let entries = "SELECT COUNT(*) FROM audit_entries WHERE entity_type = 'company'";
        assert_eq!(server.base.number(entries), 1);
        assert_eq!(
            counts(&owner.run(text.as_bytes(), options(false))),
            counts(&tried)
        );
    });
}

#[test]
fn all_or_nothing_is_all_or_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let together = || companies(json!({"all_or_nothing": true}));
        let before = left(server);
        let import = owner.run((many(600) + "bad,\n").as_bytes(), together());
        assert_eq!(
            (counts(&import), import["state"].as_str()),
            ([0, 0, 0, 1], Some("REFUSED"))
        );
        assert_eq!(owner.refused(&import), ["602 Firm required"]);
        assert_eq!(left(server), before);
        assert_eq!(
            counts(&owner.run(many(600).as_bytes(), together())),
            [600, 0, 0, 0]
        );
        let import = owner.run(many(10_001).as_bytes(), together());
        assert_eq!(
            import["failure"],
            "#/all_or_nothing: all or nothing is for at most 10000 rows"
        );
    });
}

/// Options of some bytes make much of little.
#[test]
fn what_a_row_comes_to_has_an_end() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let long = "y".repeat(900_000);
        let of = |more: Value| {
            let mut options = json!({"columns": {"Firm": "external_id"}, "fields": {"name": "{Firm}"}});
            options
                .as_object_mut()
                .unwrap()
                .append(&mut more.as_object().unwrap().clone());
            companies(options)
        };
        let pattern = json!({"fields": {"name": "{Firm}{Firm}{Firm}"}, "values": {"Firm": {"x": long}}});
        let import = owner.run(b"Firm\nx\nz\n", of(pattern));
        assert_eq!(counts(&import), [1, 0, 0, 1]);
        assert_eq!(owner.refused(&import), ["2 Firm too_long"]);
        // Each row is short enough, and all of them together are not.
        let much = json!({"all_or_nothing": true, "fields": {"name": "{Firm}"}, "values": {"Firm": {"x": "y".repeat(400_000)}}});
        let text = "Firm\n".to_owned() + &"x\n".repeat(100);
        let import = owner.run(text.as_bytes(), of(much));
        assert_eq!(
            import["failure"],
            "#/all_or_nothing: all or nothing is for at most 33554432 bytes"
        );
    });
}

#[test]
fn one_that_was_cut_off_goes_on_and_does_nothing_twice() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        // A key from before the cut comes again after it.
        let text = many(1_200) + "m3,Again\n,Nameless\n";
        let of = owner.ask(companies(json!({})));
        owner.go_on(of, text.as_bytes(), 1);
        assert_eq!(rows(server, "companies"), 500);
        owner.go_on(of, text.as_bytes(), 1);
        owner.go_on(of, text.as_bytes(), 9);
        let import = firm
            .owner
            .get(&firm.at(&format!("imports/{}", of.import)))
            .expect(200);
        assert_eq!(
            (counts(&import), import["state"].as_str()),
            ([1_200, 0, 0, 2], Some("DONE"))
        );
        assert_eq!(owner.refused(&import), ["1202 No twice", "1203 No required"]);
        assert_eq!(rows(server, "companies"), 1_200);
        assert_eq!(rows(server, "import_rows"), 1_200);
        // Over is over.
        owner.go_on(of, many(2_000).as_bytes(), 9);
        assert_eq!(rows(server, "companies"), 1_200);
        // Another file under the same import is seen where it is too short.
        let of = owner.ask(companies(json!({})));
        owner.go_on(of, text.as_bytes(), 1);
        owner.go_on(of, many(10).as_bytes(), 9);
        let import = firm
            .owner
            .get(&firm.at(&format!("imports/{}", of.import)))
            .expect(200);
        assert_eq!(import["state"], "FAILED");
    });
}

#[test]
fn a_parent_may_stand_below_its_subsidiary() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let text = "No,Firm,Of\n1,Leaf,Branch\n2,Branch,Root\n3,Lost,Nowhere\n4,Root,\n";
        let options = |empty: &str| {
            companies(
                json!({"columns": {"No": "external_id", "Firm": "name", "Of": "parent_id"}, "empty": empty}),
            )
        };
        let import = owner.run(text.as_bytes(), options("keep"));
        assert_eq!(
            (counts(&import), owner.refused(&import)),
            ([3, 0, 0, 1], vec!["4 Of not_found".to_owned()])
        );
        let firms = owner.list("companies?limit=200");
        let of = |name: &str| firms.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(of("Leaf")["parent_id"], of("Branch")["id"]);
        assert_eq!(of("Branch")["parent_id"], of("Root")["id"]);
        // An empty cell leaves what is there, unless it is to empty it.
        let moved = "No,Firm,Of\n1,Leaf,\n";
        assert_eq!(
            counts(&owner.run(moved.as_bytes(), options("keep"))),
            [0, 0, 1, 0]
        );
        assert_eq!(
            counts(&owner.run(moved.as_bytes(), options("clear"))),
            [0, 1, 0, 0]
        );
        assert_eq!(
            counts(&owner.run(moved.as_bytes(), options("clear"))),
            [0, 0, 1, 0]
        );
    });
}

#[test]
fn an_empty_cell_clears_what_can_be_empty_and_nothing_else() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let run = |entity: &str, text: &str, counted: [i64; 4]| {
            let import = owner.run(text.as_bytes(), json!({"entity": entity, "empty": "clear"}));
            assert_eq!((counts(&import), owner.refused(&import)), (counted, vec![]));
        };
        let head = "external_id,name,position,emails,mail_consent,mail_consent_source,tags\n";
        let whole = format!("{head}1,Ann,Buyer,ann@firm.example,yes,fair,\"a,b\"\n");
        let empty = format!("{head}1,Ann,,,,,\n2,Bo,,,,,\n");
        run("contacts", &whole, [1, 0, 0, 0]);
        run("contacts", &empty, [1, 1, 0, 0]);
        run("contacts", &empty, [0, 0, 2, 0]);
        let ann = owner.list("contacts?external_id=1").remove(0);
        for (field, value) in [
            ("position", json!(null)),
            ("emails", json!([])),
            ("mail_consent", json!(false)),
            ("tags", json!([])),
        ] {
            assert_eq!(ann[field], value, "{field}");
        }
        // A deal stays in the pipeline of its stage, and closed on the day on which it was.
        let head = "external_id,title,stage_id,pipeline_id,actual_close\n";
        run("deals", &format!("{head}1,x,WON,,2026-02-01\n"), [1, 0, 0, 0]);
        let empty = format!("{head}1,x,won,,\n");
        run("deals", &empty, [0, 0, 1, 0]);
        run("deals", &empty, [0, 0, 1, 0]);
        let deal = owner.list("deals?external_id=1").remove(0);
        assert_eq!(
            (&deal["status"], &deal["actual_close"]),
            (&json!("WON"), &json!("2026-02-01"))
        );
    });
}

#[test]
fn an_undo_takes_back_what_nobody_touched() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        firm.owner
            .post(&firm.at("companies"), json!({"external_id": "m0", "name": "Old"}))
            .expect(201);
        let import = owner.run(many(600).as_bytes(), companies(json!({})));
        assert_eq!(counts(&import), [599, 1, 0, 0]);
        let named = |name: &str| {
            let rows = owner.list("companies?limit=200");
            rows.into_iter().find(|row| row["name"] == name).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let (changed, needed, gone) = (named("Firm 7"), named("Firm 8"), named("Firm 9"));
        firm.owner
            .patch(
                &firm.at(&format!("companies/{changed}")),
                json!({"industry": "steel"}),
            )
            .expect(200);
        firm.owner
            .post(&firm.at("deals"), json!({"title": "x", "company_id": needed}))
            .expect(201);
        firm.owner
            .delete(&firm.at(&format!("companies/{gone}")))
            .expect(204);
        let undone = owner.undo(&import);
        assert_eq!(
            (undone["undone"].as_i64(), undone["kept"].as_i64()),
            (Some(596), Some(3))
        );
        assert_eq!(
            owner.refused(&undone),
            ["9 - undo_touched", "10 - undo_in_use", "11 - undo_gone"]
        );
        let mut left: Vec<_> = owner
            .list("companies?limit=200")
            .iter()
            .map(|row| row["name"].clone())
            .collect();
        left.sort_by_key(Value::to_string);
        // The update stays.
        assert_eq!(left, ["Firm 0", "Firm 7", "Firm 8"]);
        // Once more changes nothing, and the same file makes what is gone again.
        assert_eq!(owner.undo(&import)["undone"], 596);
        assert_eq!(
            counts(&owner.run(many(600).as_bytes(), companies(json!({})))),
            [597, 0, 3, 0]
        );
    });
}

#[test]
fn nobody_imports_beyond_their_own_rights() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let employee = firm.member(Some("employee"));
        let (mate, _) = firm.member(Some("employee"));
        firm.team(&[employee.0, mate]);
        let me = Importer::member(&firm, employee);
        let company = |firm: &Firm<'_>, id: &str, owner: firma_domain::Id| {
            let body = json!({"external_id": id, "name": id, "owner_id": owner});
            firm.owner.post(&firm.at("companies"), body).expect(201);
        };
        company(&firm, "mates", mate);
        company(&firm, "owners", firm.owner_id);
        company(&other, "others", other.owner_id);
        company(&other, "foreign", other.owner_id);
        let text = format!(
            "No,Firm,Who,Of\n\
             mine,Mine,,\n\
             given,Given,{mate},\n\
             mates,Changed,,\n\
             owners,Taken,,\n\
             child,Child,,foreign\n\
             others,Same name,,\n"
        );
        let options = json!({
            "entity": "companies",
            "columns": {"No": "external_id", "Firm": "name", "Who": "owner_id", "Of": "parent_id"},
        });
        let import = me.run(text.as_bytes(), options.clone());
        // What another organization has doesn't exist; what is out of sight is in the way all the same.
        assert_eq!(
            me.refused(&import),
            [
                "3 - out_of_reach",
                "4 - out_of_reach",
                "5 No not_unique",
                "6 Of not_found"
            ]
        );
        assert_eq!(counts(&import), [2, 0, 0, 4]);
        assert_eq!(
            server
                .base
                .number("SELECT COUNT(*) FROM companies WHERE version > 1"),
            0
        );

        // The import is seen by who made it and by who sees all, and by nobody elsewhere.
        let at = |firm: &Firm<'_>| firm.at(&format!("imports/{}", import["id"].as_str().unwrap()));
        firm.owner.get(&at(&firm)).expect(200);
        other.owner.get(&at(&other)).problem(404, "not_found");
        let (_, manager) = firm.member(Some("manager"));
        manager.get(&at(&firm)).problem(404, "not_found");
        manager
            .get(&format!("{}/refusals", at(&firm)))
            .problem(404, "not_found");
    });
}

#[test]
fn a_contact_is_found_again_by_any_of_its_addresses() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let there = json!({"name": "Ann Lee", "emails": ["ann@firm.example", "Lee@home.example"]});
        firm.owner.post(&firm.at("contacts"), there).expect(201);
        let options = || json!({"entity": "contacts", "key": "emails", "list_separator": "|"});
        let text = b"name,emails,position\nAnn Lee,LEE@home.example,Buyer\nBo,bo@b.example|bo@c.example,\n\
                     Cem,BO@b.example,\nDuro,,\n";
        let import = owner.run(text, options());
        assert_eq!(counts(&import), [1, 1, 0, 2]);
        assert_eq!(owner.refused(&import), ["4 emails twice", "5 emails required"]);
        assert_eq!(counts(&owner.run(text, options())), [0, 0, 2, 2]);
        let ann = owner.list("contacts?email=ann@firm.example").remove(0);
        assert_eq!(ann["emails"], json!(["ann@firm.example", "Lee@home.example"]));
        assert_eq!((&ann["position"], &ann["version"]), (&json!("Buyer"), &json!(2)));
        // An address that is new takes the place of those that were there.
        let text = b"name,emails\nBo,bo@c.example|bo@d.example\n";
        let import = owner.run(text, options());
        assert_eq!(counts(&import), [0, 1, 0, 0]);
        let bo = owner.list("contacts?email=bo@d.example").remove(0);
        assert_eq!(bo["emails"], json!(["bo@c.example", "bo@d.example"]));
    });
}
