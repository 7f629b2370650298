//! Lists where objects are expected: serde reads the fields of a struct from a list as well, in their order.

use super::{Invalid, error, escaped};
use serde_json::Value;

/// Whether there is a list in it, or in an object in it.
pub(super) fn has_list(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(fields) => fields.values().any(has_list),
        _ => false,
    }
}

/// Refuses what says a list where it was read as an object.
pub(super) fn unless_list_for_object(said: &Value, read: &Value, at: &str) -> Result<(), Invalid> {
    match (said, read) {
        (Value::Array(_), Value::Object(_)) => Err(Invalid(vec![error(
            at.to_owned(),
            "invalid_type",
            "an object is expected",
        )])),
        (Value::Object(said), Value::Object(read)) => {
            let both = said
                .iter()
                .filter_map(|(name, said)| Some((name, said, read.get(name)?)));
            for (name, said, read) in both {
                unless_list_for_object(said, read, &format!("{at}/{}", escaped(name)))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
