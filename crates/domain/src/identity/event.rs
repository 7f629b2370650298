use super::security::SecurityKind;
#[cfg(any(feature = "openapi", test))]
use super::security::Severity;
use crate::entity::Entity;
use crate::value::{Id, Instant};
use serde::{Deserialize, Serialize};
use validator::Validate;

/// What concerned somebody's safety, as it was written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecurityEvent {
    /// The event
    pub id: Id,
    /// What happened
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(value_type = SecurityKind))]
    pub kind: String,
    /// How grave it is
    #[cfg_attr(feature = "openapi", schema(value_type = Severity))]
    pub severity: String,
    /// The organization that it concerns, if it does
    pub organization_id: Option<Id>,
    /// Whom it concerns, or who did it: a user's id; none where nobody is known
    pub user_id: Option<Id>,
    /// Who did it, where it concerns somebody else or what is common to all: a user's id
    pub actor_id: Option<Id>,
    /// What it was about, such as a session or a role
    pub details: Option<String>,
    /// From which address
    pub ip: Option<String>,
    /// By which user agent
    pub user_agent: Option<String>,
    /// When
    pub occurred_at: Instant,
}

impl Entity for SecurityEvent {
    const NAME: &'static str = "security_event";
    const COLLECTION: &'static str = "security-events";
}

/// So many writes of one person in one organization within an hour are worth a warning.
pub const MANY_WRITES: u32 = 100;

impl SecurityKind {
    /// Whether the owner of an organization is told of it by mail, if the organization wants that.
    pub const fn is_raised(self) -> bool {
        matches!(
            self,
            SecurityKind::ManySignInFailures
                | SecurityKind::ManyWrites
                | SecurityKind::NewDevice
                | SecurityKind::AuditLogBroken
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_raised_is_a_warning_or_graver() {
        let raised: Vec<_> = SecurityKind::ALL.iter().filter(|kind| kind.is_raised()).collect();
        assert_eq!(raised.len(), 4);
        let grave = [Severity::Warning, Severity::Critical];
        assert!(raised.iter().all(|kind| grave.contains(&kind.severity())));
    }
}
