//! A million deals, put straight into the database, and how long pages of them take.

use crate::fill::{Filled, Place, client, good, place, sign_in, text};
use crate::options::Kind;
use crate::pages::Asker;
use crate::report::Table;
use crate::seat::connect;
use crate::server::Server;
use firma_auth::access::role_by_name;
use serde_json::json;

type Done<T> = Result<T, String>;

const ROWS: usize = 1_000_000;
const MEMBERS: usize = 5;
const LIST: &str = "deals?status=OPEN&sort=-created_at&limit=50";

/// Members of one team; the first of them can sign in.
struct Team {
    users: Vec<String>,
    token: String,
}

pub fn measure(kind: &Kind, server: &Server, filled: &Filled, table: &mut Table) -> Done<()> {
    let large = place(server, &filled.token, "large", true)?;
    let (old, spread) = (
        team(server, filled, &large, "old")?,
        team(server, filled, &large, "spread")?,
    );
    insert(kind, server, filled, &large, &old, &spread)?;

    let (few, many) = (
        format!("{}/{LIST}", filled.main.path),
        format!("{}/{LIST}", large.path),
    );
    let mut asker = Asker::new(server.port, &filled.token)?;
    let (at_few, at_many) = asker.compare(&few, &many, 500)?;
    table.note("list of 50 at 10,000 deals, p50 ms", at_few, 2);
    table.note("list of 50 at 1,000,000 deals, p50 ms", at_many, 2);
    table.fixed("… ratio", at_many / at_few, 1.5, 2);
    let far = asker.walk(&many, 1_000)?;
    let (near, far) = asker.compare(&many, &far, 500)?;
    table.fixed(
        "at 1,000,000 deals, page 1,000 to page 1, ratio",
        far / near,
        1.2,
        2,
    );
    for (team, what) in [(&spread, "spread over all"), (&old, "the oldest")] {
        let mut asker = Asker::new(server.port, &team.token)?;
        let (one, _) = asker.compare(&many, &many, 100)?;
        table.fixed(
            &format!("page with reach `team` over 1 % of 1,000,000, {what}, p50 ms"),
            one,
            10.0,
            2,
        );
    }
    Ok(())
}

fn team(server: &Server, filled: &Filled, large: &Place, name: &str) -> Done<Team> {
    let client = client(server, &filled.token);
    let body = json!({"name": name, "slug": name});
    let team = text(&good(client.post(&format!("{}/teams", large.path), body))?["id"])?;
    let role = role_by_name("employee")
        .ok_or("there is no role employee")?
        .id
        .to_string();
    let email = |n: usize| format!("{name}-{n}@bench.example");
    let mut users = Vec::new();
    for n in 0..MEMBERS {
        let body = json!({"email": email(n), "name": name, "role_ids": [role]});
        let user = text(&good(client.post(&format!("{}/members", large.path), body))?["id"])?;
        let body = json!({"team_id": team, "user_id": user});
        good(client.post(&format!("{}/team-members", large.path), body))?;
        users.push(user);
    }
    server.admin(&["password", "--email", &email(0)])?;
    let (token, _) = sign_in(server, &email(0))?;
    good(self::client(server, &token).act(&format!("/api/v1/me/memberships/{}/accept", large.id)))?;
    Ok(Team { users, token })
}

/// The oldest hundredth is one team's, another hundredth, spread evenly, the other's; half is open.
fn insert(
    kind: &Kind,
    server: &Server,
    filled: &Filled,
    large: &Place,
    old: &Team,
    spread: &Team,
) -> Done<()> {
    let postgres = kind.is_postgres();
    let id = |text: &str| match postgres {
        true => format!("'{text}'::uuid"),
        false => format!("x'{}'", text.replace('-', "")),
    };
    let pick = |team: &Team| {
        let arms = team
            .users
            .iter()
            .enumerate()
            .map(|(n, user)| format!("WHEN {n} THEN {}", id(user)));
        format!(
            "CASE n / 101 % {MEMBERS} {} END",
            arms.collect::<Vec<_>>().join(" ")
        )
    };
    let [open, won, lost] = large.stages.each_ref().map(|stage| id(stage));
    let by_status = |open: &str, won: &str, lost: &str| {
        format!("CASE n % 4 WHEN 1 THEN {won} WHEN 3 THEN {lost} ELSE {open} END")
    };
    let (row_id, time, day, numbers) = match postgres {
        true => (
            "('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
            "timestamptz '2024-01-01 00:00Z' + n * interval '1 minute'",
            "date '2026-01-05'",
            format!("generate_series(1, {ROWS}) AS n"),
        ),
        false => (
            "unhex('01900000000070008000' || printf('%012x', n))",
            "1704067200000000 + n * 60000000",
            "'2026-01-05'",
            format!(
                "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {ROWS}) SELECT n FROM c)"
            ),
        ),
    };
    let statement = format!(
        "INSERT INTO deals (organization_id, id, version, created_at, created_by, updated_at, title, company_id, \
         pipeline_id, stage_id, status, value_minor, value_currency, opened_on, expected_close, actual_close, \
         owner_id, tags) SELECT {organization}, {row_id}, 1, {time}, {owner}, {time}, 'Deal ' || n, {company}, \
         {pipeline}, {stage}, {status}, n * 100, 'EUR', {day}, {day}, {close}, \
         CASE WHEN n <= {hundredth} THEN {old} WHEN n % 100 = n / 100 % 100 THEN {spread} ELSE {owner} END, '[]' \
         FROM {numbers}",
        organization = id(&large.id),
        owner = id(&filled.user),
        company = id(&large.company),
        pipeline = id(&large.pipeline),
        stage = by_status(&open, &won, &lost),
        status = by_status("'OPEN'", "'WON'", "'LOST'"),
        close = by_status("NULL", day, day),
        hundredth = ROWS / 100,
        old = pick(old),
        spread = pick(spread),
    );
    let mut conn = connect(kind, server)?;
    if !postgres {
        conn.batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000")?;
    }
    conn.batch(&statement)?;
    // SQLite's planner is told from the beginning what large tables are like.
    conn.batch(if postgres {
        "ANALYZE"
    } else {
        "PRAGMA wal_checkpoint(TRUNCATE)"
    })
}
