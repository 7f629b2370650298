use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;

/// What commands call the part of an installation that is no organization's.
const SYSTEM: &str = "system";

/// A name for addresses: 2 to 63 characters `a-z`, `0-9` and single hyphens inside; never shaped like an id, nor `system`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// The slug, if `text` is one.
    pub fn parse(text: &str) -> Option<Slug> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (2..=63).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--")
            && text.parse::<super::Id>().is_err()
            && text != SYSTEM;
        fits.then(|| Slug(text.to_owned()))
    }

    /// The slug that a name suggests: its letters and digits without marks, hyphens for the rest.
    /// None where too little of it can be written so.
    pub fn of_name(name: &str) -> Option<Slug> {
        let mut text = String::new();
        for c in super::text::fold(name).chars() {
            if c.is_ascii_alphanumeric() {
                text.push(c);
            } else if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
        }
        // Only ASCII is left, so that it is cut between characters.
        text.truncate(63);
        Slug::parse(text.trim_end_matches('-'))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Slug::parse(&String::deserialize(from)?).ok_or_else(|| {
            D::Error::custom("not 2 to 63 of a-z, 0-9 and single hyphens, or shaped like an id, or `system`")
        })
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Slug, string, "slug", "2 to 63 of a-z, 0-9 and single hyphens");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_be_taken_for_an_id_or_a_path() {
        for wrong in [
            "",
            "a",
            "Acme",
            "a--b",
            "-ab",
            "ab-",
            "a/b",
            "a.b",
            "018f3c1e-7000-7000-8000-000000000000",
            "018f3c1e700070008000000000000000",
        ] {
            assert_eq!(Slug::parse(wrong), None, "{wrong:?}");
        }
        assert!(Slug::parse("acme-2").is_some());
    }

    #[test]
    fn a_name_suggests_one_or_none() {
        let of = |name: &str| Slug::of_name(name).map(|slug| slug.to_string());
        assert_eq!(
            of("Đorđević & Söhne, d.o.o.").as_deref(),
            Some("djordjevic-sohne-d-o-o")
        );
        assert_eq!(of("  --Acme--  ").as_deref(), Some("acme"));
        assert_eq!(of(&"İşletme ".repeat(20)).map(|slug| slug.len()), Some(63));
        for none in ["", "x", "株式会社", "018f3c1e-7000-7000-8000-000000000000"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
