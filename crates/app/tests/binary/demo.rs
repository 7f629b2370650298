//! The demo: the same for the same seed, on each database, and as good as if it had come over the API.

use crate::house::{House, PASSWORD, sign_in};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

/// Tables in which there is randomness, or what every installation is seeded with at its own time.
const BESIDE: [&str; 6] = [
    "audit_entries",
    "audit_payloads",
    "heads",
    "role_permissions",
    "roles",
    "user_credentials",
];

/// The rows of each table, sorted, as a backup writes them.
fn rows(house: &House) -> BTreeMap<String, Vec<String>> {
    let archive = house.folder.path().join("demo.backup");
    house.run(&["backup", archive.to_str().unwrap()], "").fine();
    let mut text = String::new();
    GzDecoder::new(File::open(&archive).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut table, mut columns) = (String::new(), Vec::new());
    for line in text.lines() {
        match serde_json::from_str(line).unwrap() {
            Value::Array(values) => {
                let mut cells: Vec<_> = columns
                    .iter()
                    .zip(values)
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                // Columns come in the order in which each database has them.
                cells.sort();
                tables.entry(table.clone()).or_default().push(cells.join(" "));
            }
            mark => {
                if let Some(begun) = mark.get("table") {
                    table = begun["name"].as_str().unwrap().to_owned();
                    columns = begun["columns"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|c| c[0].clone())
                        .collect();
                }
            }
        }
    }
    tables.retain(|name, _| !BESIDE.contains(&name.as_str()));
    tables.values_mut().for_each(|rows| rows.sort());
    tables
}

#[test]
fn one_seed_gives_the_same_rows_and_another_gives_others() {
    let mut first = None;
    for house in House::each_empty().into_iter().chain(House::each()) {
        house.run(&["demo", "--seed", "7"], "").fine();
        let made = rows(&house);
        assert!(
            made["deals"].len() > 20 && made["events"].len() > 100,
            "{:?}",
            made.keys()
        );
        let first = first.get_or_insert_with(|| made.clone());
        for (table, rows) in &made {
            let differs = first[table].iter().zip(rows).find(|(one, other)| one != other);
            assert_eq!(differs, None, "{table} on {}", house.database.kind());
            assert_eq!(
                first[table].len(),
                rows.len(),
                "{table} on {}",
                house.database.kind()
            );
        }
        assert_eq!(made.len(), first.len());
    }
    let other = House::sqlite();
    other.run(&["demo", "--seed", "8"], "").fine();
    let other = rows(&other);
    let first = first.unwrap();
    assert!(
        ["deals", "companies", "memberships"]
            .iter()
            .all(|table| other[*table] != first[*table])
    );
}

#[test]
fn the_demo_stands_beside_others_and_its_people_sign_in() {
    for house in House::each() {
        house.found();
        let told: Value = serde_json::from_str(&house.run(&["demo", "--json"], "").fine()).unwrap();
        let logins = told["logins"].as_array().unwrap();
        assert_eq!(logins.len(), 8);
        let server = house.start();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let as_role = |role: &str| {
            let login = logins.iter().find(|login| login["role"] == role).unwrap();
            sign_in(&server, &text(&login["email"]), &text(&login["password"]))
        };
        let count = |role: &str| {
            let path = "/api/v1/organizations/demo/deals?limit=100";
            as_role(role).get(path).expect(200)["data"]
                .as_array()
                .unwrap()
                .len()
        };
        let (all, team) = (count("ceo"), count("employee"));
        assert!(all > team && team > 0, "{all} {team}");
        as_role("developer")
            .get("/api/v1/organizations/demo/deals")
            .expect(403);
        as_role("ceo").get("/api/v1/organizations/firm/deals").expect(404);
        let history = "SELECT COUNT(*) FROM stage_periods WHERE left_at IS NOT NULL";
        assert!(house.database.number(history) > 40);
        assert!(house.database.number("SELECT COUNT(DISTINCT status) FROM deals") == 3);

        let said = house.run(&["doctor"], "").fine();
        assert!(said.lines().all(|line| line.starts_with("ok ")), "{said}");
        let before = house.database.number("SELECT COUNT(*) FROM events");
        let again = house.run(&["demo", "--seed", "3"], "");
        assert_eq!(
            again.line(1),
            "firma: the organization demo is there already, and nothing was done"
        );
        assert_eq!(house.database.number("SELECT COUNT(*) FROM events"), before);
    }
}

#[test]
fn who_is_made_an_owner_while_nobody_owns_the_platform_does() {
    for house in House::each() {
        house.run(&["demo", "--seed", "7"], "").fine();
        let create = [
            "admin",
            "create",
            "--email",
            "first@firm.example",
            "--organization",
            "First",
        ];
        let create = [&create[..], &["--slug", "first"]].concat();
        house.run(&create, PASSWORD).fine();
        let owners = "SELECT COUNT(*) FROM role_assignments a JOIN roles r ON r.id = a.role_id \
                      WHERE r.platform_role = 'website_owner'";
        assert_eq!(house.database.number(owners), 1);
        // Also who had been one for a while.
        house
            .database
            .execute("UPDATE role_assignments SET expires_at = assigned_at WHERE role_organization_id IS NULL AND reason LIKE 'first owner%'");
        let again = [
            "admin",
            "create",
            "--email",
            "first@firm.example",
            "--organization",
            "Next",
        ];
        house.run(&[&again[..], &["--slug", "next"]].concat(), "").fine();
        let lasting = format!("{owners} AND a.is_active AND a.expires_at IS NULL");
        assert_eq!(house.database.number(&lasting), 1);
    }
}
