use crate::spelled;
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

spelled! {
    /// A module that an organization may do without.
    Feature {
        /// What the organization builds
        Product = "product",
        /// Its website
        Site = "site",
        /// Its clients' declarations and messages
        Practice = "practice",
        /// Projects, tasks, time
        Work = "work",
        /// Quotes, invoices, payments
        Sales = "sales",
    }
}
spelled! {
    /// The day on which calendars begin a week.
    WeekStart {
        /// As ISO 8601 has it
        Monday = "MONDAY",
        /// Saturday
        Saturday = "SATURDAY",
        /// Sunday
        Sunday = "SUNDAY",
    }
}

/// How an organization looks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, expecting = "an object of settings")]
pub struct Branding {
    /// Its first colour, `#rrggbb`
    #[serde(default)]
    #[validate(custom(function = "colour"))]
    pub primary_color: Option<String>,
    /// Its second colour, `#rrggbb`
    #[serde(default)]
    #[validate(custom(function = "colour"))]
    pub accent_color: Option<String>,
}

/// How an organization wants to work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, expecting = "an object of settings")]
pub struct Settings {
    /// The modules that it uses, all unless said otherwise. What belongs to another isn't there, for nobody.
    #[serde(default = "all_features")]
    #[validate(custom(function = "none_twice"))]
    pub features: Vec<Feature>,
    /// How it looks
    #[serde(default)]
    #[validate(nested)]
    pub branding: Branding,
    /// The day on which calendars begin a week
    #[serde(default = "monday")]
    pub week_start: WeekStart,
    /// Whether only who has a second factor enters
    #[serde(default)]
    pub second_factor_required: bool,
    /// What its owner is told by mail
    #[serde(default)]
    #[validate(nested)]
    pub mail: MailSettings,
    /// How long what it did is kept
    #[serde(default)]
    #[validate(nested)]
    pub retention: RetentionSettings,
}

/// How long an organization keeps what only adds up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, expecting = "an object of settings")]
pub struct RetentionSettings {
    /// For how many days the audit log is kept, at least a year; none for ever. What is older is cut, and
    /// can't be brought back
    #[serde(default)]
    #[validate(range(min = 365, max = 36_500))]
    pub audit_days: Option<i32>,
}

/// What the owner of an organization is told by mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, expecting = "an object of settings")]
pub struct MailSettings {
    /// Warnings about safety: many wrong passwords, conspicuously many writes, sign-ins from new devices
    #[serde(default = "yes")]
    pub security_warnings: bool,
}

impl Default for MailSettings {
    fn default() -> MailSettings {
        MailSettings {
            security_warnings: true,
        }
    }
}

fn yes() -> bool {
    true
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            features: all_features(),
            branding: Branding::default(),
            week_start: monday(),
            second_factor_required: false,
            mail: MailSettings::default(),
            retention: RetentionSettings::default(),
        }
    }
}

impl Settings {
    /// The modules that the organization does without.
    pub fn switched_off(&self) -> Vec<Feature> {
        let is_off = |feature: &Feature| !self.features.contains(feature);
        Feature::ALL.iter().copied().filter(is_off).collect()
    }
}

fn all_features() -> Vec<Feature> {
    Feature::ALL.to_vec()
}

fn monday() -> WeekStart {
    WeekStart::Monday
}

fn colour(text: &str) -> Result<(), ValidationError> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    match digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err(ValidationError::new("color").with_message("has to be a colour such as #3B82F6".into())),
    }
}

fn none_twice(features: &[Feature]) -> Result<(), ValidationError> {
    let seen = |(n, feature): (usize, &Feature)| features.iter().skip(n + 1).any(|other| other == feature);
    match features.iter().enumerate().any(seen) {
        false => Ok(()),
        true => Err(ValidationError::new("repeated").with_message("has to name each module once".into())),
    }
}
