use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;
use std::str::FromStr;

/// An e-mail address as it was typed; at most 254 characters. Two are the same if their [`Email::key`] is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The address, if `text` is one: `local@domain.tld` of RFC 5321, without a display name.
    pub fn parse(text: &str) -> Option<Email> {
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        let fits =
            text.len() <= 254 && email_address::EmailAddress::parse_with_options(text, options).is_ok();
        fits.then(|| Email(text.to_owned()))
    }

    /// The address as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address in lower case: what uniqueness and sign-in go by.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Email, Self::Err> {
        Email::parse(text).ok_or("not an e-mail address")
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Email, string, "email", "E-mail address");
