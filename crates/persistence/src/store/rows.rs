//! Storing and counting rows of any entity: statements over its list of columns, none compiled for it alone.

use super::owed::Owed;
use super::stored::{META, Stored};
use super::tx::{Tx, id_or_null, instant_or_null};
use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Cond, Hold, Sql, Tail, Value};
use diesel::sql_types::{BigInt, Nullable};
use firma_domain::{Id, Instant, Record};

/// A statement that stores what comes with new rows, and what it is called in theirs.
pub(crate) type Beside = (&'static str, Sql);

/// What new rows are called in a statement that stores more.
pub(super) const STORED: &str = "stored";

/// Both databases take that many values in a statement.
const MOST_VALUES: usize = 30_000;

impl Tx<'_> {
    /// Rows of one organization: the condition says of which.
    pub(crate) fn select<E: Stored>(
        &mut self,
        organization: Id,
        w: Cond,
        tail: Tail,
    ) -> Result<Vec<Record<E>>, Fault> {
        let mut rows = match self.proof_beside(&w, tail.hold) {
            Some(proof) => self.select_proving(Cond::All(vec![proof, w]), tail)?,
            None => {
                let conn = match tail.hold {
                    Some(_) => self.conn()?,
                    None => self.looking()?,
                };
                E::select(conn, w, tail)?
            }
        };
        match E::PARTS {
            Some(parts) if !rows.is_empty() => (parts.read)(self, organization, &mut rows)?,
            _ => {}
        }
        Ok(rows)
    }

    /// That what is presumed of the caller is so, as a part of a query: one that is planned anew each time is asked alone.
    fn proof_beside(&mut self, w: &Cond, hold: Option<Hold>) -> Option<Cond> {
        self.presumed.as_ref()?;
        // What was left to the last statement is done before anything is held.
        let is_free = |owed: &Owed| match hold {
            Some(_) => owed.is_empty(),
            None => owed.stores.is_empty(),
        };
        match w.is_kept() && self.unit.as_ref().is_none_or(|unit| is_free(&unit.owed)) {
            true => self.begin_proof().map(|proof| Cond::Gives(Box::new(proof))),
            false => None,
        }
    }

    /// Rows, and with them that what is presumed is so.
    fn select_proving<E: Stored>(&mut self, w: Cond, tail: Tail) -> Result<Vec<Record<E>>, Fault> {
        if tail.hold.is_some() && self.writes() {
            self.begin()?;
        }
        let rows = E::select(self.bare(), w, tail)?;
        match rows.is_empty() {
            true => self.proved_by_mark()?,
            false => self.proved(true)?,
        }
        Ok(rows)
    }

    /// When a row was deleted, if there is one.
    pub(super) fn deleted_at<E: Stored>(
        &mut self,
        w: Cond,
        tail: Tail,
    ) -> Result<Option<Option<Instant>>, Fault> {
        let found = Sql::<Nullable<AtType>>::text("SELECT deleted_at FROM ")
            .then(E::TABLE)
            .then(" WHERE ")
            .cond(w)
            .tail(tail)
            .maybe::<Option<At>>(self)?;
        Ok(found.map(|at| at.map(|at| at.0)))
    }

    pub(super) fn count<E: Stored>(&mut self, w: Cond) -> Result<i64, Fault> {
        Sql::<BigInt>::text("SELECT COUNT(*) FROM ")
            .then(E::TABLE)
            .then(" WHERE ")
            .cond(w)
            .one(self)
    }

    /// New rows, what they are found by, and what else comes with the first of them: on PostgreSQL in one statement.
    pub(super) fn insert<E: Stored>(
        &mut self,
        organization: Id,
        rows: &[Record<E>],
        mut beside: Vec<Beside>,
    ) -> Result<(), Fault> {
        let width = 1 + META.len() + E::COLUMNS.len();
        for some in rows.chunks(MOST_VALUES / width) {
            let insert = inserting(organization, some);
            let mut others = self.filings(organization, some);
            others.append(&mut beside);
            if self.is_postgres() {
                if self.can_owe() && rows.len() == 1 {
                    others.push((STORED, insert.then(" RETURNING 1")));
                    self.owe(others)?;
                } else {
                    others.push((STORED, insert));
                    storing(others).run(self)?;
                }
                continue;
            }
            insert.run(self)?;
            for (_, other) in others {
                other.run(self)?;
            }
        }
        Ok(())
    }

    /// How many rows were changed: one, or none where the condition no longer holds.
    pub(super) fn update<E: Stored>(&mut self, w: Cond, row: &Record<E>) -> Result<usize, Fault> {
        let mut statement = Sql::<()>::text("UPDATE ")
            .then(E::TABLE)
            .then(" SET version = ")
            .bind(Value::Int(row.version))
            .then(", updated_at = ")
            .bind(row.updated_at)
            .then(", deleted_at = ")
            .bind(instant_or_null(row.deleted_at))
            .then(", deletion_id = ")
            .bind(id_or_null(row.deletion_id));
        for ((column, _), value) in E::COLUMNS.iter().zip(row.value.values()) {
            statement = statement.then(", ").then(column).then(" = ").bind(value);
        }
        statement.then(" WHERE ").cond(w).run(self)
    }

    /// How many rows were marked as deleted then, with that deletion, or as not deleted.
    pub(super) fn mark<E: Stored>(
        &mut self,
        w: Cond,
        deleted_at: Option<Instant>,
        deletion: Option<Id>,
    ) -> Result<usize, Fault> {
        Sql::<()>::text("UPDATE ")
            .then(E::TABLE)
            .then(" SET version = version + 1, updated_at = ")
            .bind(self.now())
            .then(", deleted_at = ")
            .bind(instant_or_null(deleted_at))
            .then(", deletion_id = ")
            .bind(id_or_null(deletion))
            .then(" WHERE ")
            .cond(w)
            .run(self)
    }
}

fn inserting<E: Stored>(organization: Id, rows: &[Record<E>]) -> Sql {
    let columns = ["organization_id"]
        .into_iter()
        .chain(META)
        .chain(E::COLUMNS.iter().map(|(name, _)| *name));
    let mut statement = Sql::<()>::text("INSERT INTO ")
        .then(E::TABLE)
        .then(" (")
        .names(columns)
        .then(") VALUES ");
    for (n, row) in rows.iter().enumerate() {
        let glue = if n > 0 { "), (" } else { "(" };
        statement = statement
            .then(glue)
            .binds(meta(organization, row))
            .then(", ")
            .binds(row.value.values());
    }
    statement.then(")")
}

/// A statement that does what these do.
pub(super) fn storing(mut all: Vec<Beside>) -> Sql {
    let last = all.pop();
    let begun = match all.is_empty() {
        true => Sql::text(""),
        false => Sql::text("WITH ").named_parts(all).then(" "),
    };
    last.into_iter()
        .fold(begun, |begun, (_, last)| begun.nested(last))
}

fn meta<E>(organization: Id, row: &Record<E>) -> Vec<Value> {
    vec![
        organization.into(),
        row.id.into(),
        Value::Int(row.version),
        row.created_at.into(),
        id_or_null(row.created_by),
        row.updated_at.into(),
        instant_or_null(row.deleted_at),
        id_or_null(row.deletion_id),
    ]
}

/// The plan of a page's query, for tests.
#[cfg(feature = "testing")]
pub(crate) fn plan(tx: &mut Tx<'_>, table: &'static str, w: Cond, tail: Tail) -> Result<Vec<String>, Fault> {
    let select = crate::sql::Sql::<()>::text("SELECT * FROM ").then(table);
    select.then(" WHERE ").cond(w).tail(tail).plan(tx)
}
