//! An organization goes for good, and its log stays in a file.

use crate::exported::verify;
use crate::house::{FIRM, House, PASSWORD, at, sign_in};
use crate::imports::import;
use crate::process::{Process, Ran};
use firma_domain::Id;
use firma_testing::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

const OTHER: &str = "/api/v1/organizations/other";

/// Tokens of an organization's invitations.
fn tokens(house: &House, id: Id) -> i64 {
    house.database.number(&format!(
        "SELECT COUNT(*) FROM verification_tokens WHERE payload LIKE '%{id}%'"
    ))
}

/// Two organizations with a bit of everything, at a server that runs on; the owner of the one that goes, who has deleted
/// it; and the ids of both.
fn leaving(house: &House) -> (Process, Client, [Id; 2]) {
    house.found();
    let create = [
        "admin",
        "create",
        "--email",
        "other@other.example",
        "--organization",
        "Other",
        "--slug",
        "other",
    ];
    house.run(&create, PASSWORD).fine();
    let server = house.start();
    let owner = house.owner(&server);
    let other = sign_in(&server, "other@other.example", PASSWORD);
    let ids = [
        fill(&owner, FIRM, "ann@firm.example"),
        fill(&other, OTHER, "ann@other.example"),
    ];
    server.await_that("the mails of the invitations", || {
        ids.iter().all(|id| tokens(house, *id) == 1)
    });
    let rows = house.write("firms.csv", b"external_id,name\n1,Brought in\n2,\n");
    let refused = house.run(&import(&rows, &["--entity", "companies"]), "");
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert_eq!(owner.delete(FIRM).status, 204);
    owner.get(FIRM).problem(404, "organization_not_found");
    (server, owner, ids)
}

fn fill(owner: &Client, organization: &str, member: &str) -> Id {
    let post = |path: &str, body: Value| owner.post(&format!("{organization}/{path}"), body);
    let member = post("members", json!({"email": member, "name": "Ann"})).id();
    let team = post("teams", json!({"name": "Team", "slug": "team"})).id();
    post("team-members", json!({"team_id": team, "user_id": member})).id();
    let role = json!({"name": "reader", "display_name": "Reader", "permissions": ["deals:read:org"]});
    post("roles", role).id();
    post("invitations", json!({"email": "ben@firm.example"})).id();
    let parent = post("companies", json!({"name": "Parent", "tags": ["a"]})).id();
    let child = post("companies", json!({"name": "Child", "parent_id": parent})).id();
    let many: Vec<_> = (0..600)
        .map(|n| json!({"op": "create", "value": {"name": format!("Grandchild {n}"), "parent_id": child}}))
        .collect();
    let bulk = json!({"operations": many});
    owner
        .post_once(&format!("{organization}/companies/bulk"), "many", bulk)
        .expect(200);
    let contact = post("contacts", json!({"given_name": "Cem", "company_id": child})).id();
    let deal = post("deals", json!({"title": "Deal", "company_id": child})).id();
    post("deal-contacts", json!({"deal_id": deal, "contact_id": contact})).id();
    post(
        "activities",
        json!({"kind": "NOTE", "subject": "Note", "deal_id": deal}),
    )
    .id();
    let found = owner.get(organization).expect(200);
    found["id"].as_str().unwrap().parse().unwrap()
}

/// How many rows each organization has in each table.
fn rows(house: &House, ids: [Id; 2]) -> BTreeMap<String, i64> {
    let tables = match house.is_postgres() {
        true => {
            "SELECT c.table_name || ' ' || c.column_name FROM information_schema.columns c \
             WHERE c.table_schema = 'public' AND c.column_name IN ('organization_id', 'tenant_id')"
        }
        false => {
            "SELECT m.name || ' ' || c.name FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND c.name IN ('organization_id', 'tenant_id')"
        }
    };
    let tables = house.database.lines(tables);
    assert!(tables.len() > 35, "{tables:?}");
    let mut all = BTreeMap::new();
    for (slug, id) in ["firm", "other"].into_iter().zip(ids) {
        let id = house.database.id_literal(id);
        for line in &tables {
            let (table, column) = line.split_once(' ').unwrap();
            let query = format!("SELECT COUNT(*) FROM {table} WHERE {column} = {id}");
            all.insert(format!("{slug} {table}"), house.database.number(&query));
        }
    }
    all
}

fn of(rows: &BTreeMap<String, i64>, slug: &str) -> BTreeMap<String, i64> {
    let of = rows.iter().filter(|(name, _)| name.starts_with(slug));
    of.map(|(name, count)| (name.clone(), *count)).collect()
}

fn purge(house: &House, more: &[&str]) -> Ran {
    let arguments = [&["purge-organization", "--organization", "firm"], more].concat();
    house.run(&arguments, "")
}

#[test]
fn an_organization_goes_with_all_that_is_in_it_and_its_log_stays() {
    for house in House::each() {
        // Nobody works on, so that each row can be counted.
        let (server, owner, ids) = leaving(&house);
        drop(server);
        let before = rows(&house, ids);
        let entries = before["firm audit_entries"];
        let firm = of(&before, "firm");
        let empty: Vec<_> = firm.iter().filter(|(_, count)| **count == 0).collect();
        assert!(firm.len() - empty.len() > 20, "hardly anything in it: {empty:?}");
        // Two that are each other's parents, as no rule allows.
        let firm_id = house.database.id_literal(ids[0]);
        house.database.execute(&format!(
            "UPDATE companies SET parent_id = (SELECT c.id FROM companies c WHERE c.name = 'Child' \
             AND c.organization_id = {firm_id}) WHERE name = 'Parent' AND organization_id = {firm_id}"
        ));
        let file = house.folder.path().join("firm.jsonl");
        let file = file.to_str().unwrap();
        let log = ["--audit", file];

        assert!(purge(&house, &log).line(2).contains("say --yes"));
        assert!(
            purge(&house, &["--yes", "--audit", file])
                .line(1)
                .contains("--now doesn't wait")
        );
        assert!(
            purge(&house, &["--yes", "--now"])
                .line(1)
                .contains("--audit FILE")
        );
        let other = [
            "purge-organization",
            "--organization",
            "other",
            "--yes",
            "--now",
            "--audit",
            file,
        ];
        assert!(house.run(&other, "").line(1).contains("isn't deleted"));
        assert_eq!(rows(&house, ids), before, "nothing was touched");
        assert!(!fs::exists(file).unwrap());

        let told = purge(&house, &["--yes", "--now", "--json", "--audit", file]).fine();
        let told: Value = serde_json::from_str(&told).unwrap();
        // The head went with the beginning.
        let gone = firm.values().sum::<i64>() - firm["firm heads"];
        assert_eq!((&told["ok"], &told["rows"]), (&json!(true), &json!(gone)));

        let after = rows(&house, ids);
        assert!(of(&after, "firm").values().all(|count| *count == 0));
        assert_eq!(of(&after, "other"), of(&before, "other"));
        let bytes = "SELECT COUNT(*) FROM file_sweeps WHERE reason = 'DELETED'";
        assert_eq!(house.database.number(bytes), before["firm files"]);
        assert!(before["firm files"] > 0);
        assert_eq!(told["organization_id"], ids[0].to_string());
        assert_eq!(ids.map(|id| tokens(&house, id)), [0, 1]);
        let left = "SELECT COUNT(*) FROM tenants WHERE slug = 'firm'";
        assert_eq!(house.database.number(left), 0);
        let whole = verify(&house, file).fine();
        assert_eq!(whole, format!("firm: ok, {entries} entries\n"));
        let text = fs::read_to_string(file).unwrap();
        assert!(
            text.lines()
                .any(|line| line.starts_with("{\"security_event\"") && line.contains("deleted"))
        );

        // The system's own log tells of it, and where the other one ended.
        let recorded = house.database.lines(
            "SELECT a.action || ' ' || p.changes FROM audit_entries a JOIN audit_payloads p ON p.entry_id = a.id \
             WHERE a.entity_type = 'organization' AND a.action LIKE 'organization.purge%' ORDER BY a.number",
        );
        let end = text.lines().rev().nth(1).unwrap();
        let end: Value = serde_json::from_str(end).unwrap();
        let begun = json!({"log": [end["end"], null]});
        assert_eq!(
            recorded,
            [
                format!("organization.purge_begun {begun}"),
                "organization.purged {}".to_owned(),
            ]
        );
        let doctor = house.run(&["doctor"], "");
        assert!(!doctor.out.contains("WRONG"), "{doctor:?}");

        // Its name is free, its people are not gone.
        assert!(purge(&house, &["--yes"]).line(1).contains("no such organization"));
        let server = house.start();
        let owner = server.client().with_token(owner.token().map(str::to_owned));
        owner.get("/api/v1/me").expect(200);
        // Who holds the platform is told that it was there once, and of none that it wasn't.
        let restore = |id: Id| owner.act(&format!("/api/v1/platform/organizations/{id}/restore"));
        restore(ids[0]).problem(409, "purged");
        restore(Id::fixed(0x7fff, 1)).problem(404, "not_found");
        owner
            .post("/api/v1/organizations", json!({"name": "Anew", "slug": "firm"}))
            .id();
    }
}

#[test]
fn a_purge_that_stops_in_between_is_gone_on_with() {
    for house in House::each() {
        // The others work on.
        let (server, _, ids) = leaving(&house);
        let other = sign_in(&server, "other@other.example", PASSWORD);
        let before = rows(&house, ids);
        let file = house.folder.path().join("firm.jsonl");
        let file = file.to_str().unwrap();
        // Something that nobody thought of stands in the way.
        let (stand, give_way) = match house.is_postgres() {
            true => (
                "CREATE FUNCTION stand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in the way'; END $$; \
                 CREATE TRIGGER stand BEFORE DELETE ON companies FOR EACH ROW EXECUTE FUNCTION stand()",
                "DROP TRIGGER stand ON companies; DROP FUNCTION stand()",
            ),
            false => (
                "CREATE TRIGGER stand BEFORE DELETE ON companies BEGIN SELECT RAISE(ABORT, 'in the way'); END",
                "DROP TRIGGER stand",
            ),
        };
        house.database.execute(stand);
        let failed = purge(&house, &["--yes", "--now", "--audit", file]);
        assert!(failed.line(1).contains("companies: in the way"), "{failed:?}");
        let between = rows(&house, ids);
        assert_eq!(between["firm companies"], before["firm companies"]);
        assert_eq!(between["firm deals"], 0);
        // Half of a log is nobody's alarm, but who runs the server is told.
        house.run(&["audit", "verify"], "").fine();
        let doctor = house.run(&["doctor"], "");
        assert!(
            doctor.out.contains("WRONG purge: begun, and not over: firm"),
            "{doctor:?}"
        );
        let again = purge(&house, &["--yes", "--audit", file]);
        assert!(again.line(1).contains("leave --audit out"), "{again:?}");
        // Its people can be erased all the same.
        house
            .run(&["erase-person", "--email", "ann@firm.example", "--yes"], "")
            .fine();
        house.database.execute(give_way);
        purge(&house, &["--yes"]).fine();
        let after = rows(&house, ids);
        assert!(of(&after, "firm").values().all(|count| *count == 0));
        for table in [
            "companies",
            "deals",
            "memberships",
            "audit_entries",
            "search_words",
        ] {
            let name = format!("other {table}");
            assert_eq!(after[&name], before[&name]);
        }
        other
            .post(&format!("{OTHER}/companies"), json!({"name": "Goes on"}))
            .id();
        verify(&house, file).fine();
    }
}

#[test]
fn one_whose_log_is_in_doubt_is_not_purged_unless_it_is_meant() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        owner.post(&at("companies"), json!({"name": "Acme"})).id();
        owner.delete(FIRM).expect(204);
        let left = || {
            house
                .database
                .number("SELECT COUNT(*) FROM tenants WHERE slug = 'firm'")
        };
        let (nothing, now) = match house.is_postgres() {
            true => ("decode(repeat('00', 32), 'hex')", "now()"),
            false => ("zeroblob(32)", "1"),
        };
        house.database.execute(&format!(
            "INSERT INTO audit_checkpoints (organization_id, number, digest, entry_at, entries, cut_at, signature) \
             SELECT id, 1, {nothing}, {now}, 1, {now}, 'forged' FROM tenants WHERE slug = 'firm'"
        ));
        let file = |name: &str| house.folder.path().join(name).to_str().unwrap().to_owned();
        let ask = |name: &str, more: &[&str]| {
            let file = file(name);
            purge(
                &house,
                &[&["--yes", "--now", "--json", "--audit", &file], more].concat(),
            )
        };
        let refused = ask("a.jsonl", &[]);
        assert_eq!(refused.code, Some(4), "{refused:?}");
        let told: Value = serde_json::from_str(&refused.out).unwrap();
        assert_eq!(
            told["organizations"][0]["broken"]["what"],
            "its checkpoint was forged"
        );
        assert_eq!(left(), 1);
        assert!(
            ask("a.jsonl", &["--in-doubt"])
                .line(1)
                .contains("is there already")
        );
        ask("b.jsonl", &["--in-doubt"]).fine();
        // What was in doubt can still be looked into.
        assert_eq!(verify(&house, &file("b.jsonl")).code, Some(4));
        assert_eq!(left(), 0);
    }
}
