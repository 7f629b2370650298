//! Killed while it writes: nothing that was acknowledged is lost, nothing is made twice.

use crate::house::House;
use crate::writers::{retry, until};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_adapters::{Ids, SystemClock, SystemEntropy};
use firma_auth::access::Read;
use firma_domain::Id;
use firma_domain::platform::AuditEntry;
use firma_persistence::access::{Known, Segment};
use firma_persistence::{Database, Fault, Settings, Sources, Tx, Verification};
use firma_testing::{Client, TestDatabase};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const TIMES: u64 = 20;

#[test]
fn killed_on_sqlite() {
    killed_while_writing(&House::sqlite());
}

#[test]
fn killed_on_postgres() {
    if let Some(house) = House::postgres() {
        killed_while_writing(&house);
    }
}

fn killed_while_writing(house: &House) {
    house.found();
    let mut server = house.start();
    let token = house.owner(&server).token().unwrap().to_owned();
    let mut made = Vec::new();
    let mut interrupted = 0;
    for round in 0..TIMES {
        let client = server.client().with_token(Some(token.clone()));
        let pause = Duration::from_millis(50 + random(round) % 150);
        let mut told = until(&client, &format!("r{round}"), pause, move || server.kill());
        interrupted += told.open.len();
        server = house.start();
        retry(&server.client().with_token(Some(token.clone())), &mut told);
        made.extend(told.made);
    }
    assert!(interrupted > 0, "no call was interrupted");
    eprintln!(
        "{}: {} made, {interrupted} of them interrupted",
        house.database.kind(),
        made.len()
    );

    let stored = house.database.lines("SELECT external_id FROM companies");
    let known: BTreeSet<_> = made.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(stored.len(), made.len());
    assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), known);

    let count = |query: &str| house.database.number(query);
    let companies = i64::try_from(made.len()).unwrap();
    for table in ["audit_entries", "events"] {
        let of_companies = format!("SELECT COUNT(*) FROM {table} WHERE entity_type = 'company'");
        assert_eq!(count(&of_companies), companies, "{table}");
    }
    let organization = organization(&server.client().with_token(Some(token.clone())));
    let verified = verify(&house.database, &token, organization);
    assert_eq!(verified.broken, None);
    // The reserved organization has a chain of its own.
    let id = house.database.id_literal(organization);
    for what in [
        "COUNT(*) FROM audit_entries",
        "MAX(number) FROM events",
        "COUNT(*) FROM events",
        "MAX(last_number) FROM heads",
    ] {
        let query = format!("SELECT {what} WHERE organization_id = {id}");
        assert_eq!(verified.entries, count(&query), "{what}");
    }
}

fn organization(client: &Client) -> Id {
    let me = client.get("/api/v1/me").expect(200);
    me["memberships"][0]["organization_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Walks the chain, in this process.
fn verify(database: &TestDatabase, token: &str, organization: Id) -> Verification {
    let said = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let said: Value = serde_json::from_slice(&said).unwrap();
    let id = |name: &str| -> Id { said[name].as_str().unwrap().parse().unwrap() };
    let (user, session) = (id("sub"), id("sid"));
    let sources = Sources {
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::default()),
        entropy: Arc::new(SystemEntropy),
    };
    let database = Database::open(&Settings::new(database.target().clone()), sources).unwrap();
    let walk = move |tx: &mut Tx<'_>| {
        let Known::Member(facts, ..) = tx.facts(user, session, &Segment::Id(organization))? else {
            return Err(Fault::Missing);
        };
        let grant = facts.decide::<AuditEntry, Read>().map_err(|_| Fault::Forbidden)?;
        tx.verify_log(grant, None)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(database.read(walk)).unwrap()
}

/// SplitMix64: the same moments at each run, as far as the machine allows.
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 27)
}
