use crate::entity::Entity;
use crate::input::Invalid;
use crate::value::{Email, Id, Instant};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use validator::Validate;

/// A user in an organization. Its id is the user's id; it is never deleted, only inactive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The address that the member was added with
    pub email: Email,
    /// The name that the organization shows
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// Position in the firm
    #[serde(default)]
    #[validate(length(max = 100))]
    pub title: Option<String>,
    /// Department
    #[serde(default)]
    #[validate(length(max = 100))]
    pub department: Option<String>,
    /// When the person accepted; none before
    #[serde(default)]
    pub joined_at: Option<Instant>,
    /// Who added the member
    #[serde(default)]
    pub invited_by: Option<Id>,
    /// An inactive member may do nothing
    #[serde(default = "yes")]
    pub is_active: bool,
    /// Anything, as an object: at most 16 KB, 100 keys of at most 100 characters
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl Member {
    /// A member who was added and has not accepted yet.
    pub fn added(email: Email, name: String, invited_by: Option<Id>) -> Member {
        Member {
            email,
            name,
            title: None,
            department: None,
            joined_at: None,
            invited_by,
            is_active: true,
            metadata: Map::new(),
        }
    }

    /// Whether the member may act at all.
    pub fn is_live(&self) -> bool {
        self.is_active && self.joined_at.is_some()
    }
}

impl Entity for Member {
    const NAME: &'static str = "member";
    const COLLECTION: &'static str = "members";
    const READ_ONLY: &'static [&'static str] = &["email", "joined_at", "invited_by"];
    const LONG: &'static [&'static str] = &["metadata"];
    const FREE: &'static [&'static str] = &["metadata"];
    const LEAST: &'static str = r#"{"email": "a@example.com", "name": "A"}"#;

    fn check(&self) -> Result<(), Invalid> {
        crate::value::metadata(&self.metadata)
    }

    fn verb(before: &Self, after: &Self) -> &'static str {
        match (before.is_active, after.is_active) {
            (true, false) => "deactivated",
            (false, true) => "activated",
            _ if before.joined_at.is_none() && after.joined_at.is_some() => "joined",
            _ => "updated",
        }
    }
}
