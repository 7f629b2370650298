//! The side tables by which rows are found: by any of several values, or by the beginning of a word.

use super::rows::Beside;
use super::stored::Stored;
use super::tx::Tx;
use crate::backend::Uid;
use crate::fault::Fault;
use crate::sql::{Side, Sql, Value};
use firma_domain::{Email, Id, Record};

/// What a row is found by.
fn found_by<E: Stored>(side: Side, value: &E) -> Vec<String> {
    match side {
        Side::Tags => value.tags().to_vec(),
        Side::Emails => value.emails().iter().map(Email::key).collect(),
        Side::Words => value.words(),
    }
}

impl Tx<'_> {
    /// The statements that put new rows into the side tables, each with a name of its own: on PostgreSQL one a table.
    pub(super) fn filings<E: Stored>(&self, organization: Id, rows: &[Record<E>]) -> Vec<Beside> {
        let mut filings = Vec::new();
        for side in Side::ALL {
            let mut all = Vec::new();
            for row in rows {
                let values = found_by(side, &row.value);
                if !values.is_empty() {
                    all.push((row.id, values));
                }
            }
            if !all.is_empty() {
                let statements = self.filing::<E>(side, organization, all).into_iter();
                filings.extend(statements.map(|statement| (side.column(), statement)));
            }
        }
        filings
    }

    /// Brings what a row is found by to what it is now.
    pub(super) fn refile<E: Stored>(
        &mut self,
        organization: Id,
        id: Id,
        before: &E,
        after: &E,
    ) -> Result<(), Fault> {
        if before == after {
            return Ok(());
        }
        for side in Side::ALL {
            let (before, after) = (found_by(side, before), found_by(side, after));
            let without = |some: &[String], others: &[String]| -> Vec<String> {
                let left = some.iter().filter(|value| !others.contains(value));
                left.cloned().collect()
            };
            let (gone, new) = (without(&before, &after), without(&after, &before));
            if !gone.is_empty() {
                Sql::<()>::text("DELETE FROM ")
                    .then(side.table())
                    .then(" WHERE organization_id = ")
                    .bind(organization)
                    .then(" AND entity_type = ")
                    .bind(E::NAME)
                    .then(" AND entity_id = ")
                    .bind(id)
                    .then(" AND ")
                    .then(side.column())
                    .then_either(" IN (SELECT unnest(", " IN (SELECT value FROM json_each(")
                    .bind(self.list(gone))
                    .then_either("::text[]))", "))")
                    .run(self)?;
            }
            if !new.is_empty() {
                let filing = self.filing::<E>(side, organization, vec![(id, new)]);
                filing
                    .into_iter()
                    .try_for_each(|statement| statement.run(self).map(drop))?;
            }
        }
        Ok(())
    }

    /// Puts the values of rows into a side table. The text is the same however many there are.
    fn filing<E: Stored>(&self, side: Side, organization: Id, rows: Vec<(Id, Vec<String>)>) -> Vec<Sql> {
        let insert = || {
            Sql::<()>::text("INSERT INTO ")
                .then(side.table())
                .then(" (organization_id, entity_type, entity_id, ")
                .then(side.column())
                .then(") SELECT ")
                .bind(organization)
                .then(", ")
                .bind(E::NAME)
        };
        if !self.is_postgres() {
            let one = |(id, values): (Id, Vec<String>)| {
                let from = insert().then(", ").bind(id).then(", value FROM json_each(");
                from.bind(self.list(values)).then(")")
            };
            return rows.into_iter().map(one).collect();
        }
        let (mut ids, mut texts) = (Vec::new(), Vec::new());
        for (id, values) in rows {
            ids.extend(values.iter().map(|_| Uid(id)));
            texts.extend(values.into_iter().map(Some));
        }
        let from = insert().then(", * FROM unnest(").bind(Value::Ids(ids));
        let from = from.then("::uuid[], ").bind(Value::Texts(texts));
        vec![from.then("::text[])")]
    }

    /// Many texts as one value: the statement is the same however many they are.
    pub(crate) fn list(&self, texts: Vec<String>) -> Value {
        match self.is_postgres() {
            true => Value::Texts(texts.into_iter().map(Some).collect()),
            false => Value::Text(serde_json::Value::from(texts).to_string()),
        }
    }
}
