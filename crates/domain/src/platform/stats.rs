use crate::entity::Entity;
use crate::value::Instant;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// How much there is on an installation: counts alone, and nothing of what stands in the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// People with an account
    pub users: UserStats,
    /// Organizations
    pub organizations: OrganizationStats,
    /// Sessions that live
    pub sessions: i64,
    /// Work that waits
    pub jobs: JobStats,
    /// Files of all organizations, deleted ones as long as their bytes are kept
    pub storage: StorageStats,
}

/// People with an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserStats {
    /// All that are there
    pub total: i64,
    /// Those who may sign in
    pub active: i64,
}

/// Organizations by their status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationStats {
    /// In use
    pub active: i64,
    /// Read-only
    pub suspended: i64,
    /// Closed
    pub archived: i64,
}

/// The queue over all organizations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobStats {
    /// Each kind of which something is due and not taken
    pub waiting: Vec<WaitingJobs>,
    /// Those of the system that were given up
    pub failed: i64,
}

/// What is due of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingJobs {
    /// The kind
    pub kind: String,
    /// How many
    pub count: i64,
    /// Since when the oldest is due
    pub oldest: Instant,
}

/// What files take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageStats {
    /// How many
    pub files: i64,
    /// Their bytes
    pub bytes: i64,
}

impl Entity for Stats {
    const NAME: &'static str = "stats";
    const COLLECTION: &'static str = "stats";
}
