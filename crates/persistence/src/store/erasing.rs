//! What the log gives up of a person who is erased: the payloads about the membership, and from where the person did
//! what the log tells. Entries stay, and so does what they say was changed; the chain is whole as before.

use super::audit::{Likeness, Payload};
use super::tx::Tx;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Kind, Sql, Value};
use diesel::sql_types::{Binary, Nullable, Text};
use firma_auth::access::Joining;
use firma_domain::organizations::Member;
use firma_domain::{Entity, Id};

/// How far the entries of a person were walked: the last one. In the order of their ids, which the index over the
/// entries of an actor has.
pub type Reached = Id;

type Columns = (
    (IdType, Binary),
    (
        Nullable<Binary>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Binary>,
    ),
);
type Row = (
    (Uid, Vec<u8>),
    (
        Option<Vec<u8>>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<Vec<u8>>,
    ),
);

impl Tx<'_> {
    /// Erases what the log says of the membership: name, e-mail, title, department and metadata, before and after.
    pub fn erase_payloads_about(&mut self, joining: &Joining) -> Result<(), Fault> {
        self.unit()?;
        let organization = joining.organization();
        self.fenced(organization)?;
        Sql::<()>::text("DELETE FROM audit_payloads WHERE organization_id = ")
            .bind(organization)
            .then(" AND entry_id IN (SELECT a.id FROM audit_entries a WHERE a.organization_id = ")
            .bind(organization)
            .then(" AND a.entity_type = ")
            .bind(Member::NAME)
            .then(" AND a.entity_id = ")
            .bind(joining.user())
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Erases IP and user agent from up to `most` entries by the person, behind those that were walked. None where
    /// there are no more.
    pub fn erase_origins(
        &mut self,
        joining: &Joining,
        after: Option<Reached>,
        most: i64,
    ) -> Result<Option<Reached>, Fault> {
        self.unit()?;
        let organization = joining.organization();
        self.fenced(organization)?;
        let mut entries = Sql::<Columns>::text(
            "SELECT a.id, a.payload_digest, p.salt, p.changes, p.ip, p.user_agent, \
             p.origin_digest FROM audit_entries a LEFT JOIN audit_payloads p ON p.organization_id = a.organization_id \
             AND p.entry_id = a.id WHERE a.organization_id = ",
        )
        .bind(organization)
        .then(" AND a.actor_id = ")
        .bind(joining.user());
        if let Some(after) = after {
            entries = entries.then(" AND a.id > ").bind(after);
        }
        let entries = entries
            .then(" ORDER BY a.id LIMIT ")
            .bind(Value::Big(most))
            .rows::<Row>(self)?;
        let reached = entries.last().map(|((id, _), _)| id.0);
        for ((id, digest), payload) in entries {
            let (Some(salt), Some(changes), ip, user_agent, origin) = payload else {
                continue;
            };
            if ip.is_none() && user_agent.is_none() {
                continue;
            }
            let payload = Payload {
                salt,
                changes,
                ip,
                user_agent,
                origin,
            };
            self.erase_origin(organization, id.0, &payload, &digest)?;
        }
        Ok(reached)
    }

    fn erase_origin(
        &mut self,
        organization: Id,
        entry: Id,
        payload: &Payload,
        digest: &[u8],
    ) -> Result<(), Fault> {
        let erased = match payload.compare(digest) {
            Likeness::Same => Sql::<()>::text("UPDATE audit_payloads SET origin_digest = ")
                .bind(Value::Bytes(payload.origin_digest().to_vec()))
                .then(", ip = ")
                .bind(Value::Null(Kind::Text))
                .then(", user_agent = ")
                .bind(Value::Null(Kind::Text)),
            // Its digest is of the whole, so the whole goes.
            Likeness::Whole => Sql::<()>::text("DELETE FROM audit_payloads"),
            // Somebody changed it: that is for `verify` to tell, not to be hidden here.
            Likeness::Other => return Ok(()),
        };
        erased
            .then(" WHERE organization_id = ")
            .bind(organization)
            .then(" AND entry_id = ")
            .bind(entry)
            .run(self)?;
        Ok(())
    }
}
