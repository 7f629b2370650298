//! The repository: every query carries the tenant and the reach of the grant that opened it.

use super::audit::{Note, changes};
use super::rows::Beside;
use super::stored::Stored;
use super::tx::{Tx, actor};
use crate::fault::Fault;
use crate::sql::{Cond, Hold, Op, Tail, Value};
use firma_auth::access::{Action, Grant, Reach, Writes};
use firma_domain::{Id, Record};

/// Rows of `E` of one organization, within a reach, for `A`.
pub struct Repo<'t, 'c, E, A> {
    pub(super) tx: &'t mut Tx<'c>,
    pub(super) grant: Grant<E, A>,
}

impl<'t, 'c, E: Stored, A: Action> Repo<'t, 'c, E, A> {
    pub(super) fn new(tx: &'t mut Tx<'c>, grant: Grant<E, A>) -> Self {
        Repo { tx, grant }
    }

    /// The condition that every query has: tenant, reach, and living or deleted.
    pub(super) fn visible(&self, reach: Option<Reach>, deleted: bool) -> Vec<Cond> {
        let common = E::COMMON;
        let mut all = self.within(reach);
        all.push(if deleted {
            Cond::NotNull(common.deleted_at)
        } else {
            Cond::Null(common.deleted_at)
        });
        all
    }

    /// Tenant and reach alone, for rows that are named by id: whether they live is looked at afterwards.
    /// Asked for live rows, PostgreSQL would, without statistics, walk a partial index instead of the key.
    pub(super) fn within(&self, reach: Option<Reach>) -> Vec<Cond> {
        let common = E::COMMON;
        let mut all = Vec::with_capacity(6);
        if crate::store::has_tenant_condition() {
            all.push(Cond::Is(
                common.organization,
                Op::Eq,
                self.grant.organization().into(),
            ));
        }
        let me = Value::from(self.grant.actor());
        match (reach, E::OWNER) {
            (Some(Reach::Org), _) => {}
            (Some(Reach::Own), Some(owner)) => all.push(Cond::Is(owner, Op::Eq, me)),
            (Some(Reach::Team), Some(owner)) => {
                all.push(Cond::TeamOf {
                    owner,
                    organization: self.grant.organization().into(),
                    member: me,
                });
            }
            // Nobody's row: only `org` reaches it.
            (_, None) | (None, _) => all.push(Cond::Any(vec![])),
        }
        all
    }

    pub(super) fn rows(&mut self, cond: Vec<Cond>, tail: Tail) -> Result<Vec<Record<E>>, Fault> {
        self.tx
            .select::<E>(self.grant.organization(), Cond::All(cond), tail)
    }

    /// The row of an id, within what may be seen.
    pub(super) fn named(&self, id: Id, hold: Option<Hold>) -> (Vec<Cond>, Tail) {
        let mut cond = self.within(self.grant.seen());
        cond.push(Cond::Is(E::COMMON.id, Op::Eq, id.into()));
        let tail = Tail {
            order: vec![],
            limit: Some(1),
            hold,
        };
        (cond, tail)
    }

    pub(super) fn one(&mut self, id: Id, deleted: bool, hold: Option<Hold>) -> Result<Record<E>, Fault> {
        let (cond, tail) = self.named(id, hold);
        self.rows(cond, tail)?
            .pop()
            .filter(|row| row.deleted_at.is_some() == deleted)
            .ok_or(Fault::Missing)
    }

    /// A live row.
    pub fn find(&mut self, id: Id) -> Result<Record<E>, Fault> {
        self.one(id, false, None)
    }

    /// A deleted row.
    pub fn find_deleted(&mut self, id: Id) -> Result<Record<E>, Fault> {
        self.one(id, true, None)
    }

    /// The live rows among these ids.
    pub fn by_ids(&mut self, ids: &[Id]) -> Result<Vec<Record<E>>, Fault> {
        let mut cond = self.within(self.grant.seen());
        cond.push(Cond::one_of(
            E::COMMON.id,
            ids.iter().map(|id| (*id).into()).collect(),
        ));
        let mut rows = self.rows(cond, Tail::default())?;
        rows.retain(|row| row.deleted_at.is_none());
        Ok(rows)
    }

    /// A live row that fits.
    pub fn first(&mut self, fits: Vec<Cond>) -> Result<Option<Record<E>>, Fault> {
        Ok(self.some(fits, 1)?.pop())
    }

    /// The live rows that fit, in no order: one that nobody needs would make the planner walk an index for it.
    pub fn some(&mut self, fits: Vec<Cond>, most: i64) -> Result<Vec<Record<E>>, Fault> {
        let mut cond = self.visible(self.grant.seen(), false);
        cond.extend(fits);
        let tail = Tail {
            limit: Some(most),
            ..Tail::default()
        };
        self.rows(cond, tail)
    }

    /// How many rows a list would have.
    pub fn count(&mut self, filters: &[Cond], deleted: bool) -> Result<i64, Fault> {
        let mut cond = self.visible(self.grant.seen(), deleted);
        cond.extend(filters.iter().cloned());
        self.tx.count::<E>(Cond::All(cond))
    }

    /// What may be seen, as a condition: for reports, which are written by hand.
    pub(crate) fn seen(&self) -> Cond {
        Cond::All(self.visible(self.grant.seen(), false))
    }
}

impl<E: Stored, A: Writes> Repo<'_, '_, E, A> {
    /// A row that is about to be changed: locked, and within what may be acted on.
    pub fn find_for_change(&mut self, id: Id) -> Result<Record<E>, Fault> {
        self.acted_on(id, Hold::Change)
    }

    /// A live row that is about to be deleted: nobody can refer to it meanwhile, and who just did is seen.
    pub fn find_for_delete(&mut self, id: Id) -> Result<Record<E>, Fault> {
        self.acted_on(id, Hold::Delete)
    }

    fn acted_on(&mut self, id: Id, hold: Hold) -> Result<Record<E>, Fault> {
        let found = self.one(id, false, Some(hold))?;
        self.check_owner(&found.value)?;
        Ok(found)
    }

    /// A deleted row that is about to be restored.
    pub fn find_for_restore(&mut self, id: Id) -> Result<Record<E>, Fault> {
        let found = self.one(id, true, Some(Hold::Change))?;
        self.check_owner(&found.value)?;
        Ok(found)
    }

    /// Holds a row until the end of the transaction.
    pub fn lock(&mut self, id: Id) -> Result<(), Fault> {
        self.one(id, false, Some(Hold::Change)).map(drop)
    }

    /// A new row with a new id.
    pub fn add(&mut self, value: E) -> Result<Record<E>, Fault> {
        let id = self.tx.new_id();
        self.add_as(id, value)
    }

    /// A new row whose id is given: a member's is the user's.
    pub fn add_as(&mut self, id: Id, value: E) -> Result<Record<E>, Fault> {
        self.add_beside(id, value, Vec::new())
    }

    /// A new row, and what comes with it from its entity alone.
    pub(crate) fn add_beside(&mut self, id: Id, value: E, beside: Vec<Beside>) -> Result<Record<E>, Fault> {
        let mut made = self.add_rows(vec![(id, value)], beside)?;
        made.pop().ok_or(Fault::Missing)
    }

    /// New rows, in one statement.
    pub fn add_many(&mut self, values: Vec<E>) -> Result<Vec<Record<E>>, Fault> {
        let rows = values
            .into_iter()
            .map(|value| (self.tx.new_id(), value))
            .collect();
        self.add_rows(rows, Vec::new())
    }

    fn add_rows(&mut self, rows: Vec<(Id, E)>, beside: Vec<Beside>) -> Result<Vec<Record<E>>, Fault> {
        self.tx.unit()?;
        let (now, organization) = (self.tx.now(), self.grant.organization());
        let created_by = actor(self.grant.actor());
        let mut records = Vec::with_capacity(rows.len());
        for (id, value) in rows {
            self.check_owner(&value)?;
            records.push(Record {
                id,
                version: 1,
                created_at: now,
                created_by,
                updated_at: now,
                deleted_at: None,
                deletion_id: None,
                value,
            });
        }
        self.tx.insert::<E>(organization, &records, beside)?;
        for record in &records {
            self.write_parts(None, record)?;
            self.outdate(record)?;
            self.note("created", None, Some(record))?;
        }
        Ok(records)
    }

    /// Stores a changed value over the row that was found for change. The verb is the entity's own.
    pub fn change(&mut self, before: &Record<E>, value: E) -> Result<Record<E>, Fault> {
        self.check_new_owner(before, &value)?;
        let verb = E::verb(&before.value, &value);
        self.store(
            verb,
            before,
            Record {
                value,
                ..before.clone()
            },
        )
    }

    /// Deletes softly. What one delete takes shares its `deletion`.
    pub fn delete(&mut self, before: &Record<E>, deletion: Id) -> Result<Record<E>, Fault> {
        let now = self.tx.now();
        self.store(
            "deleted",
            before,
            Record {
                deleted_at: Some(now),
                deletion_id: Some(deletion),
                ..before.clone()
            },
        )
    }

    /// Has a deleted row go with another deletion, and come back with that.
    pub fn delete_with(&mut self, before: &Record<E>, deletion: Id) -> Result<Record<E>, Fault> {
        let after = Record {
            deletion_id: Some(deletion),
            ..before.clone()
        };
        self.store("deleted", before, after)
    }

    /// Brings a deleted row back, with the value that it has from now on.
    pub fn restore(&mut self, before: &Record<E>, value: E) -> Result<Record<E>, Fault> {
        self.check_new_owner(before, &value)?;
        self.store(
            "restored",
            before,
            Record {
                deleted_at: None,
                deletion_id: None,
                value,
                ..before.clone()
            },
        )
    }

    fn store(&mut self, verb: &str, before: &Record<E>, mut after: Record<E>) -> Result<Record<E>, Fault> {
        self.tx.unit()?;
        after.version = before.version + 1;
        after.updated_at = self.tx.now();
        // A version lives or is deleted: no need to ask for both.
        let mut cond = self.within(self.grant.seen());
        cond.push(Cond::Is(E::COMMON.id, Op::Eq, before.id.into()));
        cond.push(Cond::Is(E::COMMON.version, Op::Eq, Value::Int(before.version)));
        if self.tx.update(Cond::All(cond), &after)? == 0 {
            return Err(Fault::Changed);
        }
        self.tx.referred.forget_what_follows::<E>();
        let organization = self.grant.organization();
        self.tx
            .refile(organization, after.id, &before.value, &after.value)?;
        self.follow(verb, before, &after)?;
        Ok(after)
    }

    /// What follows from a row that was stored over another.
    pub(super) fn follow(&mut self, verb: &str, before: &Record<E>, after: &Record<E>) -> Result<(), Fault> {
        self.write_parts(Some(&before.value), after)?;
        self.outdate(after)?;
        self.note(verb, Some(before), Some(after))
    }

    fn write_parts(&mut self, before: Option<&E>, after: &Record<E>) -> Result<(), Fault> {
        let by = (self.grant.organization(), self.grant.actor());
        match E::PARTS {
            Some(parts) => (parts.write)(self.tx, by, before, after),
            None => Ok(()),
        }
    }

    fn outdate(&mut self, stored: &Record<E>) -> Result<(), Fault> {
        match E::OUTDATES {
            Some(outdates) => outdates(self.tx, self.grant.organization(), &stored.value),
            None => Ok(()),
        }
    }

    fn note(
        &mut self,
        verb: &str,
        before: Option<&Record<E>>,
        after: Option<&Record<E>>,
    ) -> Result<(), Fault> {
        let Some(of) = after.or(before) else { return Ok(()) };
        let organization = self.grant.organization();
        self.tx.note(
            organization,
            Note {
                actor: actor(self.grant.actor()),
                key: self.grant.key(),
                entity: E::NAME,
                id: of.id,
                version: of.version,
                verb,
                changes: changes(before, after),
            },
        )
    }
}
