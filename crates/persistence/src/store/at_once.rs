//! How what was done is recorded on PostgreSQL: head, payloads, entries, events and the stored answer in one statement,
//! and with it what the call was to store and to prove.

use super::audit::Entry;
use super::finish::{Batch, Seal, lost_race};
use super::idempotency::{self, Claim};
use super::owed::{self, Owed};
use super::rows::{Beside, STORED};
use super::tx::{Origin, Tx, text_or_null};
use crate::backend::Uid;
use crate::fault::Fault;
use crate::sql::{Cond, Sql, Value};
use firma_domain::{Id, Instant};

impl Tx<'_> {
    pub(super) fn record_at_once(
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
        let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        let now = self.now();
        let mut parts = owed.stores;
        let under = (proof, !parts.is_empty(), owed.proofs);
        parts.push(("head", head(organization, count, batch.digest, under)));
        parts.push(("payload", payloads(&origin)));
        parts.extend(claim.map(|claim| answer(claim, now)));
        parts.push(("entry", audited(batch.id, &origin, now)));
        let recorded = Sql::<()>::text("WITH ")
            .nested(as_rows(&entries, &batch))
            .then(", ")
            .named_parts(parts)
            .then(" ")
            .nested(events(now));
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
}

/// The conditions without which nothing is stored: the proof of the caller, whether the statement stores rows, and what
/// has to be found.
type Under = (Option<Sql>, bool, Vec<Sql>);

/// Takes the head.
fn head(organization: Id, count: i64, digest: [u8; 32], (proof, has_stores, finds): Under) -> Sql {
    let mut head = Sql::text("UPDATE heads SET last_number = last_number + ")
        .bind(Value::Big(count))
        .then(", digest = sha256(digest || ")
        .bind(Value::Bytes(digest.to_vec()))
        .then(") WHERE organization_id = ")
        .bind(organization);
    // First of all: it moves the fence.
    if let Some(proof) = proof {
        head = head.then(" AND ").cond(Cond::Gives(Box::new(proof)));
    }
    // So the head is taken after what is referred to, and after a row that has to be the only one of its kind.
    if has_stores {
        head = head.then(" AND EXISTS (SELECT 1 FROM ").then(STORED).then(")");
    }
    head.each_finds(finds)
        .then(" RETURNING organization_id, last_number - ")
        .bind(Value::Big(count))
        .then(" AS base, digest")
}

/// The entries, numbered from 1 on, under the name `e`. One alone, as a call mostly has, is put where it is asked for:
/// as a row of its own it would be made, kept and read three times.
fn as_rows(entries: &[Entry], batch: &Batch) -> Sql {
    let ids = |of: fn(&Entry) -> Id| Value::Ids(entries.iter().map(|e| Uid(of(e))).collect());
    let text =
        |of: fn(&Entry) -> &str| Value::Texts(entries.iter().map(|e| Some(of(e).to_owned())).collect());
    let seals =
        |of: fn(&Seal) -> [u8; 32]| Value::Blobs(batch.seals.iter().map(|seal| of(seal).to_vec()).collect());
    let columns = [
        ("id", "uuid", ids(|e| e.id)),
        ("action", "text", text(|e| &e.action)),
        ("entity_type", "text", text(|e| e.entity_type)),
        ("entity_id", "uuid", ids(|e| e.entity_id)),
        (
            "entity_version",
            "int",
            Value::Ints(entries.iter().map(|e| e.version).collect()),
        ),
        ("payload_digest", "bytea", seals(|(payload, _)| *payload)),
        ("digest", "bytea", seals(|(_, digest)| *digest)),
        (
            "salt",
            "bytea",
            Value::Blobs(entries.iter().map(|e| e.salt.to_vec()).collect()),
        ),
        ("changes", "text", text(|e| &e.changes)),
        ("actor", "uuid", ids(|e| e.actor.unwrap_or(Id::NIL))),
        ("key", "uuid", ids(|e| e.key.unwrap_or(Id::NIL))),
    ];
    if entries.len() == 1 {
        let one = Sql::text("e AS NOT MATERIALIZED (SELECT 1::bigint AS n");
        let each = |one: Sql, (name, kind, values): (&'static str, _, Value)| {
            one.then(", ")
                .bind(values.only())
                .then("::")
                .then(kind)
                .then(" AS ")
                .then(name)
        };
        return columns.into_iter().fold(one, each).then(")");
    }
    let names = columns.each_ref().map(|(name, ..)| *name);
    let many = Sql::text("e AS (SELECT * FROM unnest(");
    let each = |many: Sql, (n, (_, kind, values)): (usize, (_, &'static str, _))| {
        let glue = if n > 0 { ", " } else { "" };
        many.then(glue).bind(values).then("::").then(kind).then("[]")
    };
    let many = columns
        .into_iter()
        .enumerate()
        .fold(many, each)
        .then(") WITH ORDINALITY AS e (");
    names
        .into_iter()
        .fold(many, |many, name| many.then(name).then(", "))
        .then("n))")
}

fn payloads(origin: &Origin) -> Sql {
    Sql::text(
        "INSERT INTO audit_payloads (organization_id, entry_id, salt, changes, ip, user_agent) \
         SELECT head.organization_id, e.id, e.salt, e.changes, ",
    )
    .bind(text_or_null(origin.ip.as_deref()))
    .then(", ")
    .bind(text_or_null(origin.user_agent.as_deref()))
    .then(" FROM head, e")
}

fn answer(claim: Claim, now: Instant) -> Beside {
    let values = idempotency::values(claim, now);
    ("answer", Sql::text(idempotency::INSERT).binds(values).then(")"))
}

fn audited(batch: Id, origin: &Origin, now: Instant) -> Sql {
    Sql::text(
        "INSERT INTO audit_entries (organization_id, number, id, batch_id, occurred_at, actor_id, key_id, action, \
         entity_type, entity_id, entity_version, request_id, payload_digest, digest, chain) \
         SELECT head.organization_id, head.base + e.n, e.id, ",
    )
    .bind(batch)
    .then(", ")
    .bind(now)
    .then(", NULLIF(e.actor, ")
    .bind(Id::NIL)
    .then("), NULLIF(e.key, ")
    .bind(Id::NIL)
    .then("), e.action, e.entity_type, e.entity_id, e.entity_version, ")
    .bind(text_or_null(origin.request_id.as_deref()))
    .then(", e.payload_digest, e.digest, head.digest FROM head, e")
}

/// All but what they come from.
fn events(now: Instant) -> Sql {
    Sql::text(
        "INSERT INTO events (organization_id, number, type, entity_type, entity_id, entity_version, \
         occurred_at, actor_id) SELECT head.organization_id, head.base + e.n, e.action, e.entity_type, \
         e.entity_id, e.entity_version, ",
    )
    .bind(now)
    .then(", NULLIF(e.actor, ")
    .bind(Id::NIL)
    .then(")")
}
