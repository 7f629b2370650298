use crate::entity::Entity;
use crate::spelled;
use crate::value::{Currency, Email, Id, Locale, Slug, Zone};
use serde::{Deserialize, Serialize};
use validator::Validate;

spelled! {
    /// How large a firm is.
    Size {
        /// Just begun
        Startup = "startup",
        /// Fewer than 50 people
        Small = "small",
        /// Fewer than 250 people
        Medium = "medium",
        /// Fewer than 1,000 people
        Large = "large",
        /// 1,000 people and more
        Enterprise = "enterprise",
    }
}
spelled! {
    /// `suspended` is read-only, `archived` is closed.
    Status {
        /// In use
        Active = "active",
        /// May be read, not written
        Suspended = "suspended",
        /// Closed
        Archived = "archived",
    }
}

/// The tenant: a firm and all that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// The firm's name
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// Its name in addresses; unique
    pub slug: Slug,
    /// What the firm does
    #[serde(default)]
    #[validate(length(max = 20_000))]
    pub description: Option<String>,
    /// Website
    #[serde(default)]
    #[validate(url, length(max = 255))]
    pub website: Option<String>,
    /// Industry
    #[serde(default)]
    #[validate(length(max = 50))]
    pub industry: Option<String>,
    /// How large it is
    #[serde(default)]
    pub size_category: Option<Size>,
    /// ISO 3166 alpha-2; phones are read in it
    #[serde(default)]
    #[validate(length(equal = 2), custom(function = "crate::value::country"))]
    pub country: Option<String>,
    /// Its time zone; days, periods and due dates follow it
    #[serde(default)]
    pub timezone: Zone,
    /// Its language
    #[serde(default)]
    pub locale: Locale,
    /// The currency that reports are in unless asked otherwise
    #[serde(default)]
    pub default_currency: Currency,
    /// Where Firma's own bills go
    #[serde(default)]
    pub billing_email: Option<Email>,
    /// Plan; set by the platform
    #[serde(default)]
    #[validate(length(min = 1, max = 50))]
    pub subscription_plan: Option<String>,
    /// The most members it may have; none for no limit; set by the platform
    #[serde(default)]
    #[validate(range(min = 1))]
    pub max_users: Option<i32>,
    /// Whether it may be written to, or opened at all
    #[serde(default = "active")]
    pub status: Status,
    /// The member who owns it
    #[serde(default)]
    pub owner_id: Option<Id>,
}

fn active() -> Status {
    Status::Active
}

impl Entity for Organization {
    const NAME: &'static str = "organization";
    const COLLECTION: &'static str = "organizations";
    const READ_ONLY: &'static [&'static str] = &["subscription_plan", "max_users", "status", "owner_id"];
    const LONG: &'static [&'static str] = &["description"];
}
