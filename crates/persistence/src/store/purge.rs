//! Purging: rows that were deleted long ago go for good, with what hangs on them. One mechanism over all
//! entities: which rows stay because another refers to them is asked of the database's own catalogue of
//! references, so that what nobody thought of keeps a row instead of breaking the purge.

use super::audit::Entry;
use super::tx::Tx;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::operating::{ENTITIES, EntityTable};
use crate::sql::{Col, Cond, Side, Sql, Value};
use diesel::sql_types::{Bool, Integer, Text};
use firma_auth::access::Disposing;
use firma_domain::organizations::Organization;
use firma_domain::{Entity, Id, Instant};

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
struct Reference {
    to: String,
    from: String,
    /// Pairs of columns: of the one that refers, and of the one referred to
    columns: Vec<(String, String)>,
}

/// What refers to what.
#[derive(Debug)]
pub struct References(Vec<Reference>);

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
    fn hangs(&self) -> bool {
        HANGING.iter().any(|(from, column, to)| {
            *from == self.from && *to == self.to && self.columns.iter().any(|(own, _)| own == column)
        })
    }
}

impl Tx<'_> {
    /// What refers to what in this database.
    pub fn references(&mut self) -> Result<References, Fault> {
        let lines = Sql::<Text>::either(POSTGRES, SQLITE).rows::<String>(self)?;
        let read = |line: &String| Reference::read(line);
        let all: Option<Vec<_>> = lines.iter().map(read).collect();
        all.map(References)
            .ok_or_else(|| Fault::internal("a reference that isn't understood"))
    }

    /// The organizations that aren't deleted themselves, and the nil one.
    pub fn kept_tenants(&mut self) -> Result<Vec<Id>, Fault> {
        let rows = Sql::<IdType>::text("SELECT id FROM tenants WHERE deleted_at IS NULL ORDER BY id");
        Ok(rows.rows::<Uid>(self)?.into_iter().map(|id| id.0).collect())
    }

    /// Whether an organization has rows that were deleted before an instant.
    pub fn purge_is_due(&mut self, disposing: Disposing, before: Instant) -> Result<bool, Fault> {
        let organization = disposing.organization();
        self.fenced(organization)?;
        let mut any = Sql::<Bool>::text("SELECT FALSE");
        for of in purged() {
            any = any
                .then(" OR EXISTS (SELECT 1 FROM ")
                .then(of.table)
                .then(" WHERE organization_id = ")
                .bind(organization)
                .then(" AND deleted_at < ")
                .bind(before)
                .then(")");
        }
        any.one::<bool>(self)
    }

    /// Takes away up to `most` rows that were deleted before an instant and that no other row refers to.
    /// Those that these refer to may go in the next call. How many went.
    pub fn purge(
        &mut self,
        disposing: Disposing,
        references: &References,
        before: Instant,
        most: i64,
    ) -> Result<i64, Fault> {
        self.unit()?;
        self.fenced(disposing.organization())?;
        let mut gone = 0;
        // What was declared later refers to what was before.
        for of in purged().rev() {
            let left = most.saturating_sub(gone);
            if left > 0 {
                gone += self.purge_some(disposing.organization(), of, references, before, left)?;
            }
        }
        Ok(gone)
    }

    fn purge_some(
        &mut self,
        organization: Id,
        of: &'static EntityTable,
        references: &References,
        before: Instant,
        most: i64,
    ) -> Result<i64, Fault> {
        let mut over = Sql::<(IdType, Integer)>::text("SELECT t.id, t.version FROM ")
            .then(of.table)
            .then(" t WHERE t.organization_id = ")
            .bind(organization)
            .then(" AND t.deleted_at < ")
            .bind(before);
        let to_it = |reference: &&Reference| reference.to == of.table && !reference.hangs();
        for reference in references.0.iter().filter(to_it) {
            over = over
                .then(" AND NOT EXISTS (SELECT 1 FROM ")
                .quoted(&reference.from);
            for (n, (own, other)) in reference.columns.iter().enumerate() {
                let glue = if n > 0 { " AND r." } else { " r WHERE r." };
                over = over.then(glue).quoted(own).then(" = t.").quoted(other);
            }
            over = over.then(")");
        }
        let rows = over
            .then(" ORDER BY t.id LIMIT ")
            .bind(Value::Big(most))
            .then_either(" FOR UPDATE OF t SKIP LOCKED", "")
            .rows::<(Uid, i32)>(self)?;
        if rows.is_empty() {
            return Ok(0);
        }
        let ids: Vec<Value> = rows.iter().map(|(id, _)| id.0.into()).collect();
        for (table, column, _) in HANGING.iter().filter(|(.., to)| *to == of.table) {
            self.take_away(organization, table, column, None, &ids)?;
        }
        for table in [Side::Tags.table(), Side::Emails.table(), "search_words"] {
            self.take_away(organization, table, "entity_id", Some(of.name), &ids)?;
        }
        self.take_away(organization, of.table, "id", None, &ids)?;
        for (id, version) in &rows {
            self.note_purge(organization, of, id.0, version.saturating_add(1))?;
        }
        Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
    }

    fn take_away(
        &mut self,
        organization: Id,
        table: &'static str,
        column: &'static str,
        entity: Option<&'static str>,
        ids: &[Value],
    ) -> Result<(), Fault> {
        let mut gone = Sql::<()>::text("DELETE FROM ")
            .then(table)
            .then(" WHERE organization_id = ")
            .bind(organization);
        if let Some(entity) = entity {
            gone = gone.then(" AND entity_type = ").bind(entity);
        }
        let column = Col { table, name: column };
        gone.then(" AND ")
            .cond(Cond::one_of(column, ids.to_vec()))
            .run(self)
            .map(drop)
    }

    /// That a row is gone is recorded, by nobody; what stood in it isn't.
    fn note_purge(&mut self, organization: Id, of: &EntityTable, id: Id, version: i32) -> Result<(), Fault> {
        let entry = Entry {
            id: self.new_id(),
            occurred_at: self.now(),
            actor: None,
            key: None,
            action: format!("{}.purged", of.name),
            entity_type: of.name,
            entity_id: id,
            version,
            changes: "{}".into(),
            salt: self.random(),
        };
        self.unit()?.entries.entry(organization).or_default().push(entry);
        Ok(())
    }
}

/// All but the organization's own row, which goes with everything in it or not at all.
fn purged() -> impl DoubleEndedIterator<Item = &'static EntityTable> {
    ENTITIES.iter().filter(|of| of.name != Organization::NAME)
}
