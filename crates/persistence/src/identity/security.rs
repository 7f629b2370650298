use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::{Tx, id_or_null, text_or_null};
use firma_domain::Id;

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Info,
    Warning,
}

/// What happened, for those who look after safety.
#[derive(Debug, Clone)]
pub struct SecurityEvent {
    /// None where it concerns no organization
    pub organization: Option<Id>,
    pub user: Option<Id>,
    pub kind: &'static str,
    pub severity: Severity,
    pub details: Option<String>,
}

impl Tx<'_> {
    /// Writes it down, with where the call came from.
    pub fn security_event(&mut self, event: SecurityEvent) -> Result<(), Fault> {
        let origin = self.unit()?.origin().clone();
        let values = vec![
            event.organization.unwrap_or(Id::NIL).into(),
            self.new_id().into(),
            id_or_null(event.user),
            event.kind.into(),
            match event.severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
            }
            .into(),
            text_or_null(event.details.as_deref()),
            text_or_null(origin.ip.as_deref()),
            text_or_null(origin.user_agent.as_deref()),
            self.now().into(),
        ];
        Sql::<()>::text(
            "INSERT INTO security_events (organization_id, id, user_id, type, severity, details, ip, user_agent, \
             occurred_at) VALUES (",
        )
        .binds(values)
        .then(")")
        .run(self)?;
        Ok(())
    }
}
