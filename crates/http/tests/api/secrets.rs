//! The secret and what it keeps: a new one, what is sealed, and the fence around what is a person's.

use crate::identity::{PASSWORD, login, owner, refresh, signed_in};
use crate::samples::account;
use firma_auth::keys::Keys;
use firma_auth::sealed::{Place, open, seal};
use firma_http::Site;
use firma_services::identity::{SealedColumn, rotate_secrets};
use firma_testing::{Firm, Server, SystemClock, on_each};
use serde_json::json;
use std::sync::Arc;

#[test]
fn what_was_made_before_the_secret_was_changed_is_still_good() {
    on_each(|server| {
        let (firm, email) = owner(server);
        for name in ["a", "b"] {
            firm.owner
                .post(&firm.at("companies"), json!({"name": name}))
                .expect(201);
        }
        let list = firm.at("companies?limit=1");
        let page = firm.owner.get(&list).expect(200);
        let next = format!(
            "{list}&cursor={}",
            page["pagination"]["next_cursor"].as_str().unwrap()
        );
        let tokens = login(server, &email, PASSWORD).expect(200);
        let start = |keys| {
            let here = Site {
                is_local: true,
                ..Site::default()
            };
            Server::start_at(server.base.shared(), Arc::new(SystemClock), here, keys)
        };
        let rotated = start(Keys::rotated(&[8; 32], Some(&[7; 32])));
        let other = start(Keys::derive(&[8; 32]));
        let client = signed_in(&rotated, &tokens);
        client.get(&next).expect(200);
        signed_in(&other, &tokens)
            .get("/api/v1/me")
            .problem(401, "unauthenticated");
        refresh(&other, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
        let renewed = refresh(&rotated, &tokens["refresh_token"]).expect(200);
        // What is made from now on is made with the new one.
        signed_in(&other, &renewed).get("/api/v1/me").expect(200);
        signed_in(server, &renewed)
            .get("/api/v1/me")
            .problem(401, "unauthenticated");
        refresh(&other, &renewed["refresh_token"]).expect(200);
    });
}

/// The second fence alone: what PostgreSQL shows the server's role of identity, whatever it is asked for.
#[test]
fn identity_is_fenced_by_user() {
    on_each(|server| {
        if !server.base.is_postgres() {
            return;
        }
        let (firms, ids) = ([owner(server), owner(server)], "app.user_id");
        for (firm, email) in &firms {
            let client = signed_in(server, &login(server, email, PASSWORD).expect(200));
            client
                .patch("/api/v1/me/profile", json!({"tags": ["a"], "metadata": {"b": 1}}))
                .expect(200);
            assert!(client.get(&firm.path).status == 200);
            account(firm);
        }
        let only = |table: &str, column: &str| {
            let user = firms[0].0.owner_id;
            format!(
                "IF (SELECT count(*) FROM {table}) = 0 OR EXISTS (SELECT 1 FROM {table} WHERE {column} <> '{user}') \
                 THEN RAISE EXCEPTION '{table} is open'; END IF;"
            )
        };
        let tables = [
            "sessions",
            "user_credentials",
            "user_profiles",
            "user_profile_terms",
            "security_events",
            "accounts",
        ];
        let mut checks: String = tables.iter().map(|table| only(table, "user_id")).collect();
        checks.push_str(&only("users", "id"));
        let as_first = format!("SELECT set_config('{ids}', '{}', false)", firms[0].0.owner_id);
        server.base.execute(&format!(
            "SET ROLE firma_app; {as_first}; DO $$ BEGIN {checks} END $$"
        ));
        let none: String = tables
            .iter()
            .chain(&["users"])
            .map(|table| {
                format!("IF EXISTS (SELECT 1 FROM {table}) THEN RAISE EXCEPTION '{table} is open'; END IF;")
            })
            .collect();
        server
            .base
            .execute(&format!("SET ROLE firma_app; DO $$ BEGIN {none} END $$"));
    });
}

/// A table that stands for those that are sealed.
const SEALED: &[SealedColumn] = &[SealedColumn {
    table: "test_secrets",
    column: "secret",
    key: "user_id",
}];

#[test]
fn what_is_sealed_is_sealed_anew_with_the_new_secret() {
    on_each(|server| {
        let (id, text) = match server.base.is_postgres() {
            true => ("uuid", "text COLLATE \"C\""),
            false => ("BLOB", "TEXT"),
        };
        let table = format!("CREATE TABLE test_secrets (user_id {id} PRIMARY KEY, secret {text})");
        server.base.execute(&table);
        if server.base.is_postgres() {
            server.base.execute(
                "ALTER TABLE test_secrets ENABLE ROW LEVEL SECURITY; CREATE POLICY fence ON test_secrets \
                 USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid))",
            );
        }
        let (before, after) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let both = Arc::new(Keys::rotated(&[2; 32], Some(&[1; 32])));
        let place = |row| Place {
            table: "test_secrets",
            column: "secret",
            row,
        };
        let entropy = server.database.sources.entropy.clone();
        let people: Vec<_> = (0..103)
            .map(|n| Firm::user(server, &format!("u{n}@sealed.example")))
            .collect();
        let put = |user, sealed: &str| {
            let user = server.base.id_literal(user);
            server
                .base
                .execute(&format!("INSERT INTO test_secrets VALUES ({user}, '{sealed}')"));
        };
        let sealed =
            |keys: &Keys, row| seal(&keys.sealing, place(row), b"a secret", entropy.as_ref()).unwrap();
        for user in &people[..101] {
            put(*user, &sealed(&before, *user));
        }
        put(people[101], &sealed(&after, people[101]));
        put(people[102], &sealed(&before, people[0]));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let rotate = || {
            let rotating = rotate_secrets(&server.database, both.clone(), entropy.clone(), SEALED);
            runtime.block_on(rotating).unwrap()
        };
        let first = rotate();
        assert_eq!((first.renewed, first.current, first.lost.len()), (101, 1, 1));
        assert!(
            first.lost[0].contains(&people[102].to_string()),
            "{:?}",
            first.lost
        );
        for user in &people[..102] {
            let id = server.base.id_literal(*user);
            let text = server
                .base
                .lines(&format!("SELECT secret FROM test_secrets WHERE user_id = {id}"));
            assert_eq!(open(&after.sealing, place(*user), &text[0]).unwrap(), b"a secret");
            assert!(open(&before.sealing, place(*user), &text[0]).is_err());
        }
        let again = rotate();
        assert_eq!((again.renewed, again.current, again.lost), (0, 102, first.lost));
    });
}
