use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;

/// A name of the domain name system, in small letters: at least two labels of 1 to 63 letters, digits and inner
/// hyphens, at most 100 characters in all. Other scripts in their `xn--` form. Never an address of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Domain(String);

impl Domain {
    /// The name, if `text` is one.
    pub fn parse(text: &str) -> Option<Domain> {
        let text = text.to_ascii_lowercase();
        let is_label = |label: &str| {
            let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(allowed)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let (_, last) = text.rsplit_once('.')?;
        let is_number = last.bytes().all(|b| b.is_ascii_digit());
        let fits = text.len() <= 100 && !is_number && text.split('.').all(is_label);
        fits.then_some(Domain(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Domain::parse(&String::deserialize(from)?)
            .ok_or_else(|| D::Error::custom("not a domain name such as acme.example"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Domain, string, "hostname", "A domain name, such as acme.example");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_name_and_no_address() {
        let read = |text: &str| Domain::parse(text).map(|domain| domain.to_string());
        assert_eq!(read("Acme.Example").as_deref(), Some("acme.example"));
        assert_eq!(
            read("a.xn--mnchen-3ya.example").as_deref(),
            Some("a.xn--mnchen-3ya.example")
        );
        for wrong in [
            "",
            "acme",
            "acme.",
            ".acme",
            "a..b",
            "-a.example",
            "a-.example",
            "a_b.example",
            "münchen.example",
            "acme.example:80",
            "https://acme.example",
            "acme.example/x",
            "10.0.0.1",
            " acme.example",
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert_eq!(read(&format!("{}.example", "x".repeat(64))), None);
        assert_eq!(read(&format!("{}.example", "x.".repeat(48))), None);
    }
}
