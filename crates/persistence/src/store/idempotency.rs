//! Stored answers: a retried call finds what the first one answered.

use super::tx::{Tx, text_or_null};
use crate::backend::Instant as AtType;
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{Binary, Integer, Nullable, Text};
use firma_domain::Id;

/// How long an answer is kept, in seconds: a day.
const KEPT: i64 = 24 * 3_600;

/// A caller's key for one call: scoped by organization, actor and path.
#[derive(Debug, Clone)]
pub struct Key {
    pub organization: Id,
    pub actor: Id,
    /// The path of the call, without the organization
    pub path: String,
    /// What the caller sent as `Idempotency-Key`
    pub key: String,
    /// SHA-256 of the request's query and body
    pub request: [u8; 32],
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub status: i32,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub body: String,
}

pub(super) struct Claim {
    pub key: Key,
    pub answer: StoredAnswer,
}

/// What is known of a key.
pub enum Known {
    /// Nothing: the call is to be made
    New,
    /// It was made, and answered this
    Answered(StoredAnswer),
    /// It was used for another request
    Other,
}

type Row = (
    Vec<u8>,
    i32,
    Option<String>,
    Option<String>,
    String,
    crate::backend::At,
);

impl Tx<'_> {
    /// Looks a key up. The first of several attempts takes it for new, which it nearly always is: storing
    /// the answer finds out, and the next attempt looks.
    pub fn known(&mut self, key: &Key) -> Result<Known, Fault> {
        if self.is_first_attempt() {
            return Ok(Known::New);
        }
        let now = self.now();
        Ok(match self.stored_under(key)? {
            None => Known::New,
            Some((.., expires)) if expires.0 <= now => {
                Sql::<()>::text("DELETE FROM idempotency_keys WHERE ")
                    .of_key(key)
                    .run(self)?;
                Known::New
            }
            Some((request, ..)) if request != key.request => Known::Other,
            Some((_, status, location, etag, body, _)) => Known::Answered(StoredAnswer {
                status,
                location,
                etag,
                body,
            }),
        })
    }

    /// Whether another call with the key is done: what that did may be what refused this one. Its answer is stored
    /// with its effect.
    pub fn is_overtaken(&mut self, key: &Key) -> Result<bool, Fault> {
        Ok(self.stored_under(key)?.is_some())
    }

    fn stored_under(&mut self, key: &Key) -> Result<Option<Row>, Fault> {
        self.fenced(key.organization)?;
        Sql::<(Binary, Integer, Nullable<Text>, Nullable<Text>, Text, AtType)>::text(
            "SELECT request_digest, status, location, etag, body, expires_at FROM idempotency_keys WHERE ",
        )
        .of_key(key)
        .maybe::<Row>(self)
    }

    /// Stores the answer with the effect, when the transaction ends.
    pub fn answer_once(&mut self, key: Key, answer: StoredAnswer) -> Result<(), Fault> {
        self.unit()?.claim = Some(Claim { key, answer });
        Ok(())
    }
}

impl<R> Sql<R> {
    fn of_key(self, key: &Key) -> Self {
        self.then("organization_id = ")
            .bind(key.organization)
            .then(" AND actor_id = ")
            .bind(key.actor)
            .then(" AND path = ")
            .bind(key.path.as_str())
            .then(" AND key = ")
            .bind(key.key.as_str())
    }
}

pub(super) const INSERT: &str = "INSERT INTO idempotency_keys (organization_id, actor_id, path, key, request_digest, \
     status, location, etag, body, created_at, expires_at) VALUES (";

pub(super) fn values(claim: Claim, now: firma_domain::Instant) -> Vec<Value> {
    let Claim { key, answer } = claim;
    vec![
        key.organization.into(),
        key.actor.into(),
        Value::Text(key.path),
        Value::Text(key.key),
        Value::Bytes(key.request.to_vec()),
        Value::Int(answer.status),
        text_or_null(answer.location.as_deref()),
        text_or_null(answer.etag.as_deref()),
        Value::Text(answer.body),
        now.into(),
        now.plus_seconds(KEPT).into(),
    ]
}
