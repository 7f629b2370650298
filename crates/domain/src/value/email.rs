use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;
use std::str::FromStr;

/// An e-mail address as it was typed; at most 254 bytes. Two are the same if their [`Email::key`] is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The address, if `text` is one: `local@domain.tld` of RFC 5321, without a display name, and without what only
    /// quotes make one: a blank or another `@`. The top-level domain has two characters at least. PostgreSQL's table
    /// has a check that takes all of these.
    pub fn parse(text: &str) -> Option<Email> {
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        let plain = text.split_once('@').is_some_and(|(_, domain)| {
            let top = domain.rsplit('.').next().unwrap_or_default();
            !domain.contains('@') && top.chars().count() >= 2 && !text.contains(char::is_whitespace)
        });
        let fits = plain
            && text.len() <= 254
            && email_address::EmailAddress::parse_with_options(text, options).is_ok();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_a_table_takes_too() {
        for fine in [
            "kim@home.example",
            "Kim.O'Neil+a@a.b.example",
            "ж@пример.рф",
            "x@y.zz",
            "\"kim\"@home.example",
        ] {
            assert!(Email::parse(fine).is_some(), "{fine}");
        }
        let long = format!("kim@{}.example", "a.".repeat(130));
        for wrong in [
            "",
            "kim",
            "@home.example",
            "kim@",
            "kim@home",
            "kim@home.",
            "kim@home.x",
            "kim@a.home.x",
            "kim@@home.example",
            "kim@home@home.example",
            "\"a@b\"@home.example",
            "\"a b\"@home.example",
            "\"a\u{a0}b\"@home.example",
            "kim @home.example",
            " kim@home.example",
            "kim@home.example\n",
            "Kim <kim@home.example>",
            "kim@[127.0.0.1]",
            &long,
        ] {
            assert_eq!(Email::parse(wrong), None, "{wrong:?}");
        }
    }
}
