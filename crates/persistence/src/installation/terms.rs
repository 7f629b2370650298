//! People by what their profiles say. The terms are read for that, under the platform's fence; the profiles are not.

use crate::sql::{Op, Sql, Value};

/// What a profile has to say.
#[derive(Debug, Clone)]
pub enum TermSearch {
    /// One of these tags
    Tags(Vec<String>),
    /// One of these keys in its metadata, whatever stands under it
    Keys(Vec<String>),
    /// One of these values under a key
    Values(String, Vec<String>),
    /// A number under a key on that side of one, in millionths
    Number(String, Op, i64),
}

impl TermSearch {
    /// Adds it to a search of users.
    pub(super) fn among<R>(&self, statement: Sql<R>) -> Sql<R> {
        let (kind, terms) = match self {
            TermSearch::Tags(tags) => ("tag", tags.as_slice()),
            TermSearch::Keys(keys) => ("metadata", keys.as_slice()),
            TermSearch::Values(key, _) | TermSearch::Number(key, ..) => {
                ("metadata", std::slice::from_ref(key))
            }
        };
        let found = statement
            .then(" AND id IN (SELECT user_id FROM user_profile_terms WHERE kind = ")
            .bind(kind)
            .then(" AND term IN (")
            .binds(texts(terms))
            .then(")");
        let found = match self {
            TermSearch::Tags(_) | TermSearch::Keys(_) => found,
            TermSearch::Values(_, values) => found.then(" AND value IN (").binds(texts(values)).then(")"),
            TermSearch::Number(_, op, number) => {
                found.then(" AND number").then(op.sql()).bind(Value::Big(*number))
            }
        };
        found.then(")")
    }
}

fn texts(all: &[String]) -> Vec<Value> {
    all.iter().cloned().map(Value::Text).collect()
}
