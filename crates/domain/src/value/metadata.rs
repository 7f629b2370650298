use crate::input::Invalid;
use serde_json::{Map, Value};

/// The most bytes of metadata, as JSON.
const BYTES: usize = 16_384;
/// The most keys of metadata, and the most characters of one.
const KEYS: usize = 100;

/// Free JSON in a field called `metadata`: an object of at most 16 KB and 100 keys of 1 to 100 characters.
pub(crate) fn metadata(metadata: &Map<String, Value>) -> Result<(), Invalid> {
    let refused = |what: &str| Err(Invalid::field("metadata", "metadata", what));
    let fits = |key: &String| (1..=KEYS).contains(&key.chars().count()) && !key.contains(char::is_control);
    if metadata.len() > KEYS || !metadata.keys().all(fits) {
        return refused("has to have at most 100 keys of 1 to 100 characters");
    }
    match serde_json::to_vec(metadata) {
        Ok(json) if json.len() <= BYTES => Ok(()),
        _ => refused("has to be at most 16 KB"),
    }
}
