use crate::entity::Entity;
use crate::input::Invalid;
use crate::value::{Locale, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
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

/// By what a profile is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// `tag` or `metadata`
    pub kind: &'static str,
    /// The tag, or the key
    pub term: String,
    /// The value under the key, cut to 255 characters; empty for a tag, an object and a list
    pub value: String,
    /// The value as a number, in millionths; none for what isn't one
    pub number: Option<i64>,
}

impl Term {
    /// The most characters of a value by which metadata is found.
    pub const LENGTH: usize = 255;

    /// A number in millionths, rounded; one that is too large for that is the largest there is. `None` for a text that
    /// isn't written as JSON writes a number.
    pub fn millionths(text: &str) -> Option<i64> {
        serde_json::from_str::<Number>(text)
            .ok()
            .map(|number| millionths(&number))
    }
}

fn millionths(number: &Number) -> i64 {
    let whole = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    let exact = match whole {
        Some(whole) => whole.checked_mul(1_000_000),
        None => {
            let text = format!("{:.6}", number.as_f64().unwrap_or_default());
            text.replace('.', "").parse().ok()
        }
    };
    let ends = if number.to_string().starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    exact
        .and_then(|exact: i128| i64::try_from(exact).ok())
        .unwrap_or(ends)
}

impl Profile {
    /// All of them, each once.
    pub fn terms(&self) -> Vec<Term> {
        let tag = |tag: &String| Term {
            kind: "tag",
            term: tag.clone(),
            value: String::new(),
            number: None,
        };
        let key = |(key, value): (&String, &Value)| Term {
            kind: "metadata",
            term: key.clone(),
            value: match value {
                Value::String(text) => text.chars().take(Term::LENGTH).collect(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => String::new(),
            },
            number: match value {
                Value::Number(number) => Some(millionths(number)),
                _ => None,
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
    const FREE: &'static [&'static str] = &["metadata"];
    const LEAST: &'static str = "{}";

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
        let profile = json!({"tags": ["a"], "metadata": {"n": 5, "o": {"x": 1}, "t": "5", "z": null}});
        let profile: Profile = input::read(profile).unwrap();
        let terms = profile.terms();
        let found: Vec<_> = terms
            .iter()
            .map(|t| (t.kind, t.term.as_str(), t.value.as_str(), t.number))
            .collect();
        assert_eq!(
            found,
            [
                ("tag", "a", "", None),
                ("metadata", "n", "5", Some(5_000_000)),
                ("metadata", "o", "", None),
                ("metadata", "t", "5", None),
                ("metadata", "z", "", None)
            ]
        );
    }

    #[test]
    fn numbers_are_in_their_order_to_six_decimals() {
        let texts = [
            "-1e300",
            "-9223372036854775808",
            "-2",
            "-1.5",
            "0",
            "0.000001",
            "9",
            "10",
            "1e2",
            "1e300",
        ];
        let all: Vec<_> = texts.iter().map(|text| Term::millionths(text).unwrap()).collect();
        assert!(all.is_sorted(), "{all:?}");
        assert_eq!((all[0], all[1]), (i64::MIN, i64::MIN));
        assert_eq!(all[3..8], [-1_500_000, 0, 1, 9_000_000, 10_000_000]);
        assert_eq!((all[8], all[9]), (100_000_000, i64::MAX));
        assert_eq!(Term::millionths("18446744073709551615"), Some(i64::MAX));
        for text in ["", "x", "05", "1,5", "NaN", "inf", "2026-01-01", "1e999"] {
            assert_eq!(Term::millionths(text), None, "{text}");
        }
    }
}
