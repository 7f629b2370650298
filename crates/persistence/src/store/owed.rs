//! What a call that writes on PostgreSQL leaves to its last statement, so that one is all that stores, and no
//! transaction is begun around it.
//!
//! The first attempt takes for granted what nearly always is: that a row which is referred to lives, and is the one
//! that was read. The last statement stores if that holds, and holds those rows as it does so; where it stores nothing,
//! or the use case refused, the call is run again, in a transaction, and looks.

use super::rows::{Beside, storing};
use super::tx::{Tx, Unit};
use crate::backend::AnyConnection;
use crate::fault::{Failure, Fault};
use crate::sql::Sql;
use diesel::sql_types::Bool;
use std::mem::take;

/// What is left to the last statement.
#[derive(Default)]
pub(crate) struct Owed {
    /// Statements that store, and what each is called in the last
    pub(super) stores: Vec<Beside>,
    /// Queries that have to find a row each
    pub(super) proofs: Vec<Sql>,
    /// Whether anything was left to it, done by now or not
    is_used: bool,
}

impl Owed {
    pub(super) fn is_empty(&self) -> bool {
        self.stores.is_empty() && self.proofs.is_empty()
    }
}

impl Tx<'_> {
    /// Whether something can be left to the last statement.
    pub(super) fn can_owe(&self) -> bool {
        let has_stores = |unit: &Unit| !unit.owed.stores.is_empty();
        let is_free = self.unit.as_ref().is_some_and(|unit| !has_stores(unit));
        is_free && self.is_postgres() && self.is_first_attempt() && !self.is_open()
    }

    /// Leaves a query to it that has to find a row.
    pub(super) fn owe_proof(&mut self, proof: Sql) -> Result<(), Fault> {
        let owed = &mut self.unit()?.owed;
        owed.is_used = true;
        owed.proofs.push(proof);
        Ok(())
    }

    /// Leaves statements to it that store.
    pub(super) fn owe(&mut self, stores: Vec<Beside>) -> Result<(), Fault> {
        let owed = &mut self.unit()?.owed;
        owed.is_used = true;
        owed.stores = stores;
        Ok(())
    }

    /// What went wrong, where it may be because of what was taken for granted: then the call is run again, and looks.
    pub(crate) fn doubted<E: Failure>(&self, error: E) -> E {
        let is_doubtful = self.presumed.is_some() || self.unit.as_ref().is_some_and(|unit| unit.owed.is_used);
        match error.fault().is_some_and(Fault::is_ours) || !is_doubtful {
            true => error,
            false => E::from(Fault::Again),
        }
    }

    /// The connection, for what stores or holds: in a call that writes, in its transaction.
    pub(crate) fn conn(&mut self) -> Result<&mut AnyConnection, Fault> {
        self.prove()?;
        if self.unit.is_some() {
            self.open_up()?;
        }
        Ok(self.bare())
    }

    /// The connection, for what only looks: a transaction would change nothing in what it sees.
    pub(crate) fn looking(&mut self) -> Result<&mut AnyConnection, Fault> {
        self.prove()?;
        let is_stored = |unit: &Unit| unit.owed.stores.is_empty();
        match self.unit.as_ref().is_none_or(is_stored) {
            true => Ok(self.bare()),
            false => self.conn(),
        }
    }

    /// Begins the transaction, if it isn't begun, and does in it what was left to the last statement, in the order in
    /// which it was: what is referred to is held before anything is changed.
    fn open_up(&mut self) -> Result<(), Fault> {
        self.begin()?;
        let Some(unit) = &mut self.unit else { return Ok(()) };
        let (proofs, stores) = (take(&mut unit.owed.proofs), take(&mut unit.owed.stores));
        if !proofs.is_empty() {
            let all = Sql::<Bool>::text("SELECT TRUE WHERE TRUE").each_finds(proofs);
            let found = all.rows_on::<bool>(self.bare())?;
            if found.is_empty() {
                return Err(Fault::Again);
            }
        }
        if !stores.is_empty() {
            storing(stores).run_on(self.bare()).map_err(again)?;
        }
        Ok(())
    }
}

impl<R> Sql<R> {
    /// … and each of these finds a row.
    pub(super) fn each_finds(self, proofs: Vec<Sql>) -> Self {
        let and = |statement: Self, proof| statement.then(" AND EXISTS (").nested(proof).then(")");
        proofs.into_iter().fold(self, and)
    }
}

/// A fault of what was left to the last statement, which then stored nothing. The next attempt, in a transaction,
/// tells what it means, or meets it again.
pub(super) fn again(fault: Fault) -> Fault {
    match fault {
        Fault::Conflict(_) | Fault::Reference | Fault::Internal(_) => Fault::Again,
        other => other,
    }
}
