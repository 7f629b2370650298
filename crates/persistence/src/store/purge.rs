//! Purging: rows that were deleted long ago go for good, with what hangs on them. What one delete took goes
//! together or not at all, for a restore brings all of it back. One mechanism over all entities: which rows
//! stay because another refers to them is asked of the database's own catalogue of references, so that what
//! nobody thought of keeps a row instead of breaking the purge.

use super::audit::Note;
use super::references::{DELETION, HANGING, References, holders, values, within_organizations};
use super::tx::Tx;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::operating::EntityTable;
use crate::sql::{Col, Cond, Side, Sql, Value};
use diesel::sql_types::{Bool, Integer};
use firma_auth::access::Disposing;
use firma_domain::{Id, Instant};
use std::collections::{BTreeSet, HashMap};

/// What came of a part of a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    pub rows: i64,
    /// The last deletion that was looked at; none where there are no more
    pub after: Option<Id>,
}

/// A row that a deletion took.
struct Taken {
    id: Id,
    version: i32,
    deletion: Id,
}

/// The most values of one statement: both databases take more.
const VALUES: usize = 10_000;

impl Tx<'_> {
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
        for of in within_organizations() {
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

    /// Takes away what deletes took before an instant, all that each took, where nothing else refers to it:
    /// those behind one, up to about `most` rows. What was held by something that goes here may go in a call
    /// after it.
    pub fn purge(
        &mut self,
        disposing: Disposing,
        references: &References,
        before: Instant,
        after: Id,
        most: usize,
    ) -> Result<Purged, Fault> {
        self.unit()?;
        let organization = disposing.organization();
        self.fenced(organization)?;
        let looked = self.deletions(organization, before, after, most)?;
        let mut purged = Purged {
            rows: 0,
            after: looked.last().copied(),
        };
        let mut taken = self.taken(organization, &looked)?;
        let held = self.held(organization, references, &looked, &taken)?;
        for of in references.order(within_organizations().collect(), |of| of.table) {
            let mut rows = taken.remove(of.table).unwrap_or_default();
            rows.retain(|row| !held.contains(&row.deletion));
            self.purge_rows(organization, of, &rows)?;
            purged.rows += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        }
        Ok(purged)
    }

    /// The next deletions that took something before an instant, of about so many rows, in their order.
    fn deletions(
        &mut self,
        organization: Id,
        before: Instant,
        after: Id,
        most: usize,
    ) -> Result<Vec<Id>, Fault> {
        let mut all = Vec::new();
        for of in within_organizations() {
            let rows = deletions_of(organization, of, before, after, most).rows::<Uid>(self)?;
            all.extend(rows.into_iter().map(|id| id.0));
        }
        all.sort_unstable();
        all.truncate(most);
        all.dedup();
        Ok(all)
    }

    /// All rows that they took, by table. Held until the transaction ends, so that nobody restores them.
    fn taken(
        &mut self,
        organization: Id,
        deletions: &[Id],
    ) -> Result<HashMap<&'static str, Vec<Taken>>, Fault> {
        let mut taken = HashMap::new();
        if deletions.is_empty() {
            return Ok(taken);
        }
        for of in within_organizations() {
            let rows = Sql::<(IdType, Integer, IdType)>::text("SELECT t.id, t.version, t.deletion_id FROM ")
                .then(of.table)
                .then(" t WHERE t.organization_id = ")
                .bind(organization)
                .then(" AND ")
                .cond(Cond::one_of(DELETION, values(deletions)))
                .then_either(" ORDER BY t.id FOR UPDATE OF t", " ORDER BY t.id")
                .rows::<(Uid, i32, Uid)>(self)?;
            let row = |(id, version, deletion): (Uid, i32, Uid)| Taken {
                id: id.0,
                version,
                deletion: deletion.0,
            };
            if !rows.is_empty() {
                taken.insert(of.table, rows.into_iter().map(row).collect());
            }
        }
        Ok(taken)
    }

    /// Those of the deletions of which a row is held: by one that lives or was deleted later, or by one of a
    /// deletion that is held itself.
    fn held(
        &mut self,
        organization: Id,
        references: &References,
        deletions: &[Id],
        taken: &HashMap<&'static str, Vec<Taken>>,
    ) -> Result<BTreeSet<Id>, Fault> {
        let mut holds = Vec::new();
        for reference in references.0.iter().filter(|reference| !reference.hangs()) {
            if taken.contains_key(reference.to.as_str()) {
                let holders = holders(organization, reference, deletions);
                holds.extend(holders.rows::<(Uid, Option<Uid>)>(self)?);
            }
        }
        let mut held = BTreeSet::new();
        loop {
            let before = held.len();
            for (deletion, holder) in &holds {
                let goes = holder.is_some_and(|holder| {
                    deletions.binary_search(&holder.0).is_ok() && !held.contains(&holder.0)
                });
                if !goes {
                    held.insert(deletion.0);
                }
            }
            if held.len() == before {
                return Ok(held);
            }
        }
    }

    fn purge_rows(
        &mut self,
        organization: Id,
        of: &'static EntityTable,
        rows: &[Taken],
    ) -> Result<(), Fault> {
        for some in rows.chunks(VALUES) {
            let ids: Vec<Value> = some.iter().map(|row| row.id.into()).collect();
            for (table, column, _) in HANGING.iter().filter(|(.., to)| *to == of.table) {
                self.take_away(organization, table, column, None, &ids)?;
            }
            for table in Side::ALL.map(Side::table) {
                self.take_away(organization, table, "entity_id", Some(of.name), &ids)?;
            }
            self.take_away(organization, of.table, "id", None, &ids)?;
        }
        for row in rows {
            self.note_purge(organization, of, row.id, row.version.saturating_add(1))?;
        }
        Ok(())
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
        self.note(
            organization,
            Note {
                actor: None,
                key: None,
                entity: of.name,
                id,
                version,
                verb: "purged",
                changes: "{}".into(),
            },
        )
    }
}

/// The deletions of rows of a table, behind one.
fn deletions_of(
    organization: Id,
    of: &'static EntityTable,
    before: Instant,
    after: Id,
    most: usize,
) -> Sql<IdType> {
    Sql::text("SELECT t.deletion_id FROM ")
        .then(of.table)
        .then(" t WHERE t.organization_id = ")
        .bind(organization)
        .then(" AND t.deletion_id > ")
        .bind(after)
        // Plainly, PostgreSQL takes both for rare together, and sorts all that is deleted for each call.
        .then(" AND COALESCE(t.deleted_at < ")
        .bind(before)
        .then(", FALSE) ORDER BY t.deletion_id LIMIT ")
        .bind(Value::Big(i64::try_from(most).unwrap_or(i64::MAX)))
}

/// How the database looks for what a purge asks, and for what refers to a row that goes: for the test that it
/// looks by indexes.
#[cfg(feature = "testing")]
impl Tx<'_> {
    pub fn purge_plans(
        &mut self,
        disposing: Disposing,
        references: &References,
    ) -> Result<Vec<(String, Vec<String>)>, Fault> {
        let organization = disposing.organization();
        self.fenced(organization)?;
        let (now, ids) = (self.now(), [self.new_id(), self.new_id()]);
        let mut plans = Vec::new();
        for of in within_organizations() {
            let plan = deletions_of(organization, of, now, ids[0], 500).plan(self)?;
            plans.push((format!("the deletions of {}", of.table), plan));
        }
        let is_of = |to: &str| within_organizations().any(|of| of.table == to && of.table != "memberships");
        for reference in references.0.iter().filter(|reference| is_of(&reference.to)) {
            let of = format!("{} by {}", reference.to, reference.from);
            let plan = holders(organization, reference, &ids).plan(self)?;
            plans.push((format!("what holds {of}"), plan));
            let mut check = Sql::<Integer>::text("SELECT 1 FROM ").quoted(&reference.from);
            for (n, (own, _)) in reference.columns.iter().enumerate() {
                let glue = if n > 0 { " AND r." } else { " r WHERE r." };
                check = check.then(glue).quoted(own).then(" = ").bind(organization);
            }
            let plan = check.plan(self)?;
            plans.push((format!("the database's own check of {of}"), plan));
        }
        Ok(plans)
    }
}
