//! How what was done is recorded on SQLite: the writer is alone, so statement after statement.

use super::audit::{Entry, link};
use super::finish::Batch;
use super::tx::{Origin, Tx, id_or_null, text_or_null};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use firma_domain::Id;

impl Tx<'_> {
    pub(super) fn record_in_turn(
        &mut self,
        organization: Id,
        origin: &Origin,
        entries: Vec<Entry>,
        batch: Batch,
    ) -> Result<(), Fault> {
        let (last, before) = self.head_of(organization)?.ok_or(Fault::Missing)?;
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
