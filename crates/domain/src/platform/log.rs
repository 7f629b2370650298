use crate::entity::Entity;
use crate::value::{Id, Instant};
use serde::{Deserialize, Serialize};
use validator::Validate;

/// Who did what to which row, and what changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The entry
    pub id: Id,
    /// Its place in the log: without gaps, in the order of commits
    pub number: i64,
    /// When
    pub occurred_at: Instant,
    /// Who: a user's id; none for the system
    pub actor_id: Option<Id>,
    /// By which API key, where it was one
    pub key_id: Option<Id>,
    /// What was done: `deal.won`
    pub action: String,
    /// To what: `deal`
    pub entity_type: String,
    /// To which one
    pub entity_id: Id,
    /// The version that it has since
    pub entity_version: i32,
    /// Under which id the call stands in the server's log
    pub request_id: Option<String>,
    /// Each changed field with its value before and after; none once they were erased
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub changes: Option<serde_json::Value>,
    /// From which address; none once it was erased
    pub ip: Option<String>,
    /// By which user agent; none once it was erased
    pub user_agent: Option<String>,
}

impl Entity for AuditEntry {
    const NAME: &'static str = "audit_entry";
    const COLLECTION: &'static str = "audit-entries";
}
