//! Cutting a log: the oldest entries go with what they say, and a checkpoint stands in their place. On
//! PostgreSQL only a function of the schema's owner can do it, which refuses what is younger than a year; on
//! SQLite a trigger does.

use super::checkpoint::Checkpoint;
use super::tx::Tx;
use super::walked::{Walk, Walked};
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use firma_auth::access::Disposing;
use firma_auth::keys::Key;
use firma_auth::signed::sign;
use firma_domain::organizations::Settings;
use firma_domain::{Id, Instant};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// So many entries went
    Gone(i64),
    /// Nothing did: what was to go isn't whole, and so is needed to find out what became of it
    Broken(i64, &'static str),
    /// Nothing did: what is read of the organization before any grant isn't what its settings say, which the
    /// doctor names
    Unsure,
}

const DAY: i64 = 86_400;

impl Tx<'_> {
    /// The organizations that don't keep their log for ever.
    pub fn logs_to_cut(&mut self) -> Result<Vec<Id>, Fault> {
        let rows = Sql::<IdType>::text(
            "SELECT id FROM tenants WHERE audit_days IS NOT NULL AND deleted_at IS NULL ORDER BY id",
        );
        Ok(rows.rows::<Uid>(self)?.into_iter().map(|id| id.0).collect())
    }

    /// For how many days the log is kept, none for ever: as the small row and the settings both say, or it
    /// isn't known. Stays so until the transaction ends.
    fn log_kept(&mut self, organization: Id) -> Result<Option<Option<i32>>, Fault> {
        let lock = Sql::<IdType>::text("SELECT id FROM tenants WHERE id = ").bind(organization);
        // Whoever changes it changes this row: the statement after it sees what came of that.
        lock.then_either(" FOR SHARE", "").one::<Uid>(self)?;
        let said = Sql::<(Nullable<Integer>, Text)>::text(
            "SELECT t.audit_days, o.settings FROM tenants t JOIN organizations o ON o.organization_id = t.id \
             AND o.id = t.id WHERE t.id = ",
        )
        .bind(organization)
        .maybe::<(Option<i32>, String)>(self)?;
        let Some((small, settings)) = said else {
            return Ok(None);
        };
        let Ok(settings) = serde_json::from_str::<Settings>(&settings) else {
            return Ok(None);
        };
        Ok(Some(small).filter(|small| *small == settings.retention.audit_days))
    }

    /// Cuts at least `most` of the entries that are older than the organization keeps them at this moment, by
    /// whole days in UTC, if there are so many: those of whole transactions, and only while they are as they
    /// were written.
    pub fn cut_log(&mut self, disposing: Disposing, key: &Key, most: i64) -> Result<Cut, Fault> {
        self.unit()?;
        let organization = disposing.organization();
        self.fenced(organization)?;
        let before = match self.log_kept(organization)? {
            None => return Ok(Cut::Unsure),
            Some(None) => return Ok(Cut::Gone(0)),
            Some(Some(days)) => kept_from(self.now(), days),
        };
        let from = match self.log_was_cut_at(organization, key)? {
            Ok(from) => from,
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

/// The beginning, in UTC, of the first day that is kept whole.
fn kept_from(now: Instant, days: i32) -> Instant {
    let today = now.plus_seconds(-now.seconds().rem_euclid(DAY));
    today.plus_seconds(-DAY.saturating_mul(i64::from(days)))
}
