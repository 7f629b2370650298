//! Rows that a call is about to refer to: that they live, and stay so until what refers to them is stored. A first
//! attempt may leave it to its last statement to see, and of one that is referred to often take for granted, too, that
//! it is as it was last.

use super::repo::Repo;
use super::stored::Stored;
use crate::fault::Fault;
use crate::sql::{Cond, Hold, Sql, Value};
use firma_auth::access::Action;
use firma_auth::kept::Kept;
use firma_domain::{Id, Record};
use std::any::Any;
use std::sync::Arc;

/// Rows as they were last, by table, organization and id.
pub(crate) type Rows = Kept<(&'static str, Id, Id), Arc<dyn Any + Send + Sync>>;

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// A live row that is about to be referred to: it isn't deleted before that is stored. A first attempt may
    /// hold nothing yet, nor look, and stores only if the row is of the same version still.
    pub fn find_to_refer(&mut self, id: Id) -> Result<Option<Record<E>>, Fault> {
        if self.tx.can_owe()
            && let Some(last) = self.last(id)
        {
            self.owe_row(id, Hold::Refer, Some(last.version))?;
            return Ok(Some(last));
        }
        let found = self.held(id, Hold::Refer)?;
        // What a transaction has changed may be undone with it, and its version be given to something else.
        if self.tx.is_postgres() && self.tx.sees_only_what_is_committed() {
            self.remember(id, found.clone());
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
        let (cond, tail) = self.named(id, Some(Hold::Refer));
        let found = self.tx.deleted_at::<E>(Cond::All(cond), tail)?;
        Ok(found == Some(None))
    }

    fn held(&mut self, id: Id, hold: Hold) -> Result<Option<Record<E>>, Fault> {
        let is_owed = self.tx.can_owe();
        let found = match self.one(id, false, Some(hold).filter(|_| !is_owed)) {
            Err(Fault::Missing) => return Ok(None),
            found => found?,
        };
        if is_owed {
            self.owe_row(id, hold, Some(found.version))?;
        }
        Ok(Some(found))
    }

    /// Leaves it to the last statement that a row lives, and is of that version.
    fn owe_row(&mut self, id: Id, hold: Hold, version: Option<i32>) -> Result<(), Fault> {
        let (cond, tail) = self.named(id, Some(hold));
        let mut proof = Sql::<()>::text("SELECT 1 FROM (SELECT version, deleted_at FROM ")
            .then(E::TABLE)
            .then(" WHERE ")
            .cond(Cond::All(cond))
            .tail(tail)
            .then(") r WHERE r.deleted_at IS NULL");
        if let Some(version) = version {
            proof = proof.then(" AND r.version = ").bind(Value::Int(version));
        }
        self.tx.owe_proof(proof)
    }

    /// The row as it was last; whether the grant reaches it is seen with its version.
    fn last(&self, id: Id) -> Option<Record<E>> {
        let row = self.tx.memory().rows.get(&self.key(id))?;
        row.downcast_ref().cloned()
    }

    fn remember(&self, id: Id, row: Option<Record<E>>) {
        let rows = &self.tx.memory().rows;
        match row {
            Some(row) => rows.keep(self.key(id), Arc::new(row)),
            None => rows.forget(&self.key(id)),
        }
    }

    fn key(&self, id: Id) -> (&'static str, Id, Id) {
        (E::TABLE, self.grant.organization(), id)
    }
}
