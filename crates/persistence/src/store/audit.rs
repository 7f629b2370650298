//! Audit entries: what was changed, and the digests that make a later change of the log seen.

use firma_domain::{Entity, Id, Instant, Record};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// One entry, before it has a number.
pub(crate) struct Entry {
    pub id: Id,
    pub occurred_at: Instant,
    pub actor: Option<Id>,
    /// The API key by which the actor acted
    pub key: Option<Id>,
    /// `deal.won`: the entity's name and the verb; the event's type too
    pub action: String,
    pub entity_type: &'static str,
    pub entity_id: Id,
    pub version: i32,
    /// `{"field": [before, after]}`
    pub changes: String,
    pub salt: [u8; 16],
}

/// What an entry's digest covers, as it stands in the table.
pub(super) struct Sealed<'a> {
    pub organization: Id,
    pub batch: Id,
    /// Its place in its transaction, from 0 on
    pub place: usize,
    pub id: Id,
    pub occurred_at: Instant,
    pub actor: Option<Id>,
    pub key: Option<Id>,
    pub action: &'a str,
    pub entity_type: &'a str,
    pub entity_id: Id,
    pub version: i32,
    pub request_id: Option<&'a str>,
    pub payload: &'a [u8],
}

impl Sealed<'_> {
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut put = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        for id in [
            self.organization,
            self.batch,
            self.id,
            self.actor.unwrap_or(Id::NIL),
            self.entity_id,
        ] {
            put(id.as_bytes());
        }
        put(&u64::try_from(self.place).unwrap_or(u64::MAX).to_be_bytes());
        put(&self.occurred_at.micros().to_be_bytes());
        put(&self.version.to_be_bytes());
        for text in [self.action, self.entity_type, self.request_id.unwrap_or("")] {
            put(text.as_bytes());
        }
        put(self.payload);
        // One more part, and only where there is a key: entries without one have the digest that they always had.
        if let Some(key) = self.key {
            put(key.as_bytes());
        }
        hash.finalize().into()
    }
}

/// The digest of a payload: salted, so that it reveals nothing once the payload is erased.
pub(super) fn payload_digest(
    salt: &[u8],
    changes: &str,
    ip: Option<&str>,
    user_agent: Option<&str>,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [
        salt,
        changes.as_bytes(),
        ip.unwrap_or("").as_bytes(),
        user_agent.unwrap_or("").as_bytes(),
    ] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The digest of what one transaction records in one organization.
pub(super) fn batch_digest<'a>(digests: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    digests.for_each(|digest| hash.update(digest));
    hash.finalize().into()
}

/// One link of the chain: what was before, and what is added.
pub(super) fn link(before: &[u8], batch: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(before)
        .chain_update(batch)
        .finalize()
        .into()
}

/// `{"field": [before, after]}` over the fields of both, those alone that differ.
pub(super) fn changes<E: Entity>(before: Option<&Record<E>>, after: Option<&Record<E>>) -> String {
    let fields = |record: Option<&Record<E>>| match record.and_then(|r| serde_json::to_value(&r.value).ok()) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (mut old, new) = (fields(before), fields(after));
    let mut changed = Map::new();
    for (name, value) in new {
        let was = old.remove(&name).unwrap_or(Value::Null);
        if was != value {
            changed.insert(name, Value::Array(vec![was, value]));
        }
    }
    for (name, was) in old {
        changed.insert(name, Value::Array(vec![was, Value::Null]));
    }
    Value::Object(changed).to_string()
}
