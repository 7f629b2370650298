//! An organization full of rows, for plans that depend on how many there are.

use firma_testing::{Firm, Server};

/// Rows behind the application's back: companies and deals in full, of the rest a fifth.
pub(crate) fn fill(server: &Server, firm: &Firm<'_>, rows: i64) {
    let base = &server.base;
    let org = base.id_literal(firm.id);
    let (me, few) = (base.id_literal(firm.owner_id), rows / 5);
    let pg = base.is_postgres();
    let series = |n: i64| match pg {
        true => format!("WITH g (n) AS (SELECT generate_series(1, {n}))"),
        false => format!("WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {n})"),
    };
    let (id, at, day) = match pg {
        true => (
            "gen_random_uuid()",
            "now() - n * interval '1 second'",
            "DATE '2020-01-01' + n % 2000",
        ),
        false => (
            "randomblob(16)",
            "1700000000000000 - n * 1000000",
            "date('2020-01-01', (n % 2000) || ' days')",
        ),
    };
    let yes = if pg { "TRUE" } else { "1" };
    let meta = "organization_id, id, version, created_at, created_by, updated_at";
    let values = format!("{org}, {id}, 1, {at}, {me}, {at}");
    let pick = |table: &str| format!("(SELECT id FROM t_{table} WHERE k = n % 1000)");
    let numbered = |table: &str| {
        format!(
            "DROP TABLE IF EXISTS t_{table}; CREATE TABLE t_{table} AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS k \
             FROM (SELECT id FROM {table} WHERE organization_id = {org} ORDER BY id LIMIT 1000) x; \
             CREATE INDEX t_{table}_k ON t_{table} (k);"
        )
    };
    let text = |prefix: &str| format!("'{prefix}-' || n");
    let slug = &firm.slug;
    let role = base.id_literal(firma_auth::access::role_by_name("employee").unwrap().id);
    let nil = base.id_literal(firma_domain::Id::NIL);
    base.execute(&[
        format!("CREATE TABLE t_users AS {} SELECT {id} AS id, n FROM g;", series(few)),
        format!("INSERT INTO users (id, version, created_at, updated_at, email, name, is_active, is_configured) \
                 SELECT id, 1, {at}, {at}, 'u' || n || '@{slug}.example', 'u' || n, {yes}, {yes} FROM t_users;"),
        format!("INSERT INTO memberships ({meta}, email, name, name_folded, joined_at, is_active) SELECT {org}, id, 1, {at}, {me}, {at}, \
                 'u' || n || '@{slug}.example', 'u' || n, 'u' || n, {at}, {yes} FROM t_users;"),
        numbered("memberships"),
        format!("INSERT INTO role_assignments ({meta}, user_id, role_id, role_organization_id, assigned_at, is_active) \
                 SELECT {org}, {id}, 1, {at}, {me}, {at}, id, {role}, {nil}, {at}, {yes} FROM t_users;"),
        format!("{} INSERT INTO invitations ({meta}, email, role_ids, team_ids, expires_at, status, invited_by, sent_at, sent_count, takes_place, \
                 revoked_at, withheld_role_ids, withheld_team_ids) SELECT {values}, {email}, '[]', '[]', {at}, \
                 CASE n % 50 WHEN 0 THEN 'open' ELSE 'revoked' END, {by}, {at}, 1, {yes}, CASE n % 50 WHEN 0 THEN NULL ELSE {at} END, '[]', '[]' FROM g;",
                series(few), email = "'i' || n || '@firm.example'", by = pick("memberships")),
        format!("{} INSERT INTO api_keys ({meta}, name, name_folded, prefix, permissions, expires_at, allowed_ip_ranges) \
                 SELECT {values}, {t}, {t}, {t}, '[]', {at}, '[]' FROM g;", series(few), t = text("key")),
        format!("{} INSERT INTO teams ({meta}, name, name_folded, slug) SELECT {values}, {t}, {t}, {t} FROM g;", series(few), t = text("crew")),
        numbered("teams"),
        format!("{} INSERT INTO team_members ({meta}, team_id, user_id, is_lead) SELECT {values}, {team}, \
                 (SELECT id FROM t_memberships WHERE k = (n / 1000 * 7 + n) % 1000), {yes} FROM g WHERE TRUE ON CONFLICT DO NOTHING;", series(few), team = pick("teams")),
        format!("{} INSERT INTO companies ({meta}, external_id, name, name_folded, tax_number, industry, owner_id, tags) \
                 SELECT {values}, {x}, {t}, {t}, {x}, 'industry-' || n % 100, {owner}, '[]' FROM g;",
                series(rows), x = text("x"), t = text("company"), owner = pick("memberships")),
        numbered("companies"),
        format!("UPDATE companies SET parent_id = (SELECT id FROM t_companies WHERE k = 7) WHERE organization_id = {org} AND industry = 'industry-1';"),
        format!("UPDATE companies SET parent_id = (SELECT id FROM t_companies WHERE k = 8) WHERE organization_id = {org} AND industry <> 'industry-1' AND {at_half};",
                at_half = if pg { "random() < 0.1" } else { "abs(random()) % 10 = 0" }),
        format!("{} INSERT INTO pipelines ({meta}, name, is_default) SELECT {values}, {t}, {no} FROM g;", series(few), t = text("p"), no = if pg { "FALSE" } else { "0" }),
        numbered("pipelines"),
        format!("{} INSERT INTO stages ({meta}, pipeline_id, name, kind, position, probability) SELECT {values}, {p}, {t}, 'OPEN', n % 1000, 100 FROM g;",
                series(few), p = pick("pipelines"), t = text("s")),
        format!("DROP TABLE IF EXISTS t_stages; CREATE TABLE t_stages AS SELECT id, pipeline_id, row_number() OVER (ORDER BY id) - 1 AS k \
                 FROM (SELECT id, pipeline_id FROM stages WHERE organization_id = {org} AND kind = 'OPEN' ORDER BY id LIMIT 1000) x; \
                 CREATE INDEX t_stages_k ON t_stages (k);"),
        format!("{} INSERT INTO deals ({meta}, external_id, title, company_id, pipeline_id, stage_id, status, value_minor, value_currency, \
                 probability, opened_on, expected_close, actual_close, owner_id, tags) SELECT {values}, {x}, {t}, {company}, \
                 (SELECT pipeline_id FROM t_stages WHERE k = n % 1000), (SELECT id FROM t_stages WHERE k = n % 1000), \
                 CASE n % 3 WHEN 0 THEN 'WON' WHEN 1 THEN 'LOST' ELSE 'WON' END, n * 100, 'EUR', 100, {day}, {day}, {day}, {owner}, '[]' FROM g;",
                series(rows), x = text("d"), t = text("deal"), company = pick("companies"), owner = pick("memberships")),
        format!("{} INSERT INTO contacts ({meta}, external_id, company_id, name, name_folded, is_primary, emails, phones, phones_e164, \
                 mail_consent, mail_consent_at, mail_consent_source, owner_id, tags) SELECT {values}, {x}, {company}, {t}, {t}, \
                 CASE WHEN n <= 500 THEN {yes} ELSE {no} END, '[]', '[]', '[]', CASE WHEN n % 50 = 0 THEN {yes} ELSE {no} END, \
                 CASE WHEN n % 50 = 0 THEN {at} END, CASE WHEN n % 50 = 0 THEN 'fair' END, {owner}, '[]' FROM g;",
                series(few), x = text("c"), t = text("contact"), company = pick("companies"), owner = pick("memberships"), no = if pg { "FALSE" } else { "0" }),
        format!("INSERT INTO emails (organization_id, entity_type, email, entity_id) SELECT organization_id, 'contact', \
                 'n' || substr(external_id, 3) || '@firm.example', id FROM contacts WHERE organization_id = {org};"),
        numbered("contacts"),
        numbered("deals"),
        format!("{} INSERT INTO deal_contacts ({meta}, deal_id, contact_id, is_primary, owner_id) SELECT {values}, {deal}, \
                 (SELECT id FROM t_contacts WHERE k = (n / 1000 * 7 + n) % 1000), {no}, {owner} FROM g;",
                series(few), deal = pick("deals"), owner = pick("memberships"), no = if pg { "FALSE" } else { "0" }),
        format!("{} INSERT INTO activities ({meta}, external_id, kind, subject, company_id, contact_id, deal_id, due_at, done_at, is_done, \
                 duration_minutes, owner_id, tags) SELECT {values}, {x}, CASE n % 4 WHEN 0 THEN 'CALL' WHEN 1 THEN 'MEETING' WHEN 2 THEN 'EMAIL' \
                 ELSE 'NOTE' END, {t}, {company}, {contact}, {deal}, {at}, CASE WHEN n % 4 = 3 THEN {at} END, \
                 CASE WHEN n % 4 = 3 THEN {yes} ELSE {no} END, 30, {owner}, '[]' FROM g;",
                series(few), x = text("a"), t = text("activity"), company = pick("companies"), contact = pick("contacts"),
                deal = pick("deals"), owner = pick("memberships"), no = if pg { "FALSE" } else { "0" }),
        "DROP TABLE t_contacts; DROP TABLE t_deals;".into(),
        [("activity", "activities"), ("company", "companies"), ("contact", "contacts"), ("deal", "deals"), ("member", "memberships"), ("team", "teams")].map(|(kind, table)| format!(
            "INSERT INTO search_words (organization_id, entity_type, word, entity_id) SELECT {org}, '{kind}', w.word, r.id FROM \
             (SELECT id, row_number() OVER (ORDER BY id) AS n FROM {table} WHERE organization_id = {org}) r JOIN \
             (SELECT 'all' AS word, -1 AS rest UNION ALL SELECT 'half', 0 UNION ALL SELECT 'even', 0 UNION ALL SELECT 'odd', 1) w \
             ON w.rest IN (-1, r.n % 2) UNION ALL SELECT {org}, '{kind}', CAST(row_number() OVER (ORDER BY id) AS TEXT), id \
             FROM {table} WHERE organization_id = {org};")).concat(),
        format!("{} INSERT INTO jobs ({meta}, kind, state, owner_id, progress_done, attempts, max_attempts, run_at, finished_at, cancel_requested) \
                 SELECT {values}, 'kind-' || n % 100, CASE n % 50 WHEN 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, {owner}, 0, 1, 5, {at}, {at}, {no} FROM g;",
                series(few), owner = pick("memberships"), no = if pg { "FALSE" } else { "0" }),
        format!("{} INSERT INTO files ({meta}, name, name_folded, media_type, size, sha256, storage_key, owner_id) \
                 SELECT {values}, {t}, {t}, 'image/' || n % 100, n, {sha}, '{slug}/' || n, {owner} FROM g;",
                series(few), t = text("file"), owner = pick("memberships"),
                sha = if pg { "encode(sha256(n::text::bytea), 'hex')" } else { "lower(hex(randomblob(32)))" }),
        format!("{} INSERT INTO imports ({meta}, entity, file_name, state, dry_run, options, rows_read, created, updated, unchanged, refused, undone, kept, owner_id) \
                 SELECT {values}, 'entity-' || n % 100, 'a.csv', CASE n % 50 WHEN 0 THEN 'FAILED' WHEN 1 THEN 'UNDONE' ELSE 'DONE' END, {no}, '{{}}', 0, 0, 0, 0, 0, 0, 0, {owner} FROM g;",
                series(few), owner = pick("memberships"), no = if pg { "FALSE" } else { "0" }),
        "DROP TABLE t_users; DROP TABLE t_memberships; DROP TABLE t_teams; DROP TABLE t_companies; DROP TABLE t_pipelines; DROP TABLE t_stages;".into(),
    ].join("\n"));
}
