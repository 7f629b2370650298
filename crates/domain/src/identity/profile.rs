use crate::entity::Entity;
use crate::input::Invalid;
use crate::value::{Locale, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use validator::Validate;

/// What a person says of themselves. Theirs alone: an organization keeps title and department on the membership.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// About the person
    #[serde(default)]
    #[validate(length(max = 20_000))]
    pub bio: Option<String>,
    /// What the person is, such as a profession
    #[serde(default)]
    #[validate(length(max = 100))]
    pub title: Option<String>,
    /// IANA time zone; decides what is shown, nothing else
    #[serde(default)]
    pub timezone: Option<Zone>,
    /// BCP 47
    #[serde(default)]
    pub locale: Option<Locale>,
    /// Tags
    #[serde(default)]
    #[validate(custom(function = "crate::value::tags"))]
    pub tags: Vec<String>,
    /// Anything, as an object: at most 16 KB, 100 keys of at most 100 characters
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
}

/// The most characters of a value by which metadata is found.
const FOUND: usize = 255;

/// By what a profile is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// `tag` or `metadata`
    pub kind: &'static str,
    /// The tag, or the key
    pub term: String,
    /// The value under the key, cut to 255 characters; empty for a tag, an object and a list
    pub value: String,
}

impl Profile {
    /// All of them, each once.
    pub fn terms(&self) -> Vec<Term> {
        let tag = |tag: &String| Term {
            kind: "tag",
            term: tag.clone(),
            value: String::new(),
        };
        let key = |(key, value): (&String, &Value)| Term {
            kind: "metadata",
            term: key.clone(),
            value: match value {
                Value::String(text) => text.chars().take(FOUND).collect(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => String::new(),
            },
        };
        self.tags
            .iter()
            .map(tag)
            .chain(self.metadata.iter().map(key))
            .collect()
    }
}

impl Entity for Profile {
    const NAME: &'static str = "profile";
    const COLLECTION: &'static str = "profiles";
    const TAGGED: bool = true;
    const LONG: &'static [&'static str] = &["bio", "metadata"];

    fn check(&self) -> Result<(), Invalid> {
        crate::value::metadata(&self.metadata)
    }

    fn tags(&self) -> &[String] {
        &self.tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use serde_json::json;

    #[test]
    fn metadata_is_an_object_of_sixteen_kilobytes() {
        let read = |metadata: Value| input::read::<Profile>(json!({"metadata": metadata}));
        // {"k":"…"}: eight bytes around the text
        assert!(read(json!({"k": "x".repeat(16_384 - 8)})).is_ok());
        assert!(read(json!({"k": "x".repeat(16_384 - 7)})).is_err());
        assert!(read(json!({"": 1})).is_err() && read(json!({"x".repeat(101): 1})).is_err());
        assert!(read(json!([])).is_err() && read(json!("x")).is_err());
        let many: Map<_, _> = (0..101).map(|n| (n.to_string(), json!(n))).collect();
        assert!(read(Value::Object(many)).is_err());
    }

    #[test]
    fn is_found_by_tags_and_by_what_stands_under_keys() {
        let profile = json!({"tags": ["a"], "metadata": {"n": 5, "o": {"x": 1}, "t": "text", "z": null}});
        let profile: Profile = input::read(profile).unwrap();
        let terms = profile.terms();
        let found: Vec<_> = terms
            .iter()
            .map(|t| (t.kind, t.term.as_str(), t.value.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("tag", "a", ""),
                ("metadata", "n", "5"),
                ("metadata", "o", ""),
                ("metadata", "t", "text"),
                ("metadata", "z", "")
            ]
        );
    }
}
