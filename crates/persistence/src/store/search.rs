//! Finding rows by words: which of two shapes a search has.

use super::repo::Repo;
use super::stored::Stored;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Tail, Value, Worded};
use firma_auth::access::Action;
use firma_domain::Id;
use std::cmp::Reverse;

/// Up to so many rows are looked up by their ids; of more, a page walks its order until it is full.
const FEW: usize = 1_000;

const fn at(name: &'static str) -> Col {
    Col {
        table: "search_words",
        name,
    }
}

/// One more than few.
fn enough() -> Tail {
    Tail {
        limit: i64::try_from(FEW + 1).ok(),
        ..Tail::default()
    }
}

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// The conditions that leave the rows of which each of `sought` begins a word.
    ///
    /// Where few rows have one of them, or all of them, these are looked up by their ids, and no page walks
    /// for them. Where many have all, a page walks its order and asks of each row, which fills it soon.
    pub fn matching(&mut self, sought: &[String]) -> Result<Vec<Cond>, Fault> {
        let sought = ordered(sought);
        for (n, word) in sought.iter().enumerate() {
            if let Some(few) = self.few(word, &[])? {
                let mut conds = self.each(&sought, n);
                conds.push(few);
                return Ok(conds);
            }
        }
        if let [first, others @ ..] = sought.as_slice()
            && !others.is_empty()
            && let Some(few) = self.few(first, others)?
        {
            return Ok(vec![few]);
        }
        Ok(self.each(&sought, sought.len()))
    }

    /// The plans of the queries that [`Repo::matching`] may ask.
    #[cfg(feature = "testing")]
    pub fn matching_plans(&mut self, sought: &[String]) -> Result<Vec<String>, Fault> {
        let sought = ordered(sought);
        let mut plans = Vec::new();
        for word in &sought {
            let cond = self.beginning(word, &[]);
            plans.extend(super::rows::plan(self.tx, "search_words", cond, enough())?);
        }
        if let [first, others @ ..] = sought.as_slice() {
            let cond = self.beginning(first, others);
            plans.extend(super::rows::plan(self.tx, "search_words", cond, enough())?);
        }
        Ok(plans)
    }

    /// The rows that have a word which begins so, and all the others, if they are few.
    fn few(&mut self, word: &str, others: &[&str]) -> Result<Option<Cond>, Fault> {
        let rows = Sql::<IdType>::text("SELECT entity_id FROM search_words WHERE ")
            .cond(self.beginning(word, others))
            .tail(enough())
            .rows::<Uid>(self.tx)?;
        if rows.len() > FEW {
            return Ok(None);
        }
        let mut ids: Vec<Id> = rows.into_iter().map(|id| id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Some(match self.tx.is_postgres() {
            true => Cond::Among(E::COMMON.id, Value::Ids(ids.into_iter().map(Uid).collect())),
            false => Cond::one_of(E::COMMON.id, ids.into_iter().map(Value::from).collect()),
        }))
    }

    /// Of the side table: a word that begins so, of a row that has all the others.
    fn beginning(&self, word: &str, others: &[&str]) -> Cond {
        let mut all = vec![
            Cond::Is(at("organization_id"), Op::Eq, self.grant.organization().into()),
            Cond::Is(at("entity_type"), Op::Eq, E::NAME.into()),
            Cond::Is(at("word"), Op::Ge, word.into()),
            Cond::Is(at("word"), Op::Lt, below(word)),
        ];
        all.extend(others.iter().map(|other| self.has(at("entity_id"), other, false)));
        Cond::All(all)
    }

    /// The condition of each word but one, on the entity's rows.
    fn each(&self, sought: &[&str], but: usize) -> Vec<Cond> {
        let others = sought.iter().enumerate().filter(|(n, _)| *n != but);
        others
            .map(|(_, word)| self.has(E::COMMON.id, word, true))
            .collect()
    }

    fn has(&self, id: Col, word: &str, walked: bool) -> Cond {
        Cond::Worded(Worded {
            walked,
            id,
            organization: self.grant.organization().into(),
            entity: E::NAME,
            from: word.into(),
            below: below(word),
        })
    }
}

/// The longest first: it is in the fewest rows, most often.
fn ordered(sought: &[String]) -> Vec<&str> {
    let mut sought: Vec<&str> = sought.iter().map(String::as_str).collect();
    sought.sort_by_key(|word| Reverse(word.len()));
    sought
}

/// What is behind all words that begin so: no word holds the last code point, which is no character.
pub(crate) fn below(word: &str) -> Value {
    Value::Text(format!("{word}{}", char::MAX))
}
