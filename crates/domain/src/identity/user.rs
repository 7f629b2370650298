use crate::entity::Entity;
use crate::value::{Email, Instant};
use serde::{Deserialize, Serialize};
use validator::Validate;

/// A name to sign in with: 4 to 50 letters, digits, `.`, `_` or `-`; unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// The username, if `text` is one.
    pub fn parse(text: &str) -> Option<Username> {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        ((4..=50).contains(&text.chars().count()) && text.chars().all(allowed)).then(|| Username(text.into()))
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Username::parse(&String::deserialize(from)?)
            .ok_or_else(|| serde::de::Error::custom("not 4 to 50 letters, digits, '.', '_' or '-'"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(
    Username,
    string,
    "username",
    "4 to 50 letters, digits, '.', '_' or '-'"
);

/// A person with an account; may be a member of many organizations. Belongs to none.
/// The password's hash is no part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Signs in; unique without regard to case
    pub email: Email,
    /// Signs in as well as the e-mail does
    #[serde(default)]
    pub username: Option<Username>,
    /// Given name
    #[serde(default)]
    #[validate(length(max = 100))]
    pub given_name: Option<String>,
    /// Family name
    #[serde(default)]
    #[validate(length(max = 100))]
    pub family_name: Option<String>,
    /// The name that is shown
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// Whether the user may sign in
    #[serde(default = "yes")]
    pub is_active: bool,
    /// Whether name, locale, time zone and organization were set by the user
    #[serde(default)]
    pub is_configured: bool,
    /// When the e-mail was shown to be the user's
    #[serde(default)]
    pub email_verified_at: Option<Instant>,
    /// The last sign-in
    #[serde(default)]
    pub last_login_at: Option<Instant>,
}

fn yes() -> bool {
    true
}

impl User {
    /// An account that nobody has claimed yet.
    pub fn unclaimed(email: Email, name: String) -> User {
        User {
            email,
            username: None,
            given_name: None,
            family_name: None,
            name,
            is_active: true,
            is_configured: false,
            email_verified_at: None,
            last_login_at: None,
        }
    }
}

impl Entity for User {
    const NAME: &'static str = "user";
    const COLLECTION: &'static str = "users";
    const READ_ONLY: &'static [&'static str] = &[
        "email",
        "is_active",
        "is_configured",
        "email_verified_at",
        "last_login_at",
    ];
}
