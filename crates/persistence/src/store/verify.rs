//! Whether the log is whole: each entry as it was written, in its place, and the chain unbroken to its head.

use super::audit::{Likeness, Payload, Sealed, batch_digest, link};
use super::tx::Tx;
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use firma_auth::access::{Grant, Read};
use firma_domain::Id;
use firma_domain::organizations::Organization;

/// What a look at an organization's log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Entries that are whole, from the first on
    pub entries: i64,
    /// The number of the first entry that isn't, and in which way
    pub broken: Option<(i64, &'static str)>,
}

type Columns = (
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
type Row = (
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

const PAGE: i64 = 1_000;
/// Places of a transaction in which a moved entry is looked for.
const PLACES: usize = 5_000;

impl Tx<'_> {
    /// Walks the log of the organization of the grant.
    pub fn verify_log(&mut self, grant: Grant<Organization, Read>) -> Result<Verification, Fault> {
        let organization = grant.organization();
        self.fenced(organization)?;
        let mut walk = Walk {
            number: 0,
            head: vec![0; 32],
            batch: None,
        };
        loop {
            let page = self.log_page(organization, walk.number)?;
            let last = page.is_empty();
            for row in page {
                if let Err((number, what)) = walk.step(organization, row) {
                    return Ok(Verification {
                        entries: number - 1,
                        broken: Some((number, what)),
                    });
                }
            }
            if last {
                break;
            }
        }
        let (last, digest) =
            Sql::<(BigInt, Binary)>::text("SELECT last_number, digest FROM heads WHERE organization_id = ")
                .bind(organization)
                .one::<(i64, Vec<u8>)>(self)?;
        let broken = match walk.end() {
            Err(broken) => Some(broken),
            Ok(()) if last != walk.number => Some((walk.number + 1, "entries at the end are missing")),
            Ok(()) if digest != walk.head => Some((walk.number, "the head doesn't follow from it")),
            Ok(()) => None,
        };
        let entries = match broken {
            Some((number, _)) => walk.number.min(number - 1),
            None => walk.number,
        };
        Ok(Verification { entries, broken })
    }

    fn log_page(&mut self, organization: Id, after: i64) -> Result<Vec<Row>, Fault> {
        Sql::<Columns>::text(
            "SELECT a.number, a.id, a.batch_id, a.occurred_at, a.actor_id, a.key_id, a.action, a.entity_type, a.entity_id, \
             a.entity_version, a.request_id, a.payload_digest, a.digest, a.chain, p.salt, p.changes, p.ip, p.user_agent, \
             p.origin_digest FROM audit_entries a LEFT JOIN audit_payloads p ON p.organization_id = a.organization_id \
             AND p.entry_id = a.id WHERE a.organization_id = ",
        )
        .bind(organization)
        .then(" AND a.number > ")
        .bind(Value::Big(after))
        .then(" ORDER BY a.number LIMIT ")
        .bind(Value::Big(PAGE))
        .rows(self)
    }
}

struct Walk {
    number: i64,
    head: Vec<u8>,
    batch: Option<Batch>,
}

/// The transaction that is being walked.
struct Batch {
    id: Id,
    first: i64,
    digests: Vec<Vec<u8>>,
    /// The chain that its entries name
    named: Vec<u8>,
}

impl Walk {
    /// Fails with the number of the first entry that is in doubt.
    fn step(&mut self, organization: Id, row: Row) -> Result<(), (i64, &'static str)> {
        let ((number, id, batch, at, actor, key, action, entity_type), rest, payload) = row;
        let (entity_id, version, request_id, payload_digest_stored, digest, chain) = rest;
        let here = self.number + 1;
        if number != here {
            return Err((here, "entries before it are missing"));
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
    fn end(&mut self) -> Result<(), (i64, &'static str)> {
        if let Some(batch) = self.batch.take() {
            self.head = link(&self.head, &batch_digest(batch.digests.iter().map(Vec::as_slice))).to_vec();
            if self.head != batch.named {
                return Err((batch.first, "the chain is broken here"));
            }
        }
        Ok(())
    }
}
