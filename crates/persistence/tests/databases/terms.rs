//! People are found by tags and by metadata over an index, on both databases, as the server's own role.

use firma_auth::access::Read;
use firma_domain::identity::User;
use firma_persistence::installation::{PlatformKnown, TermSearch, UserSearch};
use firma_persistence::{Op, Tx};
use firma_services::Refusal;
use firma_testing::{Firm, Server, TestDatabase};

/// Many people with a few terms each.
fn fill(base: &TestDatabase) {
    let (series, id, now) = match base.is_postgres() {
        true => (
            "WITH g AS (SELECT n::int AS n FROM generate_series(1, 20000) n)",
            "md5(n::text)::uuid",
            "now()",
        ),
        false => (
            "WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 20000)",
            "randomblob(16)",
            "0",
        ),
    };
    let yes = if base.is_postgres() { "TRUE" } else { "1" };
    base.execute(&format!(
        "{series} INSERT INTO users (id, version, created_at, updated_at, email, name, is_active, is_configured) \
         SELECT {id}, 1, {now}, {now}, 'u' || n || '@many.example', 'u' || n, {yes}, {yes} FROM g;
         INSERT INTO user_profile_terms (user_id, kind, term, value) SELECT id, 'tag', 'tag-' || substr(name, 2, 2), '' FROM users;
         INSERT INTO user_profile_terms (user_id, kind, term, value, number) \
         SELECT id, 'metadata', 'size', substr(name, 2), CAST(substr(name, 2) AS bigint) * 1000000 FROM users WHERE email LIKE '%@many.example';
         INSERT INTO user_profile_terms (user_id, kind, term, value) SELECT id, 'metadata', 'home', 'here' FROM users;"
    ));
    base.analyze();
}

/// How many people a search finds, and how the database looks for them.
fn look(server: &Server, holder: firma_domain::Id, terms: Vec<TermSearch>) -> (usize, Vec<String>) {
    let token = server.token(holder, 900);
    let now = server.database.sources.clock.now();
    let session = server.signer.access.read(&token, now).unwrap().session;
    server.read(move |tx: &mut Tx<'_>| -> Result<_, Refusal> {
        let PlatformKnown::Holder(facts) = tx.platform_facts(holder, session)? else {
            panic!("no platform role");
        };
        let grant = facts.decide::<User, Read>().unwrap();
        let of = |rows| UserSearch {
            terms: terms.clone(),
            rows,
            ..UserSearch::default()
        };
        // All of them, and the plan of a page.
        let found = tx.list_users(grant, &of(5_000))?;
        Ok((found.len(), tx.plan_of_users(grant, &of(51))?))
    })
}

#[test]
fn people_are_found_by_a_tag_a_key_a_value_and_a_range() {
    for base in TestDatabase::each() {
        let server = Server::start(base);
        let firm = Firm::new(&server);
        let (holder, _) = Firm::platform(&server, "website_admin");
        fill(&server.base);
        let said = serde_json::json!({"tags": ["carpenter"], "metadata": {"shoe": "size-43"}});
        firm.owner.patch("/api/v1/me/profile", said).expect(200);
        let key = || "size".to_owned();
        let size = |text: &str| TermSearch::Values(key(), vec![text.into()]);
        let number = |op, number: i64| TermSearch::Number(key(), op, number * 1_000_000);
        for (terms, found) in [
            (vec![TermSearch::Tags(vec!["carpenter".into()])], 1),
            (vec![TermSearch::Tags(vec!["tag-17".into()])], 1111),
            (
                vec![TermSearch::Tags(vec!["tag-17".into(), "carpenter".into()])],
                1112,
            ),
            (vec![TermSearch::Keys(vec!["shoe".into()])], 1),
            (vec![size("17017")], 1),
            (vec![size("17017"), TermSearch::Tags(vec!["tag-17".into()])], 1),
            (vec![size("17017"), TermSearch::Tags(vec!["tag-18".into()])], 0),
            // In the order of numbers: 9 isn't behind 10.
            (vec![number(Op::Lt, 10)], 9),
            (vec![number(Op::Ge, 9), number(Op::Le, 10)], 2),
            (vec![number(Op::Gt, 19_990)], 10),
        ] {
            let named = format!("on {}: {terms:?}", server.base.kind());
            let (count, plan) = look(&server, holder, terms);
            assert_eq!(count, found, "{named}");
            let seeks = plan.iter().any(|step| step.contains("user_profile_terms_"));
            let scans = |step: &String| {
                step.contains("Seq Scan on user") || step.trim_start().starts_with("SCAN user")
            };
            assert!(seeks && !plan.iter().any(scans), "{named} {plan:#?}");
        }
    }
}

/// What is there already gets its numbers with the schema.
#[test]
fn numbers_that_were_said_before_are_found_as_numbers() {
    for base in TestDatabase::each() {
        let server = Server::start(base);
        let firm = Firm::new(&server);
        let said = serde_json::json!({"tags": ["5"], "metadata": {
            "n": 5, "d": -1.25, "big": 1e300, "t": "5", "b": true, "o": {"n": 5}, "z": null
        }});
        firm.owner.patch("/api/v1/me/profile", said).expect(200);
        let all = || {
            let numbers =
                "SELECT term || ' ' || COALESCE(CAST(number AS text), '') FROM user_profile_terms ORDER BY 1";
            server.base.lines(numbers)
        };
        let before = all();
        assert!(
            before.contains(&"d -1250000".into()) && before.contains(&"t ".into()),
            "{before:?}"
        );
        let [up, down] = match server.base.is_postgres() {
            true => [
                include_str!("../../../../migrations/postgres/2026-11-28-000090_profile_search/up.sql"),
                include_str!("../../../../migrations/postgres/2026-11-28-000090_profile_search/down.sql"),
            ],
            false => [
                include_str!("../../../../migrations/sqlite/2026-11-28-000090_profile_search/up.sql"),
                include_str!("../../../../migrations/sqlite/2026-11-28-000090_profile_search/down.sql"),
            ],
        };
        server.base.execute(down);
        server.base.execute(up);
        assert_eq!(all(), before, "on {}", server.base.kind());
    }
}
