//! Calls by API keys: where they are taken, what is noted of them, and what they cost.

use crate::addresses::until;
use crate::audit::literal;
use crate::imports::companies;
use crate::imports_jobs::{over, post_import, worker};
use crate::keys::{key_events, key_of, role_of, with};
use crate::kit::{data, rows, texts};
use crate::metrics::series;
use crate::zones::on_each_at;
use firma_domain::Id;
use firma_testing::{Client, Firm, Server, TestDatabase, on_each};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

fn set(server: &Server, firm: &Firm, assignment: &str) {
    let organization = literal(server, firm.id);
    server.base.execute(&format!(
        "UPDATE tenants SET {assignment} WHERE id = {organization}"
    ));
}

#[test]
fn a_key_ends_with_its_creator_and_its_organization() {
    on_each(|server| {
        let firm = Firm::new(server);
        let deals = firm.at("deals");
        let (admin, client) = firm.member(Some("admin"));
        let (_, program) = key_of(&firm, &client, with(&["deals:read:org"]));
        let (_, owners) = key_of(&firm, &firm.owner, with(&["deals:read:org", "deals:create:org"]));
        program.get(&deals).expect(200);
        firm.owner
            .patch(&firm.at(&format!("members/{admin}")), json!({"is_active": false}))
            .expect(200);
        program.get(&deals).problem(401, "unauthenticated");
        set(server, &firm, "status = 'suspended'");
        owners.get(&deals).problem(403, "organization_suspended");
        owners
            .post(&deals, json!({"title": "x"}))
            .problem(403, "organization_suspended");
        set(server, &firm, "status = 'archived'");
        owners.get(&deals).problem(404, "organization_not_found");
        set(server, &firm, "status = 'active'");
        owners.get(&deals).expect(200);
        let user = server.base.id_literal(firm.owner_id);
        server
            .base
            .execute(&format!("UPDATE users SET is_active = false WHERE id = {user}"));
        owners.get(&deals).problem(401, "unauthenticated");
    });
}

#[test]
fn a_key_is_at_home_in_one_organization() {
    on_each(|server| {
        let (firm, other) = (
            Firm::new(server),
            Firm::of(server, crate::samples::unique(), firm_owner(server)),
        );
        let (made, program) = key_of(&firm, &firm.owner, with(&["deals:read:org"]));
        for name in [other.slug.as_str(), "nowhere", "No%20slug", &other.id.to_string()] {
            let path = format!("/api/v1/organizations/{name}/deals");
            program.get(&path).problem(404, "organization_not_found");
        }
        // Not even where its creator is at home as well.
        let both = Firm::of(server, crate::samples::unique(), firm.owner_id);
        program
            .get(&both.at("deals"))
            .problem(404, "organization_not_found");
        firm.owner.get(&both.at("deals")).expect(200);
        program.get(&firm.at("deals")).expect(200);
        let prefix = made["prefix"].as_str().unwrap();
        let event = format!("api_key_refused {prefix}: foreign organization");
        assert_eq!(key_events(&firm).iter().filter(|line| **line == event).count(), 1);
        assert_eq!(key_events(&other), Vec::<String>::new());
    });
}

fn firm_owner(server: &Server) -> Id {
    Firm::user(server, &format!("{}@example.com", crate::samples::unique()))
}

/// The key with another secret, whose last letters check it as those of a key do.
fn with_another_secret(key: &str) -> String {
    let letters = |bytes: &[u8]| -> String {
        let bits: Vec<bool> = bytes
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1 == 1))
            .collect();
        let value = |bits: &[bool]| {
            (0..5).fold(0, |value, n| {
                value * 2 + usize::from(*bits.get(n).unwrap_or(&false))
            })
        };
        let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
        bits.chunks(5)
            .map(|bits| char::from(alphabet[value(bits)]))
            .collect()
    };
    let (said, checked) = key.split_at(72);
    assert_eq!(
        &letters(&Sha256::digest(said))[..8],
        checked,
        "the test checks as the server does"
    );
    let said = format!("{}{}", &said[..71], if said.ends_with('a') { 'q' } else { 'a' });
    format!("{said}{}", &letters(&Sha256::digest(&said))[..8])
}

#[test]
fn a_key_that_is_not_whole_is_nobodys() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (made, program) = key_of(&firm, &firm.owner, with(&["deals:read:org"]));
        let (mine, foreign) = (made["key"].as_str().unwrap(), Firm::new(server));
        let (theirs, _) = key_of(&foreign, &foreign.owner, with(&["deals:read:org"]));
        let prefix = made["prefix"].as_str().unwrap();
        // Somebody else's secret behind this prefix, its letters that check made right.
        let secret: [u8; 40] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let (never_made, _) = firma_auth::api_key::ApiKeyToken::issue(&secret);
        let theirs = theirs["key"].as_str().unwrap();
        for token in [
            never_made.as_str(),
            &mine[..mine.len() - 1],
            &mine.to_uppercase(),
            &mine.replace(prefix, theirs.split('_').nth(1).unwrap()),
            "firma_",
            &format!("firma_{prefix}_"),
            &format!("{mine}{mine}"),
            &with_another_secret(mine),
        ] {
            let client = server.nobody().with_token(Some(token.to_owned()));
            let refused = client.get(&firm.at("deals"));
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
            refused.problem(401, "unauthenticated");
            client.get("/api/v1/me").problem(401, "unauthenticated");
        }
        program.get(&firm.at("deals")).expect(200);
        let refused = key_events(&firm)
            .into_iter()
            .filter(|line| line.starts_with("api_key_refused"));
        assert_eq!(
            refused.collect::<Vec<_>>(),
            [format!("api_key_refused {prefix}: wrong secret")]
        );
    });
}

#[test]
fn the_creator_and_the_key_are_two_who_retry() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, program) = key_of(&firm, &firm.owner, with(&["companies:create:org"]));
        let companies = firm.at("companies");
        let (by_hand, by_key) = (json!({"name": "By hand"}), json!({"name": "By key"}));
        let first = firm.owner.post_once(&companies, "same", by_hand.clone()).id();
        let second = program.post_once(&companies, "same", by_key.clone());
        assert_eq!(second.header("idempotency-replayed"), None);
        let second = second.id();
        assert_ne!(first, second);
        for (client, body, id) in [(&firm.owner, by_hand, first), (&program, by_key, second)] {
            let again = client.post_once(&companies, "same", body);
            assert_eq!(again.header("idempotency-replayed"), Some("true"));
            assert_eq!(again.id(), id);
        }
    });
}

/// Two servers of one database, without messages between them.
#[test]
fn what_one_server_ends_the_other_knows_at_once() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let one = Server::start(base);
    let other = one.beside();
    let firm = Firm::new(&one);
    let (admin, client) = firm.member(Some("admin"));
    let (made, _) = key_of(&firm, &client, with(&["deals:read:org", "deals:create:org"]));
    let there = other.nobody().with_token(made["key"].as_str().map(str::to_owned));
    let (deals, key) = (
        firm.at("deals"),
        firm.at(&format!("api-keys/{}", made["id"].as_str().unwrap())),
    );
    // Warm: the other server holds the key and what it may do.
    there.get(&deals).expect(200);
    there.post(&deals, json!({"title": "There"})).expect(201);
    firm.owner
        .patch(&key, json!({"permissions": ["deals:read:own"]}))
        .expect(200);
    there
        .post(&deals, json!({"title": "x"}))
        .problem(403, "permission_required");
    let before = data(&there.get(&deals).expect(200));
    assert_eq!(texts(&before, "title"), ["There"]);
    let assignment = firm.at(&format!("role-assignments/{}", role_of(&firm, admin)));
    firm.owner
        .patch(&assignment, json!({"is_active": false}))
        .expect(200);
    there.get(&deals).problem(403, "permission_required");
    firm.owner.act(&format!("{key}/revoke")).expect(200);
    there.get(&deals).problem(401, "unauthenticated");
}

/// Roles are given by people: not by a member's key beside what it may otherwise do with members.
#[test]
fn no_key_gives_a_role() {
    on_each(|server| {
        let firm = Firm::new(server);
        let permissions = ["members:create:org", "members:read:org"];
        let (_, program) = key_of(&firm, &firm.owner, with(&permissions));
        let new = |email: &str, roles: Value| json!({"email": email, "name": "New", "role_ids": roles});
        let roles = json!([crate::samples::role("stakeholder")]);
        let members = firm.at("members");
        program
            .post(&members, new("a@keys.example", roles))
            .problem(403, "key_not_allowed");
        program
            .post(&members, new("b@keys.example", json!([])))
            .expect(201);
        let given = format!("role-assignments?user_id={}", firm.owner_id);
        program.get(&firm.at(&given)).problem(403, "key_not_allowed");
    });
}

/// What a key has asked for is done by its leave: a job goes on as the key may by then.
#[test]
fn a_job_ends_with_the_key_that_asked_for_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        let permissions = [
            "imports:create:own",
            "imports:read:own",
            "jobs:read:own",
            "companies:create:org",
        ];
        let import = |program: &Client, name: &str| {
            let options = companies(json!({"key": "none"})).to_string();
            post_import(
                program,
                &firm.at("imports"),
                format!("No;Firm\n1;{name}\n").as_bytes(),
                &options,
                name,
            )
        };
        let (_, good) = key_of(&firm, &firm.owner, with(&permissions));
        let (made, ending) = key_of(&firm, &firm.owner, with(&permissions));
        let (done, never) = (import(&good, "Good"), import(&ending, "Never"));
        assert_eq!(
            (done.status, never.status),
            (202, 202),
            "{} {}",
            done.text,
            never.text
        );
        let revoke = firm.at(&format!("api-keys/{}/revoke", made["id"].as_str().unwrap()));
        firm.owner.act(&revoke).expect(200);
        let worker = worker(server, Duration::from_millis(20));
        assert_eq!(over(&firm.owner, &done)["state"], "SUCCEEDED");
        assert_eq!(over(&firm.owner, &never)["state"], "FAILED");
        worker.stop(Duration::from_secs(5));
        let named = texts(&data(&firm.owner.get(&firm.at("companies")).expect(200)), "name");
        assert_eq!(named, ["Good"]);
        let by_key =
            "SELECT COUNT(*) FROM audit_entries WHERE key_id IS NOT NULL AND action = 'company.created'";
        assert_eq!(server.base.number(by_key), 1);
    });
}

/// Warm, a call by a key asks the database as often as one by a session. On SQLite, where no fence is moved.
#[test]
fn a_key_costs_what_a_session_costs() {
    let server = Server::start(TestDatabase::sqlite());
    let firm = Firm::new(&server);
    let deal = firm.at(&format!(
        "deals/{}",
        firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id()
    ));
    let (made, program) = key_of(&firm, &firm.owner, with(&["deals:read:org"]));
    program.get(&deal).expect(200);
    let key = firm.at(&format!("api-keys/{}", made["id"].as_str().unwrap()));
    until(|| firm.owner.get(&key).expect(200)["last_used_at"].is_string());
    until(|| {
        key_events(&firm)
            .iter()
            .any(|line| line.starts_with("api_key_new_address"))
    });
    let statements = || series(&server)["firma_database_query_duration_seconds_count"];
    let costs = |call: &dyn Fn()| {
        let before = statements();
        call();
        statements() - before
    };
    let looking = costs(&|| ());
    let by_session = costs(&|| drop(firm.owner.get(&deal).expect(200))) - looking;
    let by_key = costs(&|| drop(program.get(&deal).expect(200))) - looking;
    assert_eq!((by_session, by_key), (2.0, 2.0));
}

#[test]
fn making_one_asks_for_the_password_again() {
    on_each_at(|server, hands| {
        let firm = Firm::new(server);
        hands.later(601);
        let body = with(&["deals:read:org"]);
        firm.owner
            .post(&firm.at("api-keys"), body.clone())
            .problem(403, "step_up_required");
        // Who may not make keys at all is told that first.
        let (_, employee) = firm.member(Some("employee"));
        hands.later(601);
        employee
            .post(&firm.at("api-keys"), body.clone())
            .problem(403, "permission_required");
        assert_eq!(rows(server, "api_keys"), 0);
        // A key that is widened is as good as a new one; one that is narrowed isn't.
        let owner = server.client(firm.owner_id);
        let (key, _) = key_of(&firm, &owner, with(&["deals:read:org"]));
        let at = firm.at(&format!("api-keys/{}", key["id"].as_str().unwrap()));
        hands.later(601);
        for wider in [
            json!({"permissions": ["deals:read:org", "deals:update:org"]}),
            json!({"allowed_ip_ranges": ["10.0.0.0/8"]}),
        ] {
            owner.patch(&at, wider).problem(403, "step_up_required");
        }
        owner
            .patch(&at, json!({"permissions": ["deals:read:own"]}))
            .expect(200);
        server
            .client(firm.owner_id)
            .post(&firm.at("api-keys"), body)
            .expect(201);
    });
}
