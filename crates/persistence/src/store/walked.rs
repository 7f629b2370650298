//! A walk over the entries of a log in their order: each as it was written, in its place, and the chain
//! unbroken.

use super::audit::{Likeness, Payload, Sealed, batch_digest, link};
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use firma_domain::{Id, Instant};
use serde::{Deserialize, Serialize};

/// The number of the first entry that is in doubt, and in which way.
pub(super) type Doubt = (i64, &'static str);

/// Up to where a log was walked: the last entry of a transaction, and the head after it. The beginning, by
/// default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walked {
    pub number: i64,
    pub head: Vec<u8>,
}

impl Default for Walked {
    fn default() -> Walked {
        Walked {
            number: 0,
            head: vec![0; 32],
        }
    }
}

pub(super) type Columns = (
    (
        BigInt,
        IdType,
        IdType,
        AtType,
        Nullable<IdType>,
        Nullable<IdType>,
        Text,
        Text,
    ),
    (IdType, Integer, Nullable<Text>, Binary, Binary, Binary),
    (
        Nullable<Binary>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Binary>,
    ),
);
pub(super) type Row = (
    (i64, Uid, Uid, At, Option<Uid>, Option<Uid>, String, String),
    (Uid, i32, Option<String>, Vec<u8>, Vec<u8>, Vec<u8>),
    (
        Option<Vec<u8>>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<Vec<u8>>,
    ),
);

/// Places of a transaction in which a moved entry is looked for.
const PLACES: usize = 5_000;

pub(super) struct Walk {
    /// The last entry that was walked
    pub(super) number: i64,
    /// The last that ends a transaction
    pub(super) settled: Walked,
    /// The latest instant of those up to it
    pub(super) settled_at: Option<Instant>,
    batch: Option<Batch>,
}

/// The transaction that is being walked.
struct Batch {
    id: Id,
    first: i64,
    at: Instant,
    digests: Vec<Vec<u8>>,
    /// The chain that its entries name
    named: Vec<u8>,
}

impl Walk {
    /// From the entry after one, with the head there.
    pub(super) fn behind(from: Walked) -> Walk {
        Walk {
            number: from.number,
            settled: from,
            settled_at: None,
            batch: None,
        }
    }

    /// Fails with the number of the first entry that is in doubt.
    pub(super) fn step(&mut self, organization: Id, row: Row) -> Result<(), Doubt> {
        let ((number, id, batch, at, actor, key, action, entity_type), rest, payload) = row;
        let (entity_id, version, request_id, payload_digest_stored, digest, chain) = rest;
        let here = self.number + 1;
        if number != here {
            let what = match self.number {
                0 => "it is missing, and no checkpoint says that it was cut",
                _ => "entries before it are missing",
            };
            return Err((here, what));
        }
        let current = self.batch.as_ref().filter(|current| current.id == batch.0);
        let place = current.map_or(0, |current| current.digests.len());
        let sealed = |place| Sealed {
            organization,
            batch: batch.0,
            place,
            id: id.0,
            occurred_at: at.0,
            actor: actor.map(|a| a.0),
            key: key.map(|k| k.0),
            action: &action,
            entity_type: &entity_type,
            entity_id: entity_id.0,
            version,
            request_id: request_id.as_deref(),
            payload: &payload_digest_stored,
        };
        let is_sealed_at = |place| sealed(place).digest().as_slice() == digest;
        if !is_sealed_at(place) {
            // Where it fits another place of its transaction, all but its place is as it was.
            let moved = (0..PLACES).any(is_sealed_at);
            return Err((here, if moved { "it was moved" } else { "it was changed" }));
        }
        // An erased payload is lawful, and so is one without where it came from; a changed one is not.
        if let (Some(salt), Some(changes), ip, user_agent, origin) = payload {
            let payload = Payload {
                salt,
                changes,
                ip,
                user_agent,
                origin,
            };
            if payload.compare(&payload_digest_stored) == Likeness::Other {
                return Err((here, "its payload was changed"));
            }
        }
        if self.batch.as_ref().is_some_and(|current| current.id != batch.0) {
            self.end()?;
        }
        let current = self.batch.get_or_insert_with(|| Batch {
            id: batch.0,
            first: here,
            at: at.0,
            digests: Vec::new(),
            named: chain.clone(),
        });
        if current.named != chain {
            return Err((here, "it was moved"));
        }
        current.digests.push(digest);
        self.number = here;
        Ok(())
    }

    /// The entries of a transaction are digested together: where that fails, the first of them is in doubt.
    pub(super) fn end(&mut self) -> Result<(), Doubt> {
        if let Some(batch) = self.batch.take() {
            let digest = batch_digest(batch.digests.iter().map(Vec::as_slice));
            let head = link(&self.settled.head, &digest).to_vec();
            if head != batch.named {
                return Err((batch.first, "the chain is broken here"));
            }
            self.settled = Walked {
                number: self.number,
                head,
            };
            self.settled_at = self.settled_at.max(Some(batch.at));
        }
        Ok(())
    }
}
