//! The side table by which rows are found by the beginnings of their words.

use super::stored::Stored;
use super::tx::Tx;
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use firma_domain::{Email, Id};

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
    pub(crate) fn list(&self, texts: Vec<String>) -> Value {
        match self.is_postgres() {
            true => Value::Texts(texts.into_iter().map(Some).collect()),
            false => Value::Text(serde_json::Value::from(texts).to_string()),
        }
    }
}
