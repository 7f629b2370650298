//! The end of a transaction: the organization's head numbers and chains what was done.

use super::audit::{Entry, Note, Sealed, batch_digest, link, origin_digest, payload_digest};
use super::idempotency::{self, Claim};
use super::owed::{self, Owed};
use super::rows::STORED;
use super::tx::{Origin, Tx, Unit, id_or_null, text_or_null};
use crate::backend::Uid;
use crate::fault::Fault;
use crate::sql::{Cond, Sql, Value};
use firma_domain::Id;

type Seal = ([u8; 32], [u8; 32]);

struct Batch {
    id: Id,
    digest: [u8; 32],
    /// Of each entry: its payload's digest and its own
    seals: Vec<Seal>,
}

impl Tx<'_> {
    /// Keeps what was done, to be recorded in an organization's log at the end.
    pub(crate) fn note(&mut self, organization: Id, note: Note<'_>) -> Result<(), Fault> {
        let entry = Entry {
            id: self.new_id(),
            occurred_at: self.now(),
            actor: note.actor,
            key: note.key,
            action: format!("{}.{}", note.entity, note.verb),
            entity_type: note.entity,
            entity_id: note.id,
            version: note.version,
            changes: note.changes,
            salt: self.random(),
        };
        self.unit()?.entries.entry(organization).or_default().push(entry);
        Ok(())
    }

    /// Records what was stored. The last thing before COMMIT, and all that is held until then is the head.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        // One statement that stores all proves who calls as it does.
        let is_one = self.unit.as_ref().is_some_and(Unit::is_one_log) && !self.is_open();
        if !is_one {
            self.prove()?;
        }
        // The logs of several organizations are several statements.
        if self.unit.as_ref().is_some_and(|unit| unit.logs() > 1) {
            self.conn()?;
        }
        let Some(Unit {
            origin,
            entries,
            mut claim,
            mut owed,
            ..
        }) = self.unit.take()
        else {
            return Ok(());
        };
        for (organization, entries) in entries {
            self.fenced(organization)?;
            let batch = self.seal(organization, &origin, &entries);
            let with = claim.take_if(|claim| claim.key.organization == organization);
            if self.is_postgres() {
                let owed = std::mem::take(&mut owed);
                self.record_at_once(organization, origin.clone(), entries, batch, with, owed)?;
            } else {
                self.record_in_turn(organization, &origin, entries, batch)?;
                self.keep(with)?;
            }
        }
        if claim.is_some() {
            // The unit is taken, by which a statement would know that it has to.
            self.begin()?;
        }
        self.keep(claim)?;
        // Nothing was stored that it could have been proved with.
        match owed.is_empty() {
            true => Ok(()),
            false => Err(Fault::Again),
        }
    }

    fn seal(&self, organization: Id, origin: &Origin, entries: &[Entry]) -> Batch {
        let id = self.new_id();
        let seal = |(place, entry): (usize, &Entry)| {
            let from = origin_digest(&entry.salt, origin.ip.as_deref(), origin.user_agent.as_deref());
            let payload = payload_digest(&entry.salt, &entry.changes, &from);
            let sealed = Sealed {
                organization,
                batch: id,
                place,
                id: entry.id,
                occurred_at: entry.occurred_at,
                actor: entry.actor,
                key: entry.key,
                action: &entry.action,
                entity_type: entry.entity_type,
                entity_id: entry.entity_id,
                version: entry.version,
                request_id: origin.request_id.as_deref(),
                payload: &payload,
            };
            (payload, sealed.digest())
        };
        let seals: Vec<_> = entries.iter().enumerate().map(seal).collect();
        let digest = batch_digest(seals.iter().map(|(_, digest)| digest.as_slice()));
        Batch { id, digest, seals }
    }

    fn keep(&mut self, claim: Option<Claim>) -> Result<(), Fault> {
        let Some(claim) = claim else { return Ok(()) };
        self.fenced(claim.key.organization)?;
        let values = idempotency::values(claim, self.now());
        Sql::<()>::text(idempotency::INSERT)
            .binds(values)
            .then(")")
            .run(self)
            .map_err(lost_race)?;
        Ok(())
    }

    /// PostgreSQL: head, entries, payloads, events and the stored answer in one statement.
    fn record_at_once(
        &mut self,
        organization: Id,
        origin: Origin,
        entries: Vec<Entry>,
        batch: Batch,
        claim: Option<Claim>,
        owed: Owed,
    ) -> Result<(), Fault> {
        let proof = self.begin_proof();
        debug_assert!(
            proof.is_none() || !self.is_open(),
            "proved before anything was stored"
        );
        let has_stores = !owed.stores.is_empty();
        let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        let ids = entries.iter().map(|e| Uid(e.id)).collect();
        let or_nil = |of: fn(&Entry) -> Option<Id>| {
            Value::Ids(entries.iter().map(|e| Uid(of(e).unwrap_or(Id::NIL))).collect())
        };
        let text =
            |of: fn(&Entry) -> &str| Value::Texts(entries.iter().map(|e| Some(of(e).to_owned())).collect());
        let blobs = |of: fn(&Seal) -> [u8; 32]| {
            Value::Blobs(batch.seals.iter().map(|seal| of(seal).to_vec()).collect())
        };
        let mut statement = Sql::<()>::text("WITH ").named_parts(owed.stores);
        if has_stores {
            statement = statement.then(", ");
        }
        statement = statement
            .then("head AS (UPDATE heads SET last_number = last_number + ")
            .bind(Value::Big(count))
            .then(", digest = sha256(digest || ")
            .bind(Value::Bytes(batch.digest.to_vec()))
            .then(") WHERE organization_id = ")
            .bind(organization);
        // First of all: it moves the fence.
        if let Some(proof) = proof {
            statement = statement.then(" AND ").cond(Cond::Gives(Box::new(proof)));
        }
        // So the head is taken after what is referred to, and after a row that has to be the only one of its kind.
        if has_stores {
            statement = statement
                .then(" AND EXISTS (SELECT 1 FROM ")
                .then(STORED)
                .then(")");
        }
        statement = statement
            .each_finds(owed.proofs)
            .then(" RETURNING organization_id, last_number - ")
            .bind(Value::Big(count))
            .then(" AS base, digest), e AS (SELECT * FROM unnest(")
            .bind(Value::Ids(ids))
            .then("::uuid[], ")
            .bind(text(|e| &e.action))
            .then("::text[], ")
            .bind(text(|e| e.entity_type))
            .then("::text[], ")
            .bind(Value::Ids(entries.iter().map(|e| Uid(e.entity_id)).collect()))
            .then("::uuid[], ")
            .bind(Value::Ints(entries.iter().map(|e| e.version).collect()))
            .then("::int[], ")
            .bind(blobs(|(payload, _)| *payload))
            .then("::bytea[], ")
            .bind(blobs(|(_, digest)| *digest))
            .then("::bytea[], ")
            .bind(Value::Blobs(entries.iter().map(|e| e.salt.to_vec()).collect()))
            .then("::bytea[], ")
            .bind(text(|e| &e.changes))
            .then("::text[], ")
            .bind(or_nil(|e| e.actor))
            .then("::uuid[], ")
            .bind(or_nil(|e| e.key))
            .then(
                "::uuid[]) WITH ORDINALITY AS e (id, action, entity_type, entity_id, entity_version, \
                 payload_digest, digest, salt, changes, actor, key, n)), \
                 payload AS (INSERT INTO audit_payloads (organization_id, entry_id, salt, changes, ip, user_agent) \
                 SELECT head.organization_id, e.id, e.salt, e.changes, ",
            )
            .bind(text_or_null(origin.ip.as_deref()))
            .then(", ")
            .bind(text_or_null(origin.user_agent.as_deref()))
            .then(" FROM head, e), ");
        if let Some(claim) = claim {
            let values = idempotency::values(claim, self.now());
            statement = statement
                .then("answer AS (")
                .then(idempotency::INSERT)
                .binds(values)
                .then(")), ");
        }
        let recorded = statement
            .then(
                "entry AS (INSERT INTO audit_entries (organization_id, number, id, batch_id, occurred_at, actor_id, \
                 key_id, action, entity_type, entity_id, entity_version, request_id, payload_digest, digest, chain) \
                 SELECT head.organization_id, head.base + e.n, e.id, ",
            )
            .bind(batch.id)
            .then(", ")
            .bind(self.now())
            .then(", NULLIF(e.actor, ")
            .bind(Id::NIL)
            .then("), NULLIF(e.key, ")
            .bind(Id::NIL)
            .then("), e.action, e.entity_type, e.entity_id, e.entity_version, ")
            .bind(text_or_null(origin.request_id.as_deref()))
            .then(
                ", e.payload_digest, e.digest, head.digest FROM head, e) \
                 INSERT INTO events (organization_id, number, type, entity_type, entity_id, entity_version, \
                 occurred_at, actor_id) SELECT head.organization_id, head.base + e.n, e.action, e.entity_type, \
                 e.entity_id, e.entity_version, ",
            )
            .bind(self.now())
            .then(", NULLIF(e.actor, ")
            .bind(Id::NIL)
            .then(")");
        if !self.is_open() {
            // An event without a head is refused, by its policy or as null, and all of the statement with it.
            let all = recorded.then(" FROM e LEFT JOIN head ON TRUE");
            all.run_on(self.alone()).map_err(owed::again)?;
            return match self.presumed {
                Some(_) => self.proved(true),
                None => Ok(()),
            };
        }
        let recorded = recorded.then(" FROM head, e").run(self).map_err(lost_race)?;
        // Without a head nothing is recorded, so nothing is stored: the organization is being purged.
        match i64::try_from(recorded) == Ok(count) {
            true => Ok(()),
            false => Err(Fault::Missing),
        }
    }

    /// SQLite: the writer is alone, so statement after statement.
    fn record_in_turn(
        &mut self,
        organization: Id,
        origin: &Origin,
        entries: Vec<Entry>,
        batch: Batch,
    ) -> Result<(), Fault> {
        let (last, before) = self.head_of(organization)?;
        let chain = link(&before, &batch.digest).to_vec();
        let mut number = last;
        for (entry, (payload, digest)) in entries.into_iter().zip(batch.seals) {
            number += 1;
            Sql::<()>::text(
                "INSERT INTO audit_entries (organization_id, number, id, batch_id, occurred_at, actor_id, key_id, action, \
                 entity_type, entity_id, entity_version, request_id, payload_digest, digest, chain) VALUES (",
            )
            .binds(vec![
                organization.into(),
                Value::Big(number),
                entry.id.into(),
                batch.id.into(),
                entry.occurred_at.into(),
                id_or_null(entry.actor),
                id_or_null(entry.key),
                Value::Text(entry.action.clone()),
                entry.entity_type.into(),
                entry.entity_id.into(),
                Value::Int(entry.version),
                text_or_null(origin.request_id.as_deref()),
                Value::Bytes(payload.to_vec()),
                Value::Bytes(digest.to_vec()),
                Value::Bytes(chain.clone()),
            ])
            .then(")")
            .run(self)?;
            Sql::<()>::text(
                "INSERT INTO audit_payloads (organization_id, entry_id, salt, changes, ip, user_agent) VALUES (",
            )
            .binds(vec![
                organization.into(),
                entry.id.into(),
                Value::Bytes(entry.salt.to_vec()),
                Value::Text(entry.changes),
                text_or_null(origin.ip.as_deref()),
                text_or_null(origin.user_agent.as_deref()),
            ])
            .then(")")
            .run(self)?;
            Sql::<()>::text(
                "INSERT INTO events (organization_id, number, type, entity_type, entity_id, entity_version, \
                 occurred_at, actor_id) VALUES (",
            )
            .binds(vec![
                organization.into(),
                Value::Big(number),
                Value::Text(entry.action),
                entry.entity_type.into(),
                entry.entity_id.into(),
                Value::Int(entry.version),
                entry.occurred_at.into(),
                id_or_null(entry.actor),
            ])
            .then(")")
            .run(self)?;
        }
        Sql::<()>::text("UPDATE heads SET last_number = ")
            .bind(Value::Big(number))
            .then(", digest = ")
            .bind(Value::Bytes(chain))
            .then(" WHERE organization_id = ")
            .bind(organization)
            .run(self)?;
        Ok(())
    }
}

/// The same key was used by a call that was faster: run again, this one will find its answer.
fn lost_race(fault: Fault) -> Fault {
    match fault {
        Fault::Conflict(name) if name.starts_with("idempotency_keys") => Fault::Again,
        other => other,
    }
}
