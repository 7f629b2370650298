//! Logs: rows that are only added to, read from the newest on, in the order of their ids.

use super::field::{Field, field};
use super::stored::instant_literal;
use super::tx::Tx;
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Value};
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use firma_auth::access::{Grant, PlatformGrant, Read};
use firma_domain::identity::{SecurityEvent, SecurityKind, Severity};
use firma_domain::platform::AuditEntry;
use firma_domain::value::text;
use firma_domain::{Entity, Id};

/// A log that can be read in pages.
pub trait Log: Entity {
    /// What it may be cut by.
    fn filters() -> &'static [Field];
    /// The id of an entry: they are in the order of these.
    fn id(&self) -> Id;
}

/// A page of a log.
#[derive(Debug, Clone, Default)]
pub struct LogPage {
    pub filters: Vec<Cond>,
    /// The newest before this one
    pub before: Option<Id>,
    pub rows: i64,
}

/// For so long a call may have lasted: an id tells when it was made, which is so much later than the call began.
const LASTED: i64 = 3_600;

impl LogPage {
    /// The condition of the filters. An id begins with its instant, so a time is a range of ids too, which the index
    /// that gives the order seeks.
    fn cond(&self, id: Col) -> Cond {
        let mut all = self.filters.clone();
        for filter in &self.filters {
            let Cond::Is(_, op, Value::At(At(at))) = filter else {
                continue;
            };
            let first = |at: firma_domain::Instant| {
                Id::from_parts(
                    u64::try_from(at.micros().div_euclid(1_000)).unwrap_or(0),
                    &[0; 10],
                )
            };
            match op {
                Op::Ge | Op::Gt => all.push(Cond::Is(id, Op::Ge, first(*at).into())),
                Op::Le | Op::Lt => {
                    all.push(Cond::Is(id, Op::Lt, first(at.plus_seconds(LASTED)).into()));
                }
                _ => {}
            }
        }
        Cond::All(all)
    }
}

/// Of one organization, as every query of a repository is.
fn within(column: Col, organization: Id, cond: Cond) -> Cond {
    match crate::store::has_tenant_condition() {
        true => Cond::All(vec![Cond::Is(column, Op::Eq, organization.into()), cond]),
        false => cond,
    }
}

fn id_literal(written: &str) -> Option<Value> {
    written.parse::<Id>().ok().map(Value::from)
}
fn text_literal(written: &str) -> Option<Value> {
    text::clean(written, false).map(Value::Text)
}

const fn event(name: &'static str) -> Col {
    Col {
        table: "security_events",
        name,
    }
}
const fn entry(name: &'static str) -> Col {
    Col {
        table: "audit_entries",
        name,
    }
}

impl Log for SecurityEvent {
    fn filters() -> &'static [Field] {
        const FIELDS: &[Field] = &[
            field::<Text>(
                "type",
                event("type"),
                |written| {
                    written
                        .parse::<SecurityKind>()
                        .ok()
                        .map(|kind| kind.as_str().into())
                },
                None,
            ),
            field::<Text>(
                "severity",
                event("severity"),
                |written| {
                    written
                        .parse::<Severity>()
                        .ok()
                        .map(|severity| severity.as_str().into())
                },
                None,
            ),
            field::<IdType>("user_id", event("user_id"), id_literal, None),
            field::<IdType>("organization_id", event("organization_id"), id_literal, None),
            field::<AtType>("occurred_at", event("occurred_at"), instant_literal, None),
        ];
        FIELDS
    }

    fn id(&self) -> Id {
        self.id
    }
}

impl Log for AuditEntry {
    fn filters() -> &'static [Field] {
        const FIELDS: &[Field] = &[
            field::<Text>("entity_type", entry("entity_type"), text_literal, None),
            field::<IdType>("entity_id", entry("entity_id"), id_literal, None),
            field::<IdType>("actor_id", entry("actor_id"), id_literal, None),
            field::<Text>("action", entry("action"), text_literal, None),
            field::<AtType>("occurred_at", entry("occurred_at"), instant_literal, None),
        ];
        FIELDS
    }

    fn id(&self) -> Id {
        self.id
    }
}

pub(crate) type EventColumns = (
    (IdType, IdType, Nullable<IdType>, Text, Text),
    (
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        AtType,
        Nullable<IdType>,
    ),
);
pub(crate) type EventRow = (
    (Uid, Uid, Option<Uid>, String, String),
    (Option<String>, Option<String>, Option<String>, At, Option<Uid>),
);
/// What an [`EventRow`] is read from.
pub(crate) const EVENTS: &str = "SELECT id, organization_id, user_id, type, severity, details, ip, user_agent, \
     occurred_at, actor_id FROM security_events WHERE ";

pub(crate) fn event_of(row: EventRow) -> SecurityEvent {
    let ((id, organization, user, kind, severity), (details, ip, user_agent, at, actor)) = row;
    SecurityEvent {
        id: id.0,
        kind,
        severity,
        organization_id: Some(organization.0).filter(|id| *id != Id::NIL),
        user_id: user.map(|id| id.0),
        actor_id: actor.map(|id| id.0),
        details,
        ip,
        user_agent,
        occurred_at: at.0,
    }
}

type EntryColumns = (
    (IdType, BigInt, AtType, Nullable<IdType>, Text, Text),
    (IdType, Integer, Nullable<Text>, Nullable<IdType>),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>),
);
type EntryRow = (
    (Uid, i64, At, Option<Uid>, String, String),
    (Uid, i32, Option<String>, Option<Uid>),
    (Option<String>, Option<String>, Option<String>),
);

fn entry_of(row: EntryRow) -> AuditEntry {
    let ((id, number, at, actor, action, entity_type), rest, (changes, ip, user_agent)) = row;
    let (entity_id, entity_version, request_id, key) = rest;
    AuditEntry {
        id: id.0,
        number,
        occurred_at: at.0,
        actor_id: actor.map(|id| id.0),
        key_id: key.map(|id| id.0),
        action,
        entity_type,
        entity_id: entity_id.0,
        entity_version,
        request_id,
        // What is too deep to be read again is shown as its text: null says that it was erased.
        changes: changes.map(|changes| serde_json::from_str(&changes).unwrap_or(changes.into())),
        ip,
        user_agent,
    }
}

const EVENTS_COUNTED: &str = "SELECT COUNT(*) FROM security_events WHERE ";

fn count(head: &'static str, all: Cond) -> Sql<BigInt> {
    Sql::text(head).cond(all)
}

impl Tx<'_> {
    /// What concerned the safety of an organization, the newest first.
    pub fn security_events(
        &mut self,
        grant: Grant<SecurityEvent, Read>,
        page: &LogPage,
    ) -> Result<Vec<SecurityEvent>, Fault> {
        self.fenced(grant.organization())?;
        let all = within(
            event("organization_id"),
            grant.organization(),
            page.cond(event("id")),
        );
        self.events(all, page)
    }

    /// How many there are of these.
    pub fn count_security_events(
        &mut self,
        grant: Grant<SecurityEvent, Read>,
        page: &LogPage,
    ) -> Result<i64, Fault> {
        self.fenced(grant.organization())?;
        let all = within(
            event("organization_id"),
            grant.organization(),
            page.cond(event("id")),
        );
        count(EVENTS_COUNTED, all).one::<i64>(self)
    }

    /// What concerned anybody's safety, the newest first.
    pub fn all_security_events(
        &mut self,
        grant: PlatformGrant<SecurityEvent, Read>,
        page: &LogPage,
    ) -> Result<Vec<SecurityEvent>, Fault> {
        self.on_platform(grant)?;
        self.events(page.cond(event("id")), page)
    }

    /// How many there are of these.
    pub fn count_all_security_events(
        &mut self,
        grant: PlatformGrant<SecurityEvent, Read>,
        page: &LogPage,
    ) -> Result<i64, Fault> {
        self.on_platform(grant)?;
        count(EVENTS_COUNTED, page.cond(event("id"))).one::<i64>(self)
    }

    fn events(&mut self, cond: Cond, page: &LogPage) -> Result<Vec<SecurityEvent>, Fault> {
        let rows = Sql::<EventColumns>::text(EVENTS)
            .cond(cond)
            .before(page.before, page.rows)
            .rows::<EventRow>(self)?;
        Ok(rows.into_iter().map(event_of).collect())
    }

    /// The log of an organization, the newest entry first.
    pub fn audit_entries(
        &mut self,
        grant: Grant<AuditEntry, Read>,
        page: &LogPage,
    ) -> Result<Vec<AuditEntry>, Fault> {
        self.fenced(grant.organization())?;
        let rows = Sql::<EntryColumns>::text(
            "SELECT e.id, e.number, e.occurred_at, e.actor_id, e.action, e.entity_type, e.entity_id, e.entity_version, \
             e.request_id, e.key_id, p.changes, p.ip, p.user_agent FROM (SELECT * FROM audit_entries WHERE ",
        )
        .cond(within(
            entry("organization_id"),
            grant.organization(),
            page.cond(entry("id")),
        ))
        .before(page.before, page.rows)
        .then(
            ") e LEFT JOIN audit_payloads p ON p.organization_id = e.organization_id AND p.entry_id = e.id \
             ORDER BY e.id DESC",
        )
        .rows::<EntryRow>(self)?;
        Ok(rows.into_iter().map(entry_of).collect())
    }

    /// How many entries there are of these.
    pub fn count_audit_entries(
        &mut self,
        grant: Grant<AuditEntry, Read>,
        page: &LogPage,
    ) -> Result<i64, Fault> {
        self.fenced(grant.organization())?;
        let all = within(
            entry("organization_id"),
            grant.organization(),
            page.cond(entry("id")),
        );
        count("SELECT COUNT(*) FROM audit_entries WHERE ", all).one::<i64>(self)
    }
}
