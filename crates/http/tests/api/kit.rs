//! What several of these tests look at.

use firma_testing::{Client, Server};
use serde_json::{Value, json};

/// Tables that a refused call must leave as they were.
const TABLES: &[&str] = &[
    "api_keys",
    "api_key_prefixes",
    "companies",
    "contacts",
    "deals",
    "deal_contacts",
    "activities",
    "stages",
    "pipelines",
    "teams",
    "team_members",
    "roles",
    "role_permissions",
    "invitations",
    "stage_periods",
    "tags",
    "emails",
    "search_words",
    "audit_entries",
    "events",
    "idempotency_keys",
];

/// How many rows there are of each kind.
pub(crate) fn stored(server: &Server) -> Vec<(&'static str, i64)> {
    let count = |table| {
        (
            table,
            server.base.number(&format!("SELECT COUNT(*) FROM {table}")),
        )
    };
    TABLES.iter().copied().map(count).collect()
}

/// How many rows a table has.
pub(crate) fn rows(server: &Server, table: &str) -> i64 {
    server.base.number(&format!("SELECT COUNT(*) FROM {table}"))
}

/// The rows of a page.
#[track_caller]
pub(crate) fn data(page: &Value) -> Vec<Value> {
    page["data"]
        .as_array()
        .unwrap_or_else(|| panic!("no page: {page}"))
        .clone()
}

/// A field of each row of a page, as text.
#[track_caller]
pub(crate) fn texts(rows: &[Value], field: &str) -> Vec<String> {
    let text = |row: &Value| {
        row[field]
            .as_str()
            .unwrap_or_else(|| panic!("no {field} in {row}"))
            .to_owned()
    };
    rows.iter().map(text).collect()
}

/// Walks a list to its end by its cursors; `path` has a query already.
#[track_caller]
pub(crate) fn walk(client: &Client, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = path.to_owned();
    for _ in 0..100 {
        let answer = client.get(&next);
        let link = answer.header("link").map(str::to_owned);
        let page = answer.expect(200);
        all.extend(data(&page));
        let cursor = &page["pagination"]["next_cursor"];
        assert_eq!(
            page["pagination"]["has_more"],
            json!(cursor.is_string()),
            "{path}"
        );
        let Some(cursor) = cursor.as_str() else {
            assert_eq!((cursor, link), (&Value::Null, None), "{path}");
            return all;
        };
        next = format!("{path}&cursor={cursor}");
        assert_eq!(link, Some(format!("<{next}>; rel=\"next\"")));
    }
    panic!("{path} has no end");
}

/// `#/title` and such of a problem's errors.
pub(crate) fn pointers(problem: &Value) -> Vec<String> {
    texts(
        problem["errors"].as_array().map_or(&[][..], Vec::as_slice),
        "pointer",
    )
}
