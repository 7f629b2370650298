//! Merge patches (RFC 7396), of fields that are fixed and of objects that are free.

use serde_json::{Map, Value};

/// The fields of an entity are fixed, and null is how "none" is written: it stays in, but for those that are free.
pub(super) fn apply(fields: &mut Map<String, Value>, patch: Map<String, Value>, free: &[&str]) {
    for (name, change) in patch {
        let is_free = free.contains(&name.as_str());
        match (fields.entry(name).or_insert(Value::Null), change) {
            (field, Value::Null) if is_free => *field = Value::Object(Map::new()),
            (field, change) if is_free => apply_freely(field, change),
            (Value::Object(inner), Value::Object(change)) => apply(inner, change, &[]),
            (field, change) => *field = change,
        }
    }
}

/// RFC 7396 as it stands: a null takes away what it names, however deep.
fn apply_freely(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(keys) = target else { return };
    for (name, change) in patch {
        if change.is_null() {
            keys.remove(&name);
        } else {
            apply_freely(keys.entry(name).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn freely(mut target: Value, patch: Value) -> Value {
        apply_freely(&mut target, patch);
        target
    }

    #[test]
    fn does_what_the_appendix_of_the_rfc_says() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            assert_eq!(freely(target.clone(), patch.clone()), result, "{target} {patch}");
        }
    }

    #[test]
    fn a_null_stays_in_what_is_fixed() {
        let mut fields = json!({"a": 1, "b": {"c": 2, "d": 3}, "free": {"e": 4, "f": 5}});
        let patch = json!({"a": null, "b": {"c": null}, "free": {"e": null}});
        let (Value::Object(inner), Value::Object(patch)) = (&mut fields, patch) else {
            panic!("no objects");
        };
        apply(inner, patch, &["free"]);
        assert_eq!(
            fields,
            json!({"a": null, "b": {"c": null, "d": 3}, "free": {"f": 5}})
        );
    }

    fn object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from)
        ];
        let value = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                keys(inner)
            ]
        });
        keys(value)
    }

    fn keys(of: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        let key = prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned);
        prop::collection::vec((key, of), 0..4)
            .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>()))
    }

    proptest! {
        #[test]
        fn what_is_null_is_gone_and_what_is_not_named_stays(target in object(), patch in object()) {
            let merged = freely(target.clone(), patch.clone());
            for key in ["a", "b", "c", "d"] {
                match patch.get(key) {
                    Some(Value::Null) => prop_assert_eq!(merged.get(key), None),
                    None => prop_assert_eq!(merged.get(key), target.get(key)),
                    Some(Value::Object(_)) => prop_assert!(merged.get(key).is_some_and(Value::is_object)),
                    change => prop_assert_eq!(merged.get(key), change),
                }
            }
            prop_assert_eq!(freely(merged.clone(), patch), merged);
        }
    }
}
