//! Profiles are found by tags and by metadata over one index, on both databases.

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
         INSERT INTO user_profile_terms (user_id, kind, term, value) SELECT id, 'metadata', 'size', substr(name, 2) FROM users;
         INSERT INTO user_profile_terms (user_id, kind, term, value) SELECT id, 'metadata', 'home', 'here' FROM users;
         ANALYZE;"
    ));
}

#[test]
fn a_profile_is_found_by_a_tag_a_key_a_value_and_a_range() {
    for base in TestDatabase::each() {
        let server = Server::start(base);
        let firm = Firm::new(&server);
        fill(&server.base);
        let said = serde_json::json!({"tags": ["carpenter"], "metadata": {"shoe": "size-43"}});
        firm.owner.patch("/api/v1/me/profile", said).expect(200);
        for (condition, found) in [
            ("kind = 'tag' AND term = 'carpenter'", 1),
            ("kind = 'tag' AND term = 'tag-17'", 1111),
            ("kind = 'metadata' AND term = 'shoe'", 1),
            ("kind = 'metadata' AND term = 'shoe' AND value = 'size-43'", 1),
            ("kind = 'metadata' AND term = 'size' AND value = '17017'", 1),
            (
                "kind = 'metadata' AND term = 'size' AND value >= '1701' AND value < '1702'",
                11,
            ),
        ] {
            let query = format!("FROM user_profile_terms WHERE {condition}");
            assert_eq!(
                server.base.number(&format!("SELECT COUNT(*) {query}")),
                found,
                "{condition}"
            );
            let plan = server.base.plan(&format!("SELECT user_id {query}"));
            let seeks = plan
                .iter()
                .any(|step| step.contains("user_profile_terms_by_term"));
            let scans = plan
                .iter()
                .any(|step| step.contains("Seq Scan") || step.starts_with("SCAN"));
            assert!(seeks && !scans, "on {}: {plan:#?}", server.base.kind());
        }
    }
}
