use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::{Tx, id_or_null, text_or_null};
use diesel::sql_types::{Nullable, Text};
use firma_domain::identity::SecurityKind;
use firma_domain::{Id, Instant};

/// What happened, for those who look after safety.
#[derive(Debug, Clone)]
pub struct SecurityEvent {
    /// None where it concerns no organization
    pub organization: Option<Id>,
    pub user: Option<Id>,
    pub kind: SecurityKind,
    pub details: Option<String>,
}

/// One that was written down.
#[derive(Debug, Clone)]
pub struct PastEvent {
    pub id: Id,
    pub organization: Option<Id>,
    pub kind: String,
    pub severity: String,
    pub details: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub occurred_at: Instant,
}

type Columns = (
    IdType,
    IdType,
    Text,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    AtType,
);
type Row = (
    Uid,
    Uid,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    At,
);

impl Tx<'_> {
    /// Writes it down, with where the call came from.
    pub fn security_event(&mut self, event: SecurityEvent) -> Result<(), Fault> {
        self.security_event_by(event, None)
    }

    /// The same of what somebody did to others, or to what is common to all.
    pub fn security_event_by(&mut self, event: SecurityEvent, actor: Option<Id>) -> Result<(), Fault> {
        let origin = self.unit()?.origin().clone();
        let values = vec![
            event.organization.unwrap_or(Id::NIL).into(),
            self.new_id().into(),
            id_or_null(event.user),
            event.kind.as_str().into(),
            event.kind.severity().as_str().into(),
            text_or_null(event.details.as_deref()),
            text_or_null(origin.ip.as_deref()),
            text_or_null(origin.user_agent.as_deref()),
            self.now().into(),
            id_or_null(actor),
        ];
        Sql::<()>::text(
            "INSERT INTO security_events (organization_id, id, user_id, type, severity, details, ip, user_agent, \
             occurred_at, actor_id) VALUES (",
        )
        .binds(values)
        .then(")")
        .run(self)?;
        Ok(())
    }

    /// What concerned a user, the newest first: up to `limit` before one of them.
    pub fn security_events_of(
        &mut self,
        user: Id,
        before: Option<Id>,
        limit: i64,
    ) -> Result<Vec<PastEvent>, Fault> {
        self.identify(user)?;
        let rows = Sql::<Columns>::text(
            "SELECT id, organization_id, type, severity, details, ip, user_agent, occurred_at FROM security_events \
             WHERE user_id = ",
        )
        .bind(user)
        .before(before, limit)
        .rows::<Row>(self)?;
        let event = |(id, organization, kind, severity, details, ip, user_agent, at): Row| PastEvent {
            id: id.0,
            organization: Some(organization.0).filter(|id| *id != Id::NIL),
            kind,
            severity,
            details,
            ip,
            user_agent,
            occurred_at: at.0,
        };
        Ok(rows.into_iter().map(event).collect())
    }
}
