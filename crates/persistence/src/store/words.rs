//! The side table by which rows are found by the beginnings of their words.

use super::repo::Repo;
use super::stored::Stored;
use super::tx::Tx;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Cond, Sql, Value};
use firma_auth::access::Action;
use firma_domain::{Email, Id};
use std::cmp::Reverse;

/// Up to so many rows are looked up by their ids; of more, a page walks its order until it is full.
const FEW: usize = 500;

/// What a field gives to be found by.
pub(crate) trait Texts {
    fn texts(&self) -> Vec<&str>;
}
impl Texts for String {
    fn texts(&self) -> Vec<&str> {
        vec![self]
    }
}
impl Texts for Email {
    fn texts(&self) -> Vec<&str> {
        vec![self.as_str()]
    }
}
impl<T: Texts> Texts for Option<T> {
    fn texts(&self) -> Vec<&str> {
        self.iter().flat_map(Texts::texts).collect()
    }
}
impl<T: Texts> Texts for Vec<T> {
    fn texts(&self) -> Vec<&str> {
        self.iter().flat_map(Texts::texts).collect()
    }
}

impl Tx<'_> {
    /// Brings the words of a row to what they are now.
    pub(super) fn reword<E: Stored>(
        &mut self,
        organization: Id,
        id: Id,
        before: Option<&E>,
        after: &E,
    ) -> Result<(), Fault> {
        if before == Some(after) {
            return Ok(());
        }
        let (before, after) = (before.map(E::words).unwrap_or_default(), after.words());
        let without = |some: &[String], others: &[String]| -> Vec<String> {
            some.iter()
                .filter(|word| !others.contains(word))
                .cloned()
                .collect()
        };
        let (gone, new) = (without(&before, &after), without(&after, &before));
        if !gone.is_empty() {
            Sql::<()>::text("DELETE FROM search_words WHERE organization_id = ")
                .bind(organization)
                .then(" AND entity_type = ")
                .bind(E::NAME)
                .then(" AND entity_id = ")
                .bind(id)
                .then_either(
                    " AND word IN (SELECT unnest(",
                    " AND word IN (SELECT value FROM json_each(",
                )
                .bind(self.list(gone))
                .then_either("::text[]))", "))")
                .run(self)?;
        }
        if !new.is_empty() {
            Sql::<()>::text(
                "INSERT INTO search_words (organization_id, entity_type, entity_id, word) SELECT ",
            )
            .bind(organization)
            .then(", ")
            .bind(E::NAME)
            .then(", ")
            .bind(id)
            .then_either(", unnest(", ", value FROM json_each(")
            .bind(self.list(new))
            .then_either("::text[])", ")")
            .run(self)?;
        }
        Ok(())
    }

    /// Many texts as one value: the statement is the same however many they are.
    fn list(&self, texts: Vec<String>) -> Value {
        match self.is_postgres() {
            true => Value::Texts(texts.into_iter().map(Some).collect()),
            false => Value::Text(serde_json::Value::from(texts).to_string()),
        }
    }
}

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// The conditions that leave the rows of which each of `sought` begins a word.
    ///
    /// Where one of them is in few rows, these are looked up by their ids, and no page walks for them. Where
    /// all are in many, a page walks its order and asks of each row, which fills it soon.
    pub fn matching(&mut self, sought: &[String]) -> Result<Vec<Cond>, Fault> {
        let mut sought: Vec<&String> = sought.iter().collect();
        // The longest is in the fewest rows, most often.
        sought.sort_by_key(|word| Reverse(word.len()));
        let (mut conds, mut found) = (Vec::with_capacity(sought.len()), false);
        for word in sought {
            if !found {
                let mut ids = self.beginning(word)?;
                found = ids.len() <= FEW;
                if found {
                    ids.sort_unstable();
                    ids.dedup();
                    let ids = ids.into_iter().map(Value::from).collect();
                    conds.push(Cond::one_of(E::COMMON.id, ids));
                    continue;
                }
            }
            conds.push(Cond::Worded {
                id: E::COMMON.id,
                organization: self.grant.organization().into(),
                entity: E::NAME,
                from: word.as_str().into(),
                below: below(word),
            });
        }
        Ok(conds)
    }

    /// The rows that have a word which begins so: one more than few, at most.
    fn beginning(&mut self, word: &str) -> Result<Vec<Id>, Fault> {
        let rows = Sql::<IdType>::text("SELECT entity_id FROM search_words WHERE organization_id = ")
            .bind(self.grant.organization())
            .then(" AND entity_type = ")
            .bind(E::NAME)
            .then(" AND word >= ")
            .bind(word)
            .then(" AND word < ")
            .bind(below(word))
            .then(" LIMIT ")
            .bind(Value::Big(i64::try_from(FEW + 1).unwrap_or(i64::MAX)))
            .rows::<Uid>(self.tx)?;
        Ok(rows.into_iter().map(|id| id.0).collect())
    }
}

/// What is behind all words that begin so: no word holds the last code point, which is no character.
fn below(word: &str) -> Value {
    Value::Text(format!("{word}{}", char::MAX))
}
