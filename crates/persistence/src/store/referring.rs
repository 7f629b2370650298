//! Rows that a call is about to refer to: that they live, and stay so until what refers to them is stored. A first
//! attempt may leave it to its last statement to see, and of one that is referred to often take for granted, too, that
//! it is as it was last. A call that refers to one again and again looks once.

use super::repo::Repo;
use super::stored::Stored;
use crate::fault::Fault;
use crate::sql::{Cond, Hold, Sql, Value};
use firma_auth::access::{Action, Reach};
use firma_auth::kept::Kept;
use firma_domain::{Id, Record};
use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Table, organization and id.
type Key = (&'static str, Id, Id);
type Row = Arc<dyn Any + Send + Sync>;
/// Which row, how it is held, and within whose reach it was looked for.
type Way = (Key, Hold, Id, Option<Reach>);

/// Rows as they were last.
pub(crate) type Rows = Kept<Key, Row>;

/// What a call has found. It holds it until its end, so nobody else deletes it, nor changes what it relies on; once the
/// call itself has changed any of them, or undone anything, it looks anew.
#[derive(Default)]
pub(super) struct Referred {
    rows: HashMap<Way, Row>,
    lives: HashSet<Way>,
}

impl Referred {
    pub(super) fn forget(&mut self) {
        self.rows.clear();
        self.lives.clear();
    }

    /// What the call may see otherwise from now on. A row that somebody owns is no more than itself; one that nobody
    /// owns may be what somebody reaches others by, as a place in a team is.
    pub(super) fn forget_what_follows<E: Stored>(&mut self) {
        if E::OWNER.is_none() {
            return self.forget();
        }
        self.rows.retain(|((table, ..), ..), _| *table != E::TABLE);
        self.lives.retain(|((table, ..), ..)| *table != E::TABLE);
    }
}

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// A live row that is about to be referred to: it isn't deleted before that is stored. A first attempt may
    /// hold nothing yet, and stores only if the row is of the version that was read.
    pub fn find_to_refer(&mut self, id: Id) -> Result<Option<Record<E>>, Fault> {
        self.held(id, Hold::Refer)
    }

    /// The same of a row that is referred to often: a first attempt doesn't even look, but takes it as it was last.
    pub fn recall_to_refer(&mut self, id: Id) -> Result<Option<Record<E>>, Fault> {
        if self.tx.can_owe()
            && let Some(last) = self.last(id)
        {
            self.owe_row(id, Hold::Refer, Some(&last))?;
            return Ok(Some(last));
        }
        let found = self.held(id, Hold::Refer)?;
        // What a transaction has changed may be undone with it, and its version be given to something else. And a list
        // in another table is read by another statement.
        if self.tx.is_postgres() && self.tx.sees_only_what_is_committed() && E::PARTS.is_none() {
            self.remember(id, found.as_ref());
        }
        Ok(found)
    }

    /// A live row that stays as it is until the call's changes are stored, in the same way.
    pub fn find_to_rely_on(&mut self, id: Id) -> Result<Option<Record<E>>, Fault> {
        self.held(id, Hold::Rely)
    }

    /// Whether a row lives that is about to be referred to; it isn't deleted before that is stored. A first attempt
    /// may take it for granted, and stores only if it does.
    pub fn may_be_referred_to(&mut self, id: Id) -> Result<bool, Fault> {
        if self.tx.can_owe() {
            self.owe_row(id, Hold::Refer, None)?;
            return Ok(true);
        }
        let way = self.way(id, Hold::Refer);
        if self.tx.referred.lives.contains(&way) {
            return Ok(true);
        }
        let (cond, tail) = self.named(id, Some(Hold::Refer));
        let found = self.tx.deleted_at::<E>(Cond::All(cond), tail)?;
        let lives = found == Some(None);
        if lives {
            self.tx.referred.lives.insert(way);
        }
        Ok(lives)
    }

    /// A live row that nobody else changes until the call's changes are stored: what is stored changes it too, or what
    /// goes by it.
    pub fn find_to_hold(&mut self, id: Id) -> Result<Option<Record<E>>, Fault> {
        self.held(id, Hold::Change)
    }

    fn held(&mut self, id: Id, hold: Hold) -> Result<Option<Record<E>>, Fault> {
        let is_owed = self.tx.can_owe();
        let way = self.way(id, hold);
        let held = self.tx.referred.rows.get(&way);
        if let Some(row) = held.and_then(|row| row.downcast_ref::<Record<E>>()) {
            return Ok(Some(row.clone()));
        }
        let found = match self.one(id, false, Some(hold).filter(|_| !is_owed)) {
            Err(Fault::Missing) => return Ok(None),
            found => found?,
        };
        match is_owed {
            true => self.owe_row(id, hold, Some(&found))?,
            false => drop(self.tx.referred.rows.insert(way, Arc::new(found.clone()))),
        }
        Ok(Some(found))
    }

    /// Leaves it to the last statement that a row lives, and is the one that was read. A version alone might come again,
    /// after a database was brought back to an earlier state.
    fn owe_row(&mut self, id: Id, hold: Hold, read: Option<&Record<E>>) -> Result<(), Fault> {
        let (cond, tail) = self.named(id, Some(hold));
        let mut proof = Sql::<()>::text("SELECT 1 FROM (SELECT version, updated_at, deleted_at FROM ")
            .then(E::TABLE)
            .then(" WHERE ")
            .cond(Cond::All(cond))
            .tail(tail)
            .then(") r WHERE r.deleted_at IS NULL");
        if let Some(read) = read {
            proof = proof
                .then(" AND r.version = ")
                .bind(Value::Int(read.version))
                .then(" AND r.updated_at = ")
                .bind(read.updated_at);
        }
        self.tx.owe_proof(proof)
    }

    /// The row as it was last; whether the grant reaches it is seen with its version.
    fn last(&self, id: Id) -> Option<Record<E>> {
        let row = self.tx.memory().rows.get(&self.key(id))?;
        row.downcast_ref().cloned()
    }

    fn remember(&self, id: Id, row: Option<&Record<E>>) {
        let rows = &self.tx.memory().rows;
        match row {
            Some(row) if self.last(id).as_ref() == Some(row) => {}
            Some(row) => rows.keep(self.key(id), Arc::new(row.clone())),
            None => rows.forget(&self.key(id)),
        }
    }

    fn key(&self, id: Id) -> Key {
        (E::TABLE, self.grant.organization(), id)
    }

    fn way(&self, id: Id, hold: Hold) -> Way {
        (self.key(id), hold, self.grant.actor(), self.grant.seen())
    }
}
