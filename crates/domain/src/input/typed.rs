//! Reading a type from JSON, strictly; what serde finds wrong, in a caller's words.

use super::{FieldError, Invalid, NAME_TOLD, TOLD, anywhere, error, escaped, no_object};
use crate::value::text;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The largest value that is read again after a fault, in bytes of its texts and some for each value. Of a larger one,
/// reading again may cost more than all that a call does else.
const SMALL: usize = 64 * 1_024;
/// So often a value is read at most.
const READINGS: usize = 6 * TOLD;
/// What a value weighs beside its text.
const WEIGHT: usize = 8;

/// The value as a `T`, or all that is wrong with it.
pub(super) fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Invalid> {
    let (read, errors) = reading(value, false);
    Invalid::unless_empty(errors)?;
    read.ok_or_else(|| anywhere("can't be read".into()))
}

/// The value as a `T`, and what is wrong with it. Serde stops at the first fault. What is wrong is noted and left out,
/// and the rest read again where it is small, so that all of it is told, as much as [`TOLD`].
///
/// `in_part`: what objects lack stands elsewhere, but for those in lists. One that lacks something is left out, too.
pub(super) fn reading<T: DeserializeOwned>(value: &Value, in_part: bool) -> (Option<T>, Vec<FieldError>) {
    // A list would be read as the fields in their order.
    if !value.is_object() {
        return (None, no_object().0);
    }
    // Nearly all is right, and to know where costs as much again.
    if let Ok(read) = T::deserialize(value) {
        return (Some(read), Vec::new());
    }
    let mut value = Cow::Borrowed(value);
    let (mut errors, mut gone) = (Vec::new(), Vec::<String>::new());
    let mut filled: Vec<(String, usize)> = Vec::new();
    // A fault may take the objects around it along, each by a reading of its own.
    for _ in 0..READINGS {
        let read: Result<T, _> = serde_path_to_error::deserialize(&*value);
        let fault = match read {
            Ok(read) => return (Some(read).filter(|_| filled.is_empty()), errors),
            Err(fault) => told(&fault),
        };
        // What stands there for what is missing is of another type, or doesn't go with what is around it: the next one may.
        if let Some((pointer, sample)) = filled.iter_mut().find(|(at, _)| is_along(at, &fault.pointer)) {
            *sample += 1;
            if fill(value.to_mut(), pointer, *sample) {
                continue;
            }
            // Nothing does: what it is in can't be judged any further.
            let around = pointer
                .rsplit_once('/')
                .map_or("#", |(around, _)| around)
                .to_owned();
            filled.retain(|(at, _)| !is_along(at, &around));
            match left_out(value.to_mut(), &around) {
                Some(pointer) => gone.push(pointer),
                None => break,
            }
            continue;
        }
        // What is missed may be what was left out: then the object around it can't be judged.
        let is_elsewhere = gone.contains(&fault.pointer) || (in_part && !fault.in_list);
        let pointer = fault.pointer.clone();
        if fault.code != "required" || !is_elsewhere {
            errors.push(error(fault.pointer, fault.code, fault.detail));
            if errors.len() == TOLD || left(&value, SMALL).is_none() {
                break;
            }
        }
        if fault.code == "required" && !in_part && fill(value.to_mut(), &pointer, 0) {
            filled.push((pointer, 0));
            continue;
        }
        match left_out(value.to_mut(), &pointer) {
            Some(pointer) => gone.push(pointer),
            None => break,
        }
    }
    (None, errors)
}

/// Whether one of them leads to the other.
fn is_along(one: &str, other: &str) -> bool {
    let below = |at: &str, above: &str| {
        at.strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(one, other) || below(other, one)
}

/// Puts something in the place of what is missing, so that what is behind it is read, too; each in turn, until one is of
/// its type. Whether there was one more.
fn fill(value: &mut Value, pointer: &str, sample: usize) -> bool {
    let samples = [
        json!("aa"),
        json!("1"),
        json!([]),
        json!({}),
        json!(1),
        json!(true),
        json!("2000-01-31"),
        json!("2000-01-31T00:00:00Z"),
        json!("00000000-0000-7000-8000-000000000000"),
        json!("aa@example.com"),
        json!("EUR"),
        json!({"amount": "1", "currency": "EUR"}),
    ];
    let Some((above, name)) = pointer.trim_start_matches('#').rsplit_once('/') else {
        return false;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    let fields = value.pointer_mut(above).and_then(Value::as_object_mut);
    match (fields, samples.into_iter().nth(sample)) {
        (Some(fields), Some(sample)) => {
            fields.insert(name, sample);
            true
        }
        _ => false,
    }
}

/// What is left of so many bytes behind a value; none where it has more. No more of it is looked at than that.
fn left(value: &Value, of: usize) -> Option<usize> {
    let of = of.checked_sub(WEIGHT)?;
    match value {
        Value::String(text) => of.checked_sub(text.len()),
        Value::Array(items) => items.iter().try_fold(of, |of, item| left(item, of)),
        Value::Object(fields) => fields
            .iter()
            .try_fold(of, |of, (name, field)| left(field, of.checked_sub(name.len())?)),
        _ => Some(of),
    }
}

/// Takes out what the pointer names, or the field that it is in, and says which it was; none where there is none.
fn left_out(value: &mut Value, pointer: &str) -> Option<String> {
    let mut path = pointer.trim_start_matches('#');
    while let Some((above, name)) = path.rsplit_once('/') {
        let name = name.replace("~1", "/").replace("~0", "~");
        let fields = value.pointer_mut(above).and_then(Value::as_object_mut);
        if fields.is_some_and(|fields| fields.remove(name.as_str()).is_some()) {
            return Some(format!("#{path}"));
        }
        path = above;
    }
    None
}

/// What serde found: where, written in full, and what.
struct Fault {
    pointer: String,
    code: &'static str,
    detail: String,
    /// Whether it stands in a list
    in_list: bool,
}

fn told(fault: &serde_path_to_error::Error<serde_json::Error>) -> Fault {
    let (mut pointer, mut last, mut in_list) = (String::from("#"), None, false);
    for segment in fault.path() {
        use serde_path_to_error::Segment::*;
        match segment {
            Seq { index } => {
                pointer.push_str(&format!("/{index}"));
                in_list = true;
            }
            Map { key } => {
                pointer.push_str(&format!("/{}", escaped(key)));
                last = Some(key);
            }
            Enum { .. } | Unknown => {}
        }
    }
    let detail = fault.inner().to_string();
    let named = |prefix: &str| {
        detail
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('`').next())
    };
    let below = |name: &str| match format!("/{}", escaped(name)) {
        end if pointer.ends_with(&end) => pointer.clone(),
        end => format!("{pointer}{end}"),
    };
    let (pointer, code, detail) = if let Some(name) = named("unknown field `") {
        // Its name may have a ` of its own.
        let is_last = last.is_some_and(|key| detail.starts_with(&format!("unknown field `{key}`")));
        let pointer = if is_last { pointer } else { below(name) };
        (
            pointer,
            "unknown_field",
            "is not a field of this resource".to_owned(),
        )
    } else if let Some(name) = named("missing field `") {
        (below(name), "required", "is required".to_owned())
    } else if detail.starts_with("invalid type") {
        (pointer, "invalid_type", in_words(&detail))
    } else {
        (pointer, "invalid_value", in_words(&detail))
    };
    Fault {
        pointer,
        code,
        detail,
        in_list,
    }
}

/// What serde calls by a name of Rust's, in a caller's words. It repeats the value that is wrong, of which the
/// beginning will do.
fn in_words(detail: &str) -> String {
    let (value, expected) = match detail.rfind(", expected ") {
        Some(at) => detail.split_at(at),
        None => (detail, ""),
    };
    let expected = match expected {
        ", expected i32" => ", expected a whole number of 32 bits",
        other => other,
    };
    format!(
        "{}{}",
        text::cut(value, 2 * NAME_TOLD),
        text::cut(expected, 10 * NAME_TOLD)
    )
}
