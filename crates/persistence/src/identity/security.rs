use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::{EVENTS, EventColumns, EventRow, Tx, event_of, id_or_null, text_or_null};
use firma_domain as domain;
use firma_domain::Id;
use firma_domain::identity::SecurityKind;

/// What happened, for those who look after safety.
#[derive(Debug, Clone)]
pub struct SecurityEvent {
    /// None where it concerns no organization
    pub organization: Option<Id>,
    pub user: Option<Id>,
    pub kind: SecurityKind,
    pub details: Option<String>,
}

impl Tx<'_> {
    /// Writes it down, with where the call came from.
    pub fn security_event(&mut self, event: SecurityEvent) -> Result<(), Fault> {
        self.security_event_by(event, None)
    }

    /// The same of what somebody did to others, or to what is common to all.
    pub fn security_event_by(&mut self, event: SecurityEvent, actor: Option<Id>) -> Result<(), Fault> {
        let origin = self.unit()?.origin().clone();
        // What happens to one that is being purged, or was, concerns none any more.
        let organization = match event.organization {
            Some(id) if self.holds_tenant(id)? => id,
            _ => Id::NIL,
        };
        let values = vec![
            organization.into(),
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
        self.unit()?.safety.push(event.kind);
        Ok(())
    }

    /// What concerned a user, the newest first: up to `limit` before one of them. Of an attempt at what is another
    /// organization's nothing is told: it would tell that there is something.
    pub fn security_events_of(
        &mut self,
        user: Id,
        before: Option<Id>,
        limit: i64,
    ) -> Result<Vec<domain::identity::SecurityEvent>, Fault> {
        self.identify(user)?;
        let rows = events_about(user).before(before, limit).rows::<EventRow>(self)?;
        Ok(rows.into_iter().map(event_of).collect())
    }

    /// How many there are of these.
    pub fn count_security_events_of(&mut self, user: Id) -> Result<i64, Fault> {
        self.identify(user)?;
        events_about(user).counted().one::<i64>(self)
    }
}

fn events_about(user: Id) -> Sql<EventColumns> {
    Sql::text(EVENTS)
        .then("type <> ")
        .bind(SecurityKind::ForeignAttempt.as_str())
        .then(" AND user_id = ")
        .bind(user)
}
