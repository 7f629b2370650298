//! No list scans or sorts an organization: each filter and each sort alone, on 100,000 rows of two tenants,
//! as the server's own role.

use firma_auth::access::{Disposing, Grant, Read};
use firma_auth::keys::Keys;
use firma_domain::Id;
use firma_persistence::access::Segment;
use firma_persistence::{Database, Listing};
use firma_services::listing::{Query, query};
use firma_services::{Caller, Keeping, Refusal, Tx, Work};
use firma_testing::{Firm, Server, TestDatabase};

const ROWS: i64 = 100_000;
/// What some words begin with, of few rows; `all` is a word of every row, `half` and `even` of each second,
/// `odd` of the others.
const FEW: &str = "777";

#[test]
fn no_list_scans_or_sorts_an_organization() {
    for base in TestDatabase::each() {
        let server = Server::start(base);
        let firms = [Firm::new(&server), Firm::new(&server)];
        let employees: Vec<_> = (0..3).map(|_| firms[0].member(Some("employee")).0).collect();
        firms[0].team(&employees);
        for firm in &firms {
            fill(&server, firm, ROWS / 2);
        }
        server.base.execute("ANALYZE");
        // Connections of before don't know the statistics.
        let fresh = Database::open(
            &firma_persistence::Settings::new(server.base.target().clone()),
            server.database.sources.clone(),
        )
        .unwrap();
        use firma_domain::{
            access::{ApiKey, RoleAssignment},
            crm::*,
            organizations::*,
            platform::*,
        };
        let firm = (firms[0].owner_id, firms[0].id);
        let mut wrong = Vec::new();
        wrong.extend(look::<Deal>(&server, &fresh, firm));
        wrong.extend(look::<Company>(&server, &fresh, firm));
        wrong.extend(look::<Contact>(&server, &fresh, firm));
        wrong.extend(look::<DealContact>(&server, &fresh, firm));
        wrong.extend(look::<Activity>(&server, &fresh, firm));
        wrong.extend(look::<Stage>(&server, &fresh, firm));
        wrong.extend(look::<Pipeline>(&server, &fresh, firm));
        wrong.extend(look::<Member>(&server, &fresh, firm));
        wrong.extend(look::<Team>(&server, &fresh, firm));
        wrong.extend(look::<TeamMember>(&server, &fresh, firm));
        wrong.extend(look::<Invitation>(&server, &fresh, firm));
        wrong.extend(look::<RoleAssignment>(&server, &fresh, firm));
        wrong.extend(look::<ApiKey>(&server, &fresh, firm));
        wrong.extend(look::<Job>(&server, &fresh, firm));
        wrong.extend(look::<File>(&server, &fresh, firm));
        wrong.extend(look::<Import>(&server, &fresh, firm));
        let in_a_team = (employees[0], firms[0].id);
        wrong.extend(look_in_a_team::<Deal>(&server, &fresh, in_a_team));
        wrong.extend(look_in_a_team::<Company>(&server, &fresh, in_a_team));
        wrong.extend(look_in_a_team::<Contact>(&server, &fresh, in_a_team));
        wrong.extend(look_in_a_team::<Activity>(&server, &fresh, in_a_team));
        wrong.extend(look_at_the_purge(&server, &fresh, firms[0].id));
        assert!(
            wrong.is_empty(),
            "on {}:\n{}",
            server.base.kind(),
            wrong.join("\n")
        );
    }
}

/// What is wrong with the plans of an entity's lists.
fn look<E: Keeping>(server: &Server, fresh: &Database, who: (Id, Id)) -> Vec<String> {
    let postgres = server.base.is_postgres();
    ask::<E>(server, fresh, who, move |tx, grant| {
        let sample = sample::<E>(tx, grant)?;
        let mut wrong = Vec::new();
        for parameters in cases::<E>(&sample) {
            let (listing, words) = listing::<E>(tx, grant, &parameters)?;
            let mut plan = tx.open(grant)?.plans(&listing)?;
            let mut bad = fault(&plan, E::TABLE, postgres);
            if words.iter().any(|word| word == FEW) && !plan.iter().any(|line| is_by_id(line)) {
                bad = bad.or_else(|| Some("few rows aren't looked up by their ids".into()));
            }
            if !words.is_empty() {
                plan = tx.open(grant)?.matching_plans(&words)?;
                bad = bad.or_else(|| fault(&plan, "search_words", postgres));
            }
            wrong.extend(
                bad.map(|line| format!("{} {parameters:?}: {line}\n{}", E::COLLECTION, plan.join("\n"))),
            );
        }
        Ok(wrong)
    })
}

/// What is wrong with the plans of what somebody in a team sees: each one's rows are sought by their owner, for those of
/// a team may be the last of all.
fn look_in_a_team<E: Keeping>(server: &Server, fresh: &Database, who: (Id, Id)) -> Vec<String> {
    let postgres = server.base.is_postgres();
    ask::<E>(server, fresh, who, move |tx, grant| {
        let by_owner = format!("{}_by_owner_id", E::TABLE);
        let mut wrong = Vec::new();
        for sort in ["created_at", "-created_at"] {
            let (listing, _) = listing::<E>(tx, grant, &[("sort".into(), sort.into())])?;
            let plan = tx.open(grant)?.plans(&listing)?;
            let mut bad = fault(&plan, E::TABLE, postgres);
            if !plan.iter().any(|line| line.contains(&by_owner)) || !plan.iter().any(|line| is_by_id(line)) {
                bad = bad.or_else(|| Some("the rows aren't sought by their owners".into()));
            }
            wrong.extend(
                bad.map(|line| format!("{} in a team, {sort}: {line}\n{}", E::COLLECTION, plan.join("\n"))),
            );
        }
        Ok(wrong)
    })
}

/// What is wrong with the plans of the purge: deletions are sought, and what refers to a row is, by the purge and by
/// the database's own check of each reference. So what some rows cost doesn't grow with the table.
fn look_at_the_purge(server: &Server, fresh: &Database, organization: Id) -> Vec<String> {
    // Some thousand that are deleted, each by itself, but few of the whole.
    let (deletion, at) = match server.base.is_postgres() {
        true => ("gen_random_uuid()", "now()"),
        false => ("randomblob(16)", "0"),
    };
    let mut statements = String::new();
    for table in ["companies", "deals", "contacts", "activities", "deal_contacts"] {
        statements.push_str(&format!(
            "UPDATE {table} SET deleted_at = {at}, deletion_id = {deletion} WHERE id IN (SELECT id FROM {table} \
             WHERE organization_id = {} LIMIT 1000); ",
            server.base.id_literal(organization)
        ));
    }
    server.base.execute(&format!("{statements} ANALYZE"));
    let plans = fresh.read(move |tx: &mut Tx<'_>| -> Result<_, Refusal> {
        let references = tx.references()?;
        Ok(tx.purge_plans(Disposing::of(organization), &references)?)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let plans = runtime.block_on(plans).unwrap();
    // Tables with few rows are read as they are.
    let large = [
        "companies",
        "deals",
        "contacts",
        "activities",
        "deal_contacts",
        "stages",
        "team_members",
        "imports",
    ];
    let scans = |line: &&String| {
        let is = |table: &&str| line.contains(&format!("Seq Scan on {table} "));
        large.iter().any(is) || line.trim_start().starts_with("SCAN ")
    };
    let wrong = plans.iter().filter_map(|(what, plan)| {
        // Nothing refers to files here, and roles are few: there the statistics speak for a scan.
        let few = ["files by", "roles by"].iter().any(|few| what.contains(few));
        let bad = plan.iter().find(scans).filter(|_| !few)?;
        Some(format!("{what}: {bad}\n{}", plan.join("\n")))
    });
    assert!(plans.len() > 20, "{plans:?}");
    wrong.collect()
}

/// Asks as a user in an organization, on connections that know the statistics.
fn ask<E: Keeping>(
    server: &Server,
    fresh: &Database,
    (user, organization): (Id, Id),
    look: impl Fn(&mut Tx<'_>, Grant<E, Read>) -> Result<Vec<String>, Refusal> + Send + 'static,
) -> Vec<String> {
    let token = server.token(user, 900);
    let session = server
        .signer
        .access
        .read(&token, server.database.sources.clock.now())
        .unwrap()
        .session;
    let looked = fresh.read(move |tx: &mut Tx<'_>| -> Result<Vec<String>, Refusal> {
        let work = Work::enter(tx, Caller { user, session }, &Segment::Id(organization))?;
        let grant = work.grant::<E, Read>()?;
        look(tx, grant)
    });
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(looked)
        .unwrap()
}

/// What these parameters ask for, and the words among it.
fn listing<E: Keeping>(
    tx: &mut Tx<'_>,
    grant: Grant<E, Read>,
    parameters: &[(String, String)],
) -> Result<(Listing, Vec<String>), Refusal> {
    let keys = Keys::derive(&[7; 32]);
    let currency = firma_domain::Currency::default();
    let Query {
        mut listing, words, ..
    } = query::<E>(parameters, grant.organization(), currency, &keys.cursor)?;
    let matching = tx.open(grant)?.matching(&words)?;
    listing.filters.extend(matching);
    Ok((listing, words))
}

fn fault(plan: &[String], table: &str, postgres: bool) -> Option<String> {
    match postgres {
        true => postgres_fault(plan, table),
        false => sqlite_fault(plan, table),
    }
}

/// A value of each field, from rows in the middle: what the filters ask for.
fn sample<E: Keeping>(tx: &mut Tx<'_>, grant: Grant<E, Read>) -> Result<serde_json::Value, Refusal> {
    let mut sample = serde_json::Map::new();
    for row in tx.open(grant)?.some(vec![], ROWS)?.iter().rev() {
        let serde_json::Value::Object(fields) = serde_json::to_value(row).unwrap() else {
            continue;
        };
        sample.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Ok(sample.into())
}

/// Each filter alone and each sort alone, up and down.
fn cases<E: Keeping>(sample: &serde_json::Value) -> Vec<Vec<(String, String)>> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(money) => money["amount"].as_str().unwrap_or("1").to_owned(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let mut cases = vec![vec![]];
    for field in E::filters() {
        let value = text(&sample[field.name]);
        assert!(
            !value.is_empty(),
            "the sample has no {} in {}",
            field.name,
            E::TABLE
        );
        cases.push(vec![(field.name.to_owned(), value.clone())]);
        if field.is_ranged() {
            cases.push(vec![(format!("{}[gte]", field.name), value.clone())]);
            cases.push(vec![(format!("{}[lt]", field.name), value)]);
        }
    }
    for sort in E::sorts() {
        cases.push(vec![("sort".into(), sort.name.into())]);
        cases.push(vec![("sort".into(), format!("-{}", sort.name))]);
    }
    if E::TAGGED {
        cases.push(vec![("tag".into(), "rare".into())]);
    }
    if E::MAILED {
        cases.push(vec![("email".into(), "n7@firm.example".into())]);
    }
    if !E::SEARCHED.is_empty() {
        for q in [FEW, "all", "half all", "all 777", "even odd"] {
            cases.push(vec![("q".into(), q.into())]);
            cases.extend(
                E::sorts()
                    .iter()
                    .map(|sort| vec![("q".into(), q.into()), ("sort".into(), sort.name.into())]),
            );
        }
    }
    cases.push(vec![("deleted".into(), "true".into())]);
    cases
}

fn postgres_fault(plan: &[String], table: &str) -> Option<String> {
    let rows = |line: &str| line.split("rows=").nth(1)?.split(' ').next()?.parse::<i64>().ok();
    plan.iter().enumerate().find_map(|(n, line)| {
        // What is sorted stands a line below, and how much of it.
        let sorted = line
            .contains("Sort  (")
            .then(|| plan[n + 1..].iter().find_map(|below| rows(below)))
            .flatten();
        let scan = line.contains("Seq Scan") && (line.contains(table) || line.contains("search_words"));
        (scan || sorted.is_some_and(|rows| rows > ROWS / 20)).then(|| line.trim().to_owned())
    })
}

/// Rows are looked up by their ids.
fn is_by_id(line: &str) -> bool {
    line.contains("Index Cond") && line.contains("(id = ANY") || line.contains("(organization_id=? AND id=?)")
}

fn sqlite_fault(plan: &[String], table: &str) -> Option<String> {
    let (scan, words) = (format!("SCAN {table}"), "SCAN w");
    // A tag's rows and the few that are deleted are sorted; nothing else is.
    let few = plan.iter().any(|line| {
        line.contains("LIST SUBQUERY")
            || line.contains("_deleted")
            || is_by_id(line)
            || line.contains("(organization_id=? AND external_id=?)")
    });
    plan.iter()
        .find(|line| {
            line.starts_with(&scan) || line.starts_with(words) || (line.contains("TEMP B-TREE") && !few)
        })
        .cloned()
}

/// Rows behind the application's back: companies and deals in full, of the rest a fifth.
fn fill(server: &Server, firm: &Firm<'_>, rows: i64) {
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
