use crate::entity::Entity;
use crate::value::{Day, Id, Slug};
use serde::{Deserialize, Serialize};
use validator::Validate;

/// A group of members; `team` reach means the rows of those one shares a live team with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Name
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// Name in addresses; unique among the organization's live teams
    pub slug: Slug,
    /// What the team does
    #[serde(default)]
    #[validate(length(max = 20_000))]
    pub description: Option<String>,
}

impl Entity for Team {
    const NAME: &'static str = "team";
    const COLLECTION: &'static str = "teams";
    const LONG: &'static [&'static str] = &["description"];
    const LEAST: &'static str = r#"{"name": "A", "slug": "aa"}"#;
}

/// A member in a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TeamMember {
    /// The team
    pub team_id: Id,
    /// The member: a user's id
    pub user_id: Id,
    /// Whether the member leads the team
    #[serde(default)]
    pub is_lead: bool,
    /// Since when, if it is told
    #[serde(default)]
    pub since: Option<Day>,
}

impl Entity for TeamMember {
    const NAME: &'static str = "team_member";
    const COLLECTION: &'static str = "team-members";
    const LEAST: &'static str = r#"{"team_id": "00000000-0000-0000-0000-000000000000", "user_id": "00000000-0000-0000-0000-000000000000"}"#;
}
