//! What the examples of the documentation were answered, as a test recorded it.

use serde_json::{Map, Value};
use std::sync::LazyLock;

/// The body that the example of an operation was answered with.
pub(crate) fn recorded(id: &str) -> Option<Value> {
    static ANSWERS: LazyLock<Map<String, Value>> =
        LazyLock::new(|| serde_json::from_str(include_str!("answers.json")).unwrap_or_default());
    ANSWERS.get(id).cloned()
}
