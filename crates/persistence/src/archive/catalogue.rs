//! The tables as the database itself lists them, and how each column's values are written as text.

use crate::backend::AnyConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

/// A column and what kind of value is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    pub name: String,
    /// `text`, `int`, `bool`, `day`, `id`, `at` or `bytes`
    pub kind: &'static str,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
}

const POSTGRES: &str = "SELECT (c.table_name || ' ' || c.column_name || ' ' || c.data_type)::text \
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER' \
    AND c.table_name <> '__diesel_schema_migrations' ORDER BY c.table_name COLLATE \"C\", c.ordinal_position";

const SQLITE: &str = "SELECT m.name || ' ' || c.name || ' ' || c.type FROM sqlite_master m, pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND m.name <> '__diesel_schema_migrations' \
    ORDER BY m.name, c.cid";

/// All tables of ours.
pub(crate) fn tables(conn: &mut AnyConnection) -> Result<Vec<Table>, String> {
    let lines: Vec<String> = match conn {
        AnyConnection::Pg(c) => sql::<Text>(POSTGRES).load(c),
        AnyConnection::Sqlite(c) => sql::<Text>(SQLITE).load(c),
    }
    .map_err(|e| e.to_string())?;
    let mut tables: Vec<Table> = Vec::new();
    for line in lines {
        let mut words = line.splitn(3, ' ');
        let (Some(table), Some(name), Some(of)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("a column without a type: {line}"));
        };
        let kind = kind(name, of)
            .ok_or_else(|| format!("{table}.{name} is of a type that no archive holds: {of}"))?;
        let column = Column {
            name: name.to_owned(),
            kind,
        };
        match tables.last_mut().filter(|last| last.name == table) {
            Some(last) => last.columns.push(column),
            None => tables.push(Table {
                name: table.to_owned(),
                columns: vec![column],
            }),
        }
    }
    Ok(tables)
}

/// PostgreSQL's types tell. SQLite has one type for ids and bytes, and one for numbers and instants, so
/// there the names tell too; a test compares what both databases say.
fn kind(name: &str, of: &str) -> Option<&'static str> {
    let is_id = name == "id" || name.ends_with("_id") || name.ends_with("_by");
    Some(match of {
        "text" | "TEXT" => "text",
        "BLOB" if is_id => "id",
        "INTEGER" | "BIGINT" if name.ends_with("_at") => "at",
        "integer" | "bigint" | "smallint" | "INTEGER" | "BIGINT" => "int",
        "boolean" | "BOOLEAN" => "bool",
        "date" | "DATE" => "day",
        "uuid" => "id",
        "timestamp with time zone" => "at",
        "bytea" | "BLOB" => "bytes",
        _ => return None,
    })
}

impl Column {
    /// The value as a text, the same for both databases.
    pub(super) fn read(&self, postgres: bool) -> String {
        let name = quoted(&self.name);
        match (self.kind, postgres) {
            ("id", true) => format!("replace({name}::text, '-', '')"),
            ("bytes", true) => format!("encode({name}, 'hex')"),
            ("at", true) => format!("(extract(epoch FROM {name}) * 1000000)::bigint::text"),
            ("bool", true) => format!("{name}::int::text"),
            (_, true) => format!("{name}::text"),
            ("id" | "bytes", false) => format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"),
            (_, false) => format!("CAST({name} AS TEXT)"),
        }
    }

    /// The value from the text at that place of a row.
    pub(super) fn write(&self, at: usize, postgres: bool) -> String {
        let text = match postgres {
            true => format!("(r->>{at})"),
            false => format!("json_extract(r.value, '$[{at}]')"),
        };
        match (self.kind, postgres) {
            ("text", _) | ("day", false) => text,
            ("id", true) => format!("{text}::uuid"),
            ("bytes", true) => format!("decode({text}, 'hex')"),
            // An interval is multiplied as a double, which has 53 bits: from 2255 on the microseconds of an instant have
            // more. Whole seconds, and what is beside them, have fewer.
            ("at", true) => format!(
                "timestamptz 'epoch' + ({text}::bigint / 1000000) * interval '1 second' \
                 + ({text}::bigint % 1000000) * interval '1 microsecond'"
            ),
            ("bool", true) => format!("{text}::int::boolean"),
            ("day", true) => format!("{text}::date"),
            (_, true) => format!("{text}::bigint"),
            ("id" | "bytes", false) => format!("unhex({text})"),
            (_, false) => format!("CAST({text} AS INTEGER)"),
        }
    }
}

/// An identifier for SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
