use crate::input::Invalid;
use serde_json::{Map, Value};

/// The most bytes of metadata, as JSON.
const BYTES: usize = 16_384;
/// So many objects and lists may stand in each other: a reader of JSON has to end somewhere, and an audit entry holds it
/// in more of them.
const DEPTH: usize = 32;
/// The most keys of metadata, and the most characters of one.
const KEYS: usize = 100;

/// Free JSON in a field called `metadata`: an object of at most 16 KB, 32 levels and 100 keys of 1 to 100 characters.
pub(crate) fn metadata(metadata: &Map<String, Value>) -> Result<(), Invalid> {
    let refused = |what: &str| Err(Invalid::field("metadata", "metadata", what));
    let fits = |key: &String| (1..=KEYS).contains(&key.chars().count()) && !key.contains(char::is_control);
    if metadata.len() > KEYS || !metadata.keys().all(fits) {
        return refused("has to have at most 100 keys of 1 to 100 characters");
    }
    if !metadata.values().all(|value| is_within(value, DEPTH - 1)) {
        return refused("has to have at most 32 levels");
    }
    match serde_json::to_vec(metadata) {
        Ok(json) if json.len() <= BYTES => Ok(()),
        _ => refused("has to be at most 16 KB"),
    }
}

/// Whether a value has at most so many levels.
fn is_within(value: &Value, levels: usize) -> bool {
    let below = |value| is_within(value, levels.saturating_sub(1));
    match value {
        Value::Object(fields) => levels > 0 && fields.values().all(below),
        Value::Array(items) => levels > 0 && items.iter().all(below),
        _ => true,
    }
}
