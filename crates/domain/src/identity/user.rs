use crate::entity::Entity;
use crate::input::Invalid;
use crate::value::{Email, Id, Instant};
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
    /// The name that is shown; made of the two others unless set, and again when it is set to an empty text
    #[validate(length(max = 255))]
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
    /// The file with the person's image
    #[serde(default)]
    pub image_file_id: Option<Id>,
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
            image_file_id: None,
        }
    }

    /// What is left of a user who deleted the account: a pseudonym, the same wherever the person is named.
    /// `None` only if the pseudonym were no e-mail address.
    pub fn erased(id: Id) -> Option<User> {
        let text = id.to_string();
        let mark = text.rsplit('-').next().unwrap_or_default();
        let email = Email::parse(&format!("deleted-{text}@firma.invalid"))?;
        Some(User {
            is_active: false,
            ..User::unclaimed(email, format!("Deleted user {mark}"))
        })
    }

    /// The user as it is to be stored, after a change: the name follows its parts until it is set by hand.
    ///
    /// # Errors
    /// No name, and nothing to make one of.
    pub fn settled(mut self, before: &User) -> Result<User, Invalid> {
        let follows = before.name == before.made_name() && before.name == self.name;
        if self.name.is_empty() || follows {
            self.name = self.made_name();
        }
        match self.name.is_empty() {
            true => Err(Invalid::field("name", "length", "has to be 1 to 255 long")),
            false => Ok(self),
        }
    }

    /// Both parts of the name, as far as there are any.
    fn made_name(&self) -> String {
        let parts = [&self.given_name, &self.family_name];
        let parts: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(" ").trim().to_owned()
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
        "image_file_id",
    ];
    const LEAST: &'static str = r#"{"email": "a@example.com", "name": "A"}"#;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_its_parts_until_it_is_set() {
        let of = |given: Option<&str>, family: Option<&str>, name: &str| User {
            given_name: given.map(str::to_owned),
            family_name: family.map(str::to_owned),
            ..User::unclaimed(Email::parse("a@b.example").unwrap(), name.to_owned())
        };
        let settled = |user: User, before: &User| user.settled(before).map(|user| user.name).ok();
        let before = of(None, None, "ann");
        let set = of(Some("Ann"), Some("Lee"), "ann");
        assert_eq!(settled(set.clone(), &before).as_deref(), Some("ann"));
        let emptied = of(Some("Ann"), Some("Lee"), "");
        assert_eq!(settled(emptied, &set).as_deref(), Some("Ann Lee"));
        let made = of(Some("Ann"), Some("Lee"), "Ann Lee");
        let married = of(Some("Ann"), Some("Bay"), "Ann Lee");
        assert_eq!(settled(married, &made).as_deref(), Some("Ann Bay"));
        assert_eq!(settled(of(None, None, ""), &before), None);
        assert_eq!(settled(of(None, None, "Ann Lee"), &made), None);
    }
}
