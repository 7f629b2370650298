//! The end of a transaction: the organization's head numbers and chains what was done.

use super::audit::{Entry, Note, Sealed, batch_digest, origin_digest, payload_digest};
use super::idempotency::{self, Claim};
use super::tx::{Origin, Tx, Unit};
use crate::fault::Fault;
use crate::sql::Sql;
use firma_domain::Id;

pub(super) type Seal = ([u8; 32], [u8; 32]);

/// The entries of a transaction in one log, digested together.
pub(super) struct Batch {
    pub(super) id: Id,
    pub(super) digest: [u8; 32],
    /// Of each entry: its payload's digest and its own
    pub(super) seals: Vec<Seal>,
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
}

/// The same key was used by a call that was faster: run again, this one will find its answer.
pub(super) fn lost_race(fault: Fault) -> Fault {
    match fault {
        Fault::Conflict(name) if name.starts_with("idempotency_keys") => Fault::Again,
        other => other,
    }
}
