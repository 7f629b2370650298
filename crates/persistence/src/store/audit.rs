//! Audit entries: what was changed, and the digests that make a later change of the log seen.

use firma_domain::{Entity, Id, Instant, Record};
use serde::{Serialize, Serializer};
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

/// What was done with a row, to be recorded.
pub(crate) struct Note<'a> {
    pub actor: Option<Id>,
    /// The API key by which the actor acted
    pub key: Option<Id>,
    pub entity: &'static str,
    pub id: Id,
    pub version: i32,
    pub verb: &'a str,
    /// `{"field": [before, after]}`
    pub changes: String,
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

/// The digest of where a change came from, which stays where IP and user agent are erased: salted, so that it reveals
/// nothing then.
pub(super) fn origin_digest(salt: &[u8], ip: Option<&str>, user_agent: Option<&str>) -> [u8; 32] {
    parts_digest([
        salt,
        ip.unwrap_or("").as_bytes(),
        user_agent.unwrap_or("").as_bytes(),
    ])
}

/// The digest of a payload: salted, so that it reveals nothing once the payload is erased.
pub(super) fn payload_digest(salt: &[u8], changes: &str, origin: &[u8]) -> [u8; 32] {
    parts_digest([salt, changes.as_bytes(), origin])
}

/// A payload as it stands in the table.
pub(super) struct Payload {
    pub salt: Vec<u8>,
    pub changes: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// Where ip and user agent were erased
    pub origin: Option<Vec<u8>>,
}

/// What a payload is, compared with its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// As it was written, or without its origin
    Same,
    /// As it was written before the origin had a digest of its own: it stays whole or goes
    Whole,
    Other,
}

impl Payload {
    pub(super) fn origin_digest(&self) -> [u8; 32] {
        origin_digest(&self.salt, self.ip.as_deref(), self.user_agent.as_deref())
    }

    pub(super) fn compare(&self, digest: &[u8]) -> Likeness {
        let said = self.origin_digest();
        let origin = match (&self.origin, &self.ip, &self.user_agent) {
            (Some(kept), None, None) => kept.as_slice(),
            _ => &said,
        };
        if payload_digest(&self.salt, &self.changes, origin) == digest {
            return Likeness::Same;
        }
        let whole = parts_digest([
            self.salt.as_slice(),
            self.changes.as_bytes(),
            self.ip.as_deref().unwrap_or("").as_bytes(),
            self.user_agent.as_deref().unwrap_or("").as_bytes(),
        ]);
        match whole == digest {
            true => Likeness::Whole,
            false => Likeness::Other,
        }
    }
}

/// Each part with its length before it, so that other parts have another digest.
fn parts_digest<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
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
    struct Changed(Vec<(String, [Value; 2])>);
    impl Serialize for Changed {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(name, both)| (name, both)))
        }
    }
    let fields = |record: Option<&Record<E>>| match record.and_then(|r| serde_json::to_value(&r.value).ok()) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (mut old, new) = (fields(before), fields(after));
    let mut changed = Vec::with_capacity(new.len());
    for (name, value) in new {
        let was = old.remove(&name).unwrap_or(Value::Null);
        if was != value {
            changed.push((name, [was, value]));
        }
    }
    changed.extend(old.into_iter().map(|(name, was)| (name, [was, Value::Null])));
    serde_json::to_string(&Changed(changed)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(ip: Option<&str>, origin: Option<Vec<u8>>) -> Payload {
        Payload {
            salt: vec![7; 16],
            changes: "{}".into(),
            ip: ip.map(str::to_owned),
            user_agent: None,
            origin,
        }
    }

    #[test]
    fn without_its_origin_a_payload_is_still_known() {
        let whole = payload(Some("192.0.2.1"), None);
        let origin = whole.origin_digest();
        let digest = payload_digest(&whole.salt, &whole.changes, &origin);
        assert_eq!(whole.compare(&digest), Likeness::Same);
        assert_eq!(
            payload(None, Some(origin.to_vec())).compare(&digest),
            Likeness::Same
        );
        let forged = Payload {
            changes: "{\"a\":[1,2]}".into(),
            ..payload(None, Some(origin.to_vec()))
        };
        for other in [
            payload(None, None),
            payload(Some("192.0.2.2"), None),
            payload(Some("192.0.2.2"), Some(origin.to_vec())),
            forged,
        ] {
            assert_eq!(other.compare(&digest), Likeness::Other);
        }
    }

    #[test]
    fn one_from_before_stays_whole_or_goes() {
        let before = parts_digest([&[7; 16][..], b"{}", b"192.0.2.1", b""]);
        assert_eq!(payload(Some("192.0.2.1"), None).compare(&before), Likeness::Whole);
        let cut = payload(
            None,
            Some(payload(Some("192.0.2.1"), None).origin_digest().to_vec()),
        );
        assert_eq!(cut.compare(&before), Likeness::Other);
    }
}
