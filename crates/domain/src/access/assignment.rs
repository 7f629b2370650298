use crate::entity::Entity;
use crate::input::Invalid;
use crate::value::{Id, Instant};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use validator::Validate;

/// A role that a member holds. One row a member and role: giving again after expiry renews it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleAssignment {
    /// The member: a user's id
    pub user_id: Id,
    /// The role
    pub role_id: Id,
    /// The organization of a custom role; none for a system role
    #[serde(default)]
    pub role_organization_id: Option<Id>,
    /// Who gave it; none for the system
    #[serde(default)]
    pub assigned_by: Option<Id>,
    /// When it was given
    #[serde(default)]
    pub assigned_at: Option<Instant>,
    /// From this instant on it gives nothing
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// An inactive one gives nothing
    #[serde(default = "yes")]
    pub is_active: bool,
    /// Why it was given
    #[serde(default)]
    #[validate(length(max = 1_000))]
    pub reason: Option<String>,
    /// Anything, as an object: at most 16 KB, 100 keys of at most 100 characters
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl RoleAssignment {
    /// A role for a member, for good. Who gave it is for the rules to say.
    pub fn of(user: Id, role: Id) -> RoleAssignment {
        RoleAssignment {
            user_id: user,
            role_id: role,
            role_organization_id: None,
            assigned_by: None,
            assigned_at: None,
            expires_at: None,
            is_active: true,
            reason: None,
            metadata: Map::new(),
        }
    }

    /// Whether it lasts at least until `end`, or for good where that is none.
    pub fn ends_after(&self, end: Option<Instant>) -> bool {
        self.expires_at
            .is_none_or(|own| end.is_some_and(|end| end <= own))
    }

    /// Whether it gives anything at `now`.
    pub fn gives(&self, now: Instant) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| now < end)
    }
}

impl Entity for RoleAssignment {
    const NAME: &'static str = "role_assignment";
    const COLLECTION: &'static str = "role-assignments";
    const READ_ONLY: &'static [&'static str] = &["role_organization_id", "assigned_by", "assigned_at"];
    const LONG: &'static [&'static str] = &["metadata"];
    const FREE: &'static [&'static str] = &["metadata"];
    const LEAST: &'static str = r#"{"user_id": "00000000-0000-0000-0000-000000000000", "role_id": "00000000-0000-0000-0000-000000000000"}"#;

    fn check(&self) -> Result<(), Invalid> {
        crate::value::metadata(&self.metadata)
    }

    fn verb(before: &Self, after: &Self) -> &'static str {
        match (before.is_active, after.is_active) {
            (true, false) => "revoked",
            (false, true) => "renewed",
            _ => "updated",
        }
    }
}
