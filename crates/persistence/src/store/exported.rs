//! A log outside of the database: each entry with all that its digests cover, so that whoever has the file can walk it
//! as it is walked here.

use super::checkpoint::Checkpoint;
use super::tx::Tx;
use super::verify::{Verification, at_end, begins, found};
use super::walked::{Row, Walk};
use crate::backend::{At, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use diesel::sql_types::{BigInt, Binary};
use firma_auth::access::Operating;
use firma_auth::keys::Key;
use firma_domain::{Id, Instant};
use serde::{Deserialize, Serialize};

/// An entry as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedEntry {
    pub number: i64,
    pub id: Id,
    /// The transaction that it was made in
    pub batch_id: Id,
    pub occurred_at: Instant,
    pub actor_id: Option<Id>,
    pub key_id: Option<Id>,
    pub action: String,
    pub entity_type: String,
    pub entity_id: Id,
    pub entity_version: i32,
    pub request_id: Option<String>,
    /// None where it was erased
    pub payload: Option<LoggedPayload>,
    #[serde(with = "bytes")]
    pub payload_digest: Vec<u8>,
    #[serde(with = "bytes")]
    pub digest: Vec<u8>,
    /// The head after its transaction
    #[serde(with = "bytes")]
    pub chain: Vec<u8>,
}

/// What an entry says was changed, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedPayload {
    #[serde(with = "bytes")]
    pub salt: Vec<u8>,
    /// JSON, `{"field": [before, after]}`, letter by letter as it was digested
    pub changes: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// Where these two were erased
    #[serde(default, with = "some_bytes", skip_serializing_if = "Option::is_none")]
    pub origin_digest: Option<Vec<u8>>,
}

/// Where a log ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEnd {
    /// The last entry; 0 where there is none
    pub number: i64,
    /// The head
    #[serde(with = "bytes")]
    pub digest: Vec<u8>,
    /// How many security events stand beside it
    pub security_events: i64,
}

pub(super) mod bytes {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD
            .decode(String::deserialize(from)?)
            .map_err(D::Error::custom)
    }
}

mod some_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::bytes::serialize(bytes, to),
            None => to.serialize_none(),
        }
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        #[derive(Deserialize)]
        struct Bytes(#[serde(with = "super::bytes")] Vec<u8>);
        Ok(Option::<Bytes>::deserialize(from)?.map(|bytes| bytes.0))
    }
}

impl From<Row> for LoggedEntry {
    fn from(row: Row) -> LoggedEntry {
        let ((number, id, batch, at, actor, key, action, entity_type), rest, payload) = row;
        let (entity_id, entity_version, request_id, payload_digest, digest, chain) = rest;
        let payload = match payload {
            (Some(salt), Some(changes), ip, user_agent, origin_digest) => Some(LoggedPayload {
                salt,
                changes,
                ip,
                user_agent,
                origin_digest,
            }),
            _ => None,
        };
        LoggedEntry {
            number,
            id: id.0,
            batch_id: batch.0,
            occurred_at: at.0,
            actor_id: actor.map(|id| id.0),
            key_id: key.map(|id| id.0),
            action,
            entity_type,
            entity_id: entity_id.0,
            entity_version,
            request_id,
            payload,
            payload_digest,
            digest,
            chain,
        }
    }
}

impl From<LoggedEntry> for Row {
    fn from(of: LoggedEntry) -> Row {
        let payload = match of.payload {
            Some(payload) => (
                Some(payload.salt),
                Some(payload.changes),
                payload.ip,
                payload.user_agent,
                payload.origin_digest,
            ),
            None => (None, None, None, None, None),
        };
        (
            (
                of.number,
                Uid(of.id),
                Uid(of.batch_id),
                At(of.occurred_at),
                of.actor_id.map(Uid),
                of.key_id.map(Uid),
                of.action,
                of.entity_type,
            ),
            (
                Uid(of.entity_id),
                of.entity_version,
                of.request_id,
                of.payload_digest,
                of.digest,
                of.chain,
            ),
            payload,
        )
    }
}

impl Tx<'_> {
    /// The entries of a log behind one of them, a page of them.
    pub fn logged_entries(&mut self, operating: Operating, after: i64) -> Result<Vec<LoggedEntry>, Fault> {
        self.fenced(operating.organization())?;
        let rows = self.log_page(operating.organization(), after)?;
        Ok(rows.into_iter().map(LoggedEntry::from).collect())
    }

    /// Where a log was cut, the oldest checkpoint first.
    pub fn logged_checkpoints(&mut self, operating: Operating) -> Result<Vec<Checkpoint>, Fault> {
        self.fenced(operating.organization())?;
        self.checkpoints(operating.organization())
    }

    /// Where a log ends now.
    pub fn log_end(&mut self, operating: Operating) -> Result<LogEnd, Fault> {
        self.fenced(operating.organization())?;
        self.end_of_log(operating.organization())
    }

    pub(crate) fn end_of_log(&mut self, organization: Id) -> Result<LogEnd, Fault> {
        // Of one whose head is gone the file says that, too: nothing follows from its entries.
        let (number, digest) = self.head_of(organization)?.unwrap_or_default();
        let events = Sql::<BigInt>::text("SELECT COUNT(*) FROM security_events WHERE organization_id = ")
            .bind(organization)
            .one::<i64>(self)?;
        Ok(LogEnd {
            number,
            digest,
            security_events: events,
        })
    }

    /// The last number of a log, and the digest there; none where somebody took that away.
    pub(super) fn head_of(&mut self, organization: Id) -> Result<Option<(i64, Vec<u8>)>, Fault> {
        Sql::<(BigInt, Binary)>::text("SELECT last_number, digest FROM heads WHERE organization_id = ")
            .bind(organization)
            .maybe::<(i64, Vec<u8>)>(self)
    }
}

/// A walk over a log that isn't in a database.
pub struct LogWalk {
    organization: Id,
    cut: i64,
    walk: Walk,
}

impl LogWalk {
    /// Begins where the log does: behind the last of its checkpoints, which have to be as the server signed them.
    ///
    /// # Errors
    /// What is in doubt.
    pub fn begin(
        organization: Id,
        key: Option<&Key>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<LogWalk, Verification> {
        let from = begins(organization, key, checkpoints).map_err(|doubt| found(0, 0, Some(doubt)))?;
        Ok(LogWalk {
            organization,
            cut: from.number,
            walk: Walk::behind(from),
        })
    }

    /// The next entry.
    ///
    /// # Errors
    /// What is in doubt.
    pub fn step(&mut self, entry: LoggedEntry) -> Result<(), Verification> {
        let stepped = self.walk.step(self.organization, entry.into());
        stepped.map_err(|doubt| found(self.cut, self.walk.number, Some(doubt)))
    }

    /// What was found, where nobody says that it was the last.
    pub fn stop(self) -> Verification {
        found(self.cut, self.walk.number, None)
    }

    /// What was found, where that was the last.
    pub fn end(mut self, end: &LogEnd) -> Verification {
        let doubt = at_end(&mut self.walk, (end.number, &end.digest));
        found(self.cut, self.walk.number, doubt)
    }
}
