//! Lists where objects are expected: serde reads the fields of a struct from a list as well, in their order.

use super::at::At;
use super::{FieldError, error};
use serde_json::Value;

/// Whether there is a list in it, or in an object in it.
pub(super) fn has_list(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(fields) => fields.values().any(has_list),
        _ => false,
    }
}

/// Notes what says a list where it was read as an object.
pub(super) fn lists_for_objects(said: &Value, read: &Value, at: &At<'_>, errors: &mut Vec<FieldError>) {
    match (said, read) {
        (Value::Array(_), Value::Object(_)) => {
            errors.push(error(at.to_string(), "invalid_type", "an object is expected"));
        }
        (Value::Object(said), Value::Object(read)) => {
            for (name, said) in said {
                if let Some(read) = read.get(name) {
                    lists_for_objects(said, read, &At::Name(at, name), errors);
                }
            }
        }
        _ => {}
    }
}
