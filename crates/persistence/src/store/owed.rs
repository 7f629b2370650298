//! What a call that writes on PostgreSQL leaves to its last statement, so that one is all that it stores, and no transaction is begun around it.
//!
//! The first attempt takes for granted what nearly always is: that a row which is referred to lives, and is the one
//! that was read. The last statement stores if that holds, and holds those rows as it does so; where it stores nothing,
//! or the use case refused, the call is run again, in a transaction, and looks.

use super::rows::{Beside, storing};
use super::tx::Tx;
use crate::backend::AnyConnection;
use crate::fault::{Failure, Fault};
use crate::sql::Sql;

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
        self.unit.is_some() && self.is_postgres() && self.is_first_attempt() && !self.is_open()
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
        self.settle()?;
        let owed = &mut self.unit()?.owed;
        owed.is_used = true;
        owed.stores = stores;
        Ok(())
    }

    /// What went wrong, where it may be because of what was taken for granted: then the call is run again, and looks.
    pub(crate) fn doubted<E: Failure>(&self, error: E) -> E {
        let is_doubtful = self.unit.as_ref().is_some_and(|unit| unit.owed.is_used);
        match error.fault().is_some_and(Fault::is_ours) || !is_doubtful {
            true => error,
            false => E::from(Fault::Again),
        }
    }

    /// The connection, for what stores or holds: in a call that writes, in its transaction.
    pub(crate) fn conn(&mut self) -> Result<&mut AnyConnection, Fault> {
        if self.unit.is_some() {
            self.begin()?;
        }
        self.settle()?;
        Ok(self.bare())
    }

    /// The connection, for what only looks: a transaction would change nothing in what it sees.
    pub(crate) fn looking(&mut self) -> Result<&mut AnyConnection, Fault> {
        self.settle()?;
        Ok(self.bare())
    }

    /// Stores what was left to the last statement before it, because it is to be seen.
    fn settle(&mut self) -> Result<(), Fault> {
        let stores = match &mut self.unit {
            Some(unit) if !unit.owed.stores.is_empty() => std::mem::take(&mut unit.owed.stores),
            _ => return Ok(()),
        };
        self.begin()?;
        storing(stores).run_on(self.bare()).map_err(again)?;
        Ok(())
    }
}

/// A fault of what was left to the last statement, which then stored nothing. In a transaction, the next attempt tells
/// what it means, or meets it again.
pub(super) fn again(fault: Fault) -> Fault {
    match fault {
        Fault::Conflict(_) | Fault::Reference | Fault::Internal(_) => Fault::Again,
        other => other,
    }
}
