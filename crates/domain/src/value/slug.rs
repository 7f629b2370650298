use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;

/// A name for addresses: 2 to 63 characters `a-z`, `0-9` and single hyphens inside; never shaped like an id.
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
            && text.parse::<super::Id>().is_err();
        fits.then(|| Slug(text.to_owned()))
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
            D::Error::custom("not 2 to 63 of a-z, 0-9 and single hyphens, or shaped like an id")
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
}
