//! A member's own rows, page by page in the order of their ids: what the archive tells of an organization.

use super::repo::Repo;
use super::stored::Stored;
use super::tx::Tx;
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Tail, Value};
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use firma_auth::access::{Action, Facts, Joining};
use firma_domain::organizations::Member;
use firma_domain::{Entity, Id, Instant, Record};
use serde::Serialize;

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// The live rows that the actor sees and owns or made, behind one of them.
    pub fn own(&mut self, after: Option<Id>, most: i64) -> Result<Vec<Record<E>>, Fault> {
        let actor = Value::from(self.grant.actor());
        let made = Col {
            table: E::TABLE,
            name: "created_by",
        };
        let theirs = [E::OWNER, Some(made)]
            .into_iter()
            .flatten()
            .map(|column| Cond::Is(column, Op::Eq, actor.clone()));
        let mut cond = vec![self.seen(), Cond::Any(theirs.collect())];
        cond.extend(after.map(|id| Cond::Is(E::COMMON.id, Op::Gt, id.into())));
        let tail = Tail {
            order: vec![(E::COMMON.id, false)],
            limit: Some(most),
            hold: None,
        };
        self.tx
            .select::<E>(self.grant.organization(), Cond::All(cond), tail)
    }
}

/// A page of rows, each as JSON.
type Rows = Vec<(Id, serde_json::Value)>;

/// The rows of one entity that are a member's own.
#[derive(Clone, Copy)]
pub struct OwnRows {
    pub collection: &'static str,
    /// Those behind one of them that the member may read
    pub page: fn(&mut Tx<'_>, &Facts, Option<Id>, i64) -> Result<Rows, Fault>,
}

impl OwnRows {
    pub(crate) const fn of<E: Stored>() -> OwnRows {
        OwnRows {
            collection: E::COLLECTION,
            page: page::<E>,
        }
    }
}

fn page<E: Stored>(tx: &mut Tx<'_>, facts: &Facts, after: Option<Id>, most: i64) -> Result<Rows, Fault> {
    // Who made a membership made nothing of the own: the row is about somebody else.
    let grant = facts.may_read::<E>().filter(|_| E::NAME != Member::NAME);
    let Some(grant) = grant else { return Ok(Vec::new()) };
    let rows = tx.open(grant)?.own(after, most)?;
    let told = |record: &Record<E>| serde_json::to_value(record).map(|row| (record.id, row));
    rows.iter()
        .map(told)
        .collect::<Result<_, _>>()
        .map_err(Fault::internal)
}

/// What a person did, as the log has it.
#[derive(Debug, Clone, Serialize)]
pub struct Deed {
    pub id: Id,
    pub number: i64,
    pub occurred_at: Instant,
    pub action: String,
    pub entity_type: String,
    pub entity_id: Id,
    pub entity_version: i32,
    pub request_id: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
}

type Columns = (
    (BigInt, AtType, Text, Text, IdType, Integer),
    (IdType, Nullable<Text>, Nullable<Text>, Nullable<Text>),
);
type Row = (
    (i64, At, String, String, Uid, i32),
    (Uid, Option<String>, Option<String>, Option<String>),
);

impl Tx<'_> {
    /// What the member did in the organization, behind an entry, in the order of their ids, without what was changed by
    /// it: that the member may not be allowed to see any more.
    pub fn deeds(&mut self, joining: &Joining, after: Option<Id>, most: i64) -> Result<Vec<Deed>, Fault> {
        let organization = joining.organization();
        self.fenced(organization)?;
        let mut entries = Sql::<Columns>::text(
            "SELECT a.number, a.occurred_at, a.action, a.entity_type, a.entity_id, a.entity_version, a.id, \
             a.request_id, p.ip, p.user_agent FROM audit_entries a LEFT JOIN audit_payloads p \
             ON p.organization_id = a.organization_id AND p.entry_id = a.id WHERE a.organization_id = ",
        )
        .bind(organization)
        .then(" AND a.actor_id = ")
        .bind(joining.user());
        if let Some(after) = after {
            entries = entries.then(" AND a.id > ").bind(after);
        }
        let rows = entries
            .then(" ORDER BY a.id LIMIT ")
            .bind(Value::Big(most))
            .rows::<Row>(self)?;
        let deed = |((number, at, action, entity_type, entity, entity_version), from): Row| Deed {
            id: from.0.0,
            number,
            occurred_at: at.0,
            action,
            entity_type,
            entity_id: entity.0,
            entity_version,
            request_id: from.1,
            ip: from.2,
            user_agent: from.3,
        };
        Ok(rows.into_iter().map(deed).collect())
    }
}
