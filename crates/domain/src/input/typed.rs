//! Reading a type from JSON, strictly; what serde finds wrong, in a caller's words.

use super::{FieldError, Invalid, TOLD, error, escaped, no_object};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;

/// Serde stops at the first fault. What is wrong is noted and left out, and the rest read again, so that all of it is
/// told, as much as [`TOLD`].
pub(super) fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Invalid> {
    // A list would be read as the fields in their order.
    if !value.is_object() {
        return Err(no_object());
    }
    let mut value = Cow::Borrowed(value);
    let mut errors: Vec<FieldError> = Vec::new();
    loop {
        let read: Result<T, _> = serde_path_to_error::deserialize(&*value);
        let error = match read {
            Ok(read) => return Invalid::unless_empty(errors).map(|()| read),
            Err(fault) => told(&fault),
        };
        // What is missed may be what was left out.
        let is_left_out = |known: &FieldError| {
            let below = known.pointer.strip_prefix(error.pointer.as_str());
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if error.code == "required" && errors.iter().any(is_left_out) {
            return Err(Invalid(errors));
        }
        let goes_on = errors.len() + 1 < TOLD && left_out(value.to_mut(), &error.pointer);
        errors.push(error);
        if !goes_on {
            return Err(Invalid(errors));
        }
    }
}

/// Takes out what the pointer names, or the field that it is in; false where there is none.
fn left_out(value: &mut Value, pointer: &str) -> bool {
    let mut path = pointer.trim_start_matches('#');
    while let Some((above, name)) = path.rsplit_once('/') {
        let name = name.replace("~1", "/").replace("~0", "~");
        let fields = value.pointer_mut(above).and_then(Value::as_object_mut);
        if fields.is_some_and(|fields| fields.remove(name.as_str()).is_some()) {
            return true;
        }
        path = above;
    }
    false
}

fn told(fault: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let (mut pointer, mut last) = (String::from("#"), None);
    for segment in fault.path() {
        use serde_path_to_error::Segment::*;
        match segment {
            Seq { index } => pointer.push_str(&format!("/{index}")),
            Map { key } => {
                pointer.push_str(&format!("/{}", escaped(key)));
                last = Some(key);
            }
            Enum { .. } | Unknown => {}
        }
    }
    let detail = in_words(fault.inner().to_string());
    let named = |prefix: &str| {
        detail
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('`').next())
    };
    let below = |name: &str| match format!("/{}", escaped(name)) {
        end if pointer.ends_with(&end) => pointer.clone(),
        end => format!("{pointer}{end}"),
    };
    if let Some(name) = named("unknown field `") {
        // Its name may have a ` of its own.
        let is_last = last.is_some_and(|key| detail.starts_with(&format!("unknown field `{key}`")));
        let pointer = if is_last { pointer } else { below(name) };
        error(pointer, "unknown_field", "is not a field of this resource")
    } else if let Some(name) = named("missing field `") {
        error(below(name), "required", "is required")
    } else if detail.starts_with("invalid type") {
        error(pointer, "invalid_type", detail)
    } else {
        error(pointer, "invalid_value", detail)
    }
}

/// What serde calls by a name of Rust's, in a caller's words.
fn in_words(detail: String) -> String {
    match detail.strip_suffix("expected i32") {
        Some(before) => format!("{before}expected a whole number of 32 bits"),
        None => detail,
    }
}
