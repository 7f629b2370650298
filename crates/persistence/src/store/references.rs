//! What refers to what, as the database's own catalogue says, for the purge: what holds a row.

use super::tx::Tx;
use crate::backend::{AnyConnection, Id as IdType};
use crate::fault::Fault;
use crate::operating::{ENTITIES, EntityTable};
use crate::sql::{Col, Cond, Sql, Value};
use diesel::sql_types::{Nullable, Text};
use firma_domain::organizations::Organization;
use firma_domain::{Entity, Id};

/// Tables without an entity of their own whose rows go with the row that a column names: table, column, of
/// what.
pub const HANGING: &[(&str, &str, &str)] = &[
    ("stage_periods", "deal_id", "deals"),
    ("role_permissions", "role_id", "roles"),
    ("import_rows", "import_id", "imports"),
    ("import_refusals", "import_id", "imports"),
];

/// A reference from one table to another.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) to: String,
    pub(super) from: String,
    /// Pairs of columns: of the one that refers, and of the one referred to
    pub(super) columns: Vec<(String, String)>,
}

/// What refers to what.
#[derive(Debug)]
pub struct References(pub(super) Vec<Reference>);

const POSTGRES: &str = "SELECT (t.relname || ' ' || f.relname || ' ' || (SELECT string_agg(a.attname || '=' || b.attname, ' ' \
    ORDER BY k.n) FROM unnest(c.conkey, c.confkey) WITH ORDINALITY k (one, other, n) \
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.one \
    JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other))::text \
    FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid \
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace";

const SQLITE: &str = "SELECT k.\"table\" || ' ' || m.name || ' ' || group_concat(k.\"from\" || '=' || k.\"to\", ' ') \
    FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' GROUP BY m.name, k.id, k.\"table\"";

impl Reference {
    fn read(line: &str) -> Option<Reference> {
        let mut words = line.split(' ');
        let (to, from) = (words.next()?.to_owned(), words.next()?.to_owned());
        let pair = |pair: &str| {
            pair.split_once('=')
                .map(|(one, other)| (one.to_owned(), other.to_owned()))
        };
        let columns: Option<Vec<_>> = words.map(pair).collect();
        Some(Reference {
            to,
            from,
            columns: columns?,
        })
    }

    /// Whether its row goes with the one that it refers to.
    pub(super) fn hangs(&self) -> bool {
        HANGING.iter().any(|(from, column, to)| {
            *from == self.from && *to == self.to && self.columns.iter().any(|(own, _)| own == column)
        })
    }
}

impl References {
    /// What refers to what in the database of a connection.
    pub(crate) fn on(conn: &mut AnyConnection) -> Result<References, Fault> {
        let lines = Sql::<Text>::either(POSTGRES, SQLITE).rows_on::<String>(conn)?;
        let read = |line: &String| Reference::read(line);
        let all: Option<Vec<_>> = lines.iter().map(read).collect();
        all.map(References)
            .ok_or_else(|| Fault::internal("a reference that isn't understood"))
    }

    /// What has a table, each before those whose tables its own refers to.
    pub(crate) fn order<T>(&self, mut left: Vec<T>, table: impl Fn(&T) -> &str) -> Vec<T> {
        let mut order = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let is_free = |of: &T| {
                let is_held = |reference: &Reference| {
                    reference.to == table(of)
                        && reference.from != table(of)
                        && left.iter().any(|other| table(other) == reference.from)
                };
                !self.0.iter().any(is_held)
            };
            // In a circle the database itself refuses.
            let next = left.iter().position(is_free).unwrap_or(0);
            order.push(left.remove(next));
        }
        order
    }

    /// The pairs of columns by which rows of a table refer to others of it: of the one that refers, and of the one
    /// referred to.
    pub(crate) fn within(&self, table: &str) -> impl Iterator<Item = &[(String, String)]> {
        let within = self.0.iter().filter(move |of| of.from == table && of.to == table);
        within.map(|of| of.columns.as_slice())
    }
}

pub(super) const DELETION: Col = Col {
    table: "t",
    name: "deletion_id",
};

impl Tx<'_> {
    /// What refers to what in this database.
    pub fn references(&mut self) -> Result<References, Fault> {
        References::on(self.conn()?)
    }
}

/// All but the organization's own row, which goes with everything in it or not at all.
pub(super) fn within_organizations() -> impl Iterator<Item = &'static EntityTable> {
    ENTITIES.iter().filter(|of| of.name != Organization::NAME)
}

pub(super) fn values(ids: &[Id]) -> Vec<Value> {
    ids.iter().map(|id| (*id).into()).collect()
}

/// The deletion of a row, and that of what refers to it.
pub(super) type Holders = Sql<(IdType, Nullable<IdType>)>;

/// What holds rows of deletions by a reference: the deletion of each such row, and that of what refers to it,
/// or of what this hangs on; none where that lives. What one delete took doesn't hold itself.
pub(super) fn holders(organization: Id, reference: &Reference, deletions: &[Id]) -> Holders {
    let holder = |statement: Holders| {
        if ENTITIES.iter().any(|of| of.table == reference.from) {
            return statement.then("r.deletion_id");
        }
        match HANGING.iter().find(|(from, ..)| *from == reference.from) {
            Some((_, column, to)) => statement
                .then("(SELECT p.deletion_id FROM ")
                .then(to)
                .then(" p WHERE p.organization_id = r.organization_id AND p.id = r.")
                .then(column)
                .then(")"),
            None => statement.then_either("NULL::uuid", "NULL"),
        }
    };
    let mut over = holder(Sql::text("SELECT DISTINCT t.deletion_id, "))
        .then(" FROM ")
        .quoted(&reference.to)
        .then(" t JOIN ")
        .quoted(&reference.from);
    for (n, (own, other)) in reference.columns.iter().enumerate() {
        let glue = if n > 0 { " AND r." } else { " r ON r." };
        over = over.then(glue).quoted(own).then(" = t.").quoted(other);
    }
    over = over
        .then(" WHERE t.organization_id = ")
        .bind(organization)
        .then(" AND ")
        .cond(Cond::one_of(DELETION, values(deletions)))
        .then(" AND (");
    over = holder(over).then(" IS NULL OR ");
    holder(over).then(" <> t.deletion_id)")
}
