use icu_locale_core::LanguageIdentifier;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;

/// A language of BCP 47, with script and region where they matter: `en`, `tr`, `sr-Latn`, `de-AT`. Kept in the
/// usual letters: `SR-latn` is read as `sr-Latn`. At most 35 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Locale(String);

impl Locale {
    /// The language that `text` names. It has to be well-formed; whether there is such a language isn't checked.
    pub fn parse(text: &str) -> Option<Locale> {
        let language = LanguageIdentifier::try_from_str(text).ok()?;
        let named = !language.language.is_unknown() && text.len() <= 35;
        named.then(|| Locale(language.to_string()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Locale {
    /// English.
    fn default() -> Locale {
        Locale("en".into())
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Locale::parse(&String::deserialize(from)?)
            .ok_or_else(|| D::Error::custom("not a language of BCP 47 such as en or sr-Latn"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Locale, string, "bcp47", "Language, BCP 47");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_languages_and_writes_them_in_one_way() {
        for text in ["en", "tr", "sr-Latn", "sr-Cyrl-RS", "de", "de-AT", "es-419"] {
            assert_eq!(Locale::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Locale::parse("SR-latn").unwrap().as_str(), "sr-Latn");
    }

    #[test]
    fn refuses_what_is_no_language() {
        for wrong in [
            "",
            "e",
            "und",
            "english language",
            "en-",
            "-en",
            "de-DE-1",
            "a-b-c",
            "türkçe",
        ] {
            assert_eq!(Locale::parse(wrong), None, "{wrong:?}");
        }
    }
}
