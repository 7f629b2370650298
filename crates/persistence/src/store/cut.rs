//! Cutting a log: the oldest entries go with what they say, and a checkpoint stands in their place. On
//! PostgreSQL only a function of the schema's owner can do it, which refuses what is younger than a year; on
//! SQLite a trigger does.

use super::checkpoint::Checkpoint;
use super::tx::Tx;
use super::walked::{Walk, Walked};
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Bool, Integer};
use firma_auth::access::Disposing;
use firma_auth::keys::Key;
use firma_auth::signed::sign;
use firma_domain::{Id, Instant};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// So many entries went
    Gone(i64),
    /// Nothing did: what was to go isn't whole, and so is needed to find out what became of it
    Broken(i64, &'static str),
}

impl Tx<'_> {
    /// The organizations that don't keep their log for ever, and for how many days they do.
    pub fn logs_to_cut(&mut self) -> Result<Vec<(Id, i32)>, Fault> {
        let rows = Sql::<(IdType, Integer)>::text(
            "SELECT id, audit_days FROM tenants WHERE audit_days IS NOT NULL AND deleted_at IS NULL ORDER BY id",
        )
        .rows::<(Uid, i32)>(self)?;
        Ok(rows.into_iter().map(|(id, days)| (id.0, days)).collect())
    }

    /// Cuts at least `most` of the entries from before an instant, if there are so many: those of whole
    /// transactions, and only while they are as they were written.
    pub fn cut_log(
        &mut self,
        disposing: Disposing,
        before: Instant,
        key: &Key,
        most: i64,
    ) -> Result<Cut, Fault> {
        self.unit()?;
        let organization = disposing.organization();
        self.fenced(organization)?;
        let from = match self.log_begins(organization, Some(key), Walked::default())? {
            Ok((_, from)) => from,
            Err((number, what)) => return Ok(Cut::Broken(number, what)),
        };
        let begun = from.number;
        let oldest = Sql::<Bool>::text("SELECT occurred_at < ")
            .bind(before)
            .then(" FROM audit_entries WHERE organization_id = ")
            .bind(organization)
            .then(" AND number = ")
            .bind(Value::Big(begun.saturating_add(1)));
        if oldest.maybe::<bool>(self)? == Some(false) {
            return Ok(Cut::Gone(0));
        }
        let mut walk = Walk::behind(from);
        'log: loop {
            let page = self.log_page(organization, walk.number)?;
            if page.is_empty() {
                if let Err((number, what)) = walk.end() {
                    return Ok(Cut::Broken(number, what));
                }
                break;
            }
            for row in page {
                let is_old = row.0.3.0 < before;
                // The first that stays is walked too: with it, the transaction before it ends.
                if let Err((number, what)) = walk.step(organization, row) {
                    return Ok(Cut::Broken(number, what));
                }
                if !is_old {
                    break 'log;
                }
            }
            if walk.settled.number.saturating_sub(begun) >= most {
                break;
            }
        }
        let Some(entry_at) = walk.settled_at.filter(|at| *at < before) else {
            return Ok(Cut::Gone(0));
        };
        let Walked { number, head } = walk.settled;
        let mut checkpoint = Checkpoint {
            number,
            digest: head,
            entry_at,
            entries: number.saturating_sub(begun),
            cut_at: self.now(),
            signature: String::new(),
        };
        checkpoint.signature = sign(key, &checkpoint.message(organization));
        let entries = checkpoint.entries;
        self.store_cut(organization, checkpoint)?;
        Ok(Cut::Gone(entries))
    }

    fn store_cut(&mut self, organization: Id, made: Checkpoint) -> Result<(), Fault> {
        let number = made.number;
        let values = vec![
            organization.into(),
            Value::Big(number),
            Value::Bytes(made.digest),
            made.entry_at.into(),
            Value::Big(made.entries),
            made.cut_at.into(),
            Value::Text(made.signature),
        ];
        if self.is_postgres() {
            return Sql::<BigInt>::text("SELECT cut_audit_log(")
                .binds(values)
                .then(")")
                .one::<i64>(self)
                .map(drop);
        }
        Sql::<()>::text(
            "INSERT INTO audit_checkpoints (organization_id, number, digest, entry_at, entries, cut_at, signature) VALUES (",
        )
        .binds(values)
        .then(")")
        .run(self)?;
        Sql::<()>::text("DELETE FROM audit_payloads WHERE organization_id = ")
            .bind(organization)
            .then(" AND entry_id IN (SELECT a.id FROM audit_entries a WHERE a.organization_id = ")
            .bind(organization)
            .then(" AND a.number <= ")
            .bind(Value::Big(number))
            .then(")")
            .run(self)?;
        Sql::<()>::text("DELETE FROM audit_entries WHERE organization_id = ")
            .bind(organization)
            .then(" AND number <= ")
            .bind(Value::Big(number))
            .run(self)?;
        Ok(())
    }
}
