//! Rows that go with another one, and come back with it: as many as there are, in a few statements.

use super::repo::Repo;
use super::stored::Stored;
use crate::fault::Fault;
use crate::sql::{Cond, Hold, Op, Tail, Value};
use firma_auth::access::Writes;
use firma_domain::{Id, Record};

/// So many in one statement.
const TOGETHER: usize = 1_000;

impl<E: Stored, A: Writes> Repo<'_, '_, E, A> {
    /// The live rows that fit, all about to be deleted. Whether they fit is looked at once they are held: who was changed
    /// at once, and doesn't any more, isn't among them.
    pub fn some_for_delete(&mut self, fits: Vec<Cond>) -> Result<Vec<Record<E>>, Fault> {
        let mut cond = self.visible(self.grant.seen(), false);
        cond.extend(fits);
        let tail = Tail {
            hold: Some(Hold::Delete),
            ..Tail::default()
        };
        let rows = self.rows(cond, tail)?;
        rows.iter().try_for_each(|row| self.check_owner(&row.value))?;
        Ok(rows)
    }

    /// Deletes them softly, as they were found, under the deletion of what they go with.
    pub fn delete_all(&mut self, rows: &[Record<E>], deletion: Id) -> Result<(), Fault> {
        self.mark("deleted", rows, Some(deletion))
    }

    /// The rows that one delete took.
    pub fn taken_by(&mut self, deletion: Id) -> Result<Vec<Record<E>>, Fault> {
        let mut cond = self.visible(self.grant.seen(), true);
        cond.push(Cond::Is(E::COMMON.deletion_id, Op::Eq, deletion.into()));
        self.rows(cond, Tail::default())
    }

    /// Brings them back as they were found.
    pub fn restore_all(&mut self, rows: &[Record<E>]) -> Result<(), Fault> {
        self.mark("restored", rows, None)
    }

    /// Marks rows as deleted, or as not, and nothing else of them.
    fn mark(&mut self, verb: &str, rows: &[Record<E>], deletion: Option<Id>) -> Result<(), Fault> {
        self.tx.unit()?;
        let now = self.tx.now();
        let deleted_at = deletion.map(|_| now);
        let mut by_version: Vec<_> = rows.iter().map(|row| (row.version, row.id)).collect();
        by_version.sort_unstable();
        for same in by_version.chunk_by(|(one, _), (next, _)| one == next) {
            for some in same.chunks(TOGETHER) {
                let mut cond = self.within(self.grant.seen());
                let ids = some.iter().map(|(_, id)| (*id).into()).collect();
                cond.push(Cond::one_of(E::COMMON.id, ids));
                cond.extend(
                    some.first()
                        .map(|(version, _)| Cond::Is(E::COMMON.version, Op::Eq, Value::Int(*version))),
                );
                if self.tx.mark::<E>(Cond::All(cond), deleted_at, deletion)? != some.len() {
                    return Err(Fault::Changed);
                }
            }
        }
        self.tx.referred.forget_what_follows::<E>();
        for before in rows {
            let after = Record {
                version: before.version + 1,
                updated_at: now,
                deleted_at,
                deletion_id: deletion,
                ..before.clone()
            };
            self.follow(verb, before, &after)?;
        }
        Ok(())
    }
}
