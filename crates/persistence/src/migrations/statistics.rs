//! What SQLite's planner knows of the tables. It has no statistics unless somebody runs `ANALYZE`, and takes every
//! index for as good as another then: a list by status and company is sought by its status, a purge walks an
//! organization. What it found in a young database would be wrong in an old one, too. So it is told the same everywhere:
//! what each index is like where an organization has grown large. Plans don't change with the rows, and the tests look at
//! those that everybody has.

use crate::backend::AnyConnection;
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Text};
use std::collections::BTreeMap;

/// Rows of a large table, of two organizations.
const ROWS: i64 = 2_000_000;
const ORGANIZATIONS: i64 = 2;
/// Tables of how a firm is set up have some thousand rows.
const SMALL: [&str; 11] = [
    "api_keys",
    "invitations",
    "memberships",
    "pipelines",
    "role_assignments",
    "role_permissions",
    "roles",
    "stages",
    "team_members",
    "teams",
    "tenants",
];
const SMALL_ROWS: i64 = 10_000;

/// The columns of all indexes in their order: table, index, its condition, column, type, whether the index is unique.
/// The key's tree of a table WITHOUT ROWID goes by the table's name.
const COLUMNS: &str = "SELECT m.name, \
    CASE WHEN i.origin = 'pk' AND m.sql LIKE '%WITHOUT ROWID%' THEN m.name ELSE i.name END, \
    COALESCE((SELECT substr(s.sql, instr(s.sql, ' WHERE ')) FROM sqlite_schema s WHERE s.name = i.name AND i.partial), ''), \
    x.name, c.type, i.\"unique\" \
    FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_info(i.name) x, pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND c.name = x.name ORDER BY 1, 2, x.seqno";

type Column = (String, String, String, String, String, i64);
/// By table and index: rows, and how many of them have the same in the first column, the first two, and so on.
type Statistics = BTreeMap<(String, String), String>;

/// Tells SQLite; again and again without change.
pub(super) fn tell(conn: &mut AnyConnection) -> Result<(), Fault> {
    if let AnyConnection::Pg(_) = conn {
        return Ok(());
    }
    // Makes the tables of statistics, and looks at nothing.
    conn.batch("ANALYZE sqlite_schema")?;
    let wanted = wanted(conn)?;
    if told(conn)? == wanted {
        return Ok(());
    }
    conn.batch("BEGIN IMMEDIATE")?;
    let done = put(conn, wanted).and_then(|()| Ok(conn.batch("COMMIT")?));
    if done.is_err() {
        let _ = conn.batch("ROLLBACK");
    }
    done
}

fn put(conn: &mut AnyConnection, wanted: Statistics) -> Result<(), Fault> {
    conn.batch("DELETE FROM sqlite_stat1; DELETE FROM sqlite_stat4")?;
    for ((table, index), statistics) in wanted {
        Sql::<()>::text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (")
            .bind(Value::Text(table))
            .then(", ")
            .bind(Value::Text(index))
            .then(", ")
            .bind(Value::Text(statistics))
            .then(")")
            .run_on(conn)?;
    }
    Ok(())
}

fn told(conn: &mut AnyConnection) -> Result<Statistics, Fault> {
    // `ANALYZE` tells of a table without an index by its name alone.
    let rows = Sql::<(Text, Text, Text)>::text("SELECT tbl, COALESCE(idx, ''), stat FROM sqlite_stat1");
    let rows: Vec<(String, String, String)> = rows.rows_on(conn)?;
    let row = |(table, index, statistics)| ((table, index), statistics);
    Ok(rows.into_iter().map(row).collect())
}

fn wanted(conn: &mut AnyConnection) -> Result<Statistics, Fault> {
    let columns: Vec<Column> = Sql::<(Text, Text, Text, Text, Text, BigInt)>::text(COLUMNS).rows_on(conn)?;
    let is_one = |a: &Column, b: &Column| (&a.0, &a.1) == (&b.0, &b.1);
    let mut all = Statistics::new();
    for index in columns.chunk_by(is_one) {
        if let [(table, name, ..), ..] = index {
            all.insert((table.clone(), name.clone()), of(index));
        }
    }
    Ok(all)
}

fn of(index: &[Column]) -> String {
    let Some((table, _, condition, ..)) = index.first() else {
        return String::new();
    };
    let is_small = SMALL.contains(&table.as_str());
    let whole = if is_small { SMALL_ROWS } else { ROWS };
    let mut rows = if is_of_few(condition) { whole / 100 } else { whole };
    let mut text = rows.to_string();
    for (n, (.., column, kind, unique)) in index.iter().enumerate() {
        let is_whole = *unique != 0 && n + 1 == index.len();
        let alike = if is_whole { 1 } else { rows / values(column, kind) };
        rows = alike.max(1);
        text.push_str(&format!(" {rows}"));
    }
    text
}

/// Of what is deleted, most often: few rows have what the index asks for.
fn is_of_few(condition: &str) -> bool {
    condition.contains("IS NOT NULL") && !condition.contains("deleted_at IS NULL")
}

/// Roughly how many values a column has, in an organization.
fn values(column: &str, kind: &str) -> i64 {
    match column {
        "organization_id" => ORGANIZATIONS,
        _ if kind == "BOOLEAN" => 4,
        "entity_type" | "kind" | "severity" | "state" | "status" | "type" => 5,
        "action" | "industry" | "pipeline_id" | "stage_id" => 10,
        "actor_id" | "owner_id" | "role_id" | "tag" | "team_id" | "user_id" => 500,
        "id" | "number" => ROWS,
        _ if column.ends_with("_at") => ROWS / 2,
        _ => 50_000,
    }
}
