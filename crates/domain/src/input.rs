//! Reading an entity from JSON: text made clean, unknown and read-only fields refused, every check run.

mod at;
mod merging;
mod shape;
mod typed;

use crate::entity::Entity;
use crate::value::text;
use at::At;
use serde::de::{Deserialize, Deserializer, IntoDeserializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use typed::typed;
use validator::{ValidationErrors, ValidationErrorsKind};

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// Where: a JSON pointer as a fragment, such as `#/lines/0/quantity`.
    pub pointer: String,
    /// What kind: `required`, `length`, `unknown_field`, `not_found`, …
    pub code: Cow<'static, str>,
    /// What, for a person.
    pub detail: String,
}

/// An input that is refused: all that is wrong with it, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// One fault of one field.
    pub fn field(name: &str, code: &'static str, detail: impl Into<String>) -> Invalid {
        Invalid(vec![FieldError {
            pointer: format!("#/{name}"),
            code: code.into(),
            detail: detail.into(),
        }])
    }

    /// `Ok` where nothing was found; else the first of it, as much as [`TOLD`].
    pub fn unless_empty(mut errors: Vec<FieldError>) -> Result<(), Invalid> {
        errors.truncate(TOLD);
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Invalid(errors))
        }
    }

    /// These faults, then others, as many as are told.
    pub fn and(mut self, Invalid(others): Invalid) -> Invalid {
        self.0.extend(others);
        self.0.truncate(TOLD);
        self
    }

    /// The same faults below `prefix`, such as `/operations/3/value`.
    pub fn below(mut self, prefix: &str) -> Invalid {
        for error in &mut self.0 {
            error.pointer = format!("#{prefix}{}", error.pointer.trim_start_matches('#'));
        }
        self
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            let glue = if n > 0 { "; " } else { "" };
            write!(f, "{glue}{}: {}", error.pointer, error.detail)?;
        }
        Ok(())
    }
}
impl std::error::Error for Invalid {}

/// The most faults of one input that are told.
pub const TOLD: usize = 20;
/// The most characters of a name that are told, where a caller made the name up.
pub const NAME_TOLD: usize = 100;
/// The most characters of a pointer.
const POINTER: usize = 1_000;

/// A new entity from the body of a request.
pub fn read<E: Entity>(body: Value) -> Result<E, Invalid> {
    let (fields, errors) = prepared::<E>(body)?;
    let has_list = fields.values().any(shape::has_list);
    beside(errors, strict(&Value::Object(fields), has_list))
}

/// A merge patch (RFC 7396) that is right by itself: cleaned, and every field that it names known, of its type, and
/// such that its own checks take it.
#[derive(Debug, Clone)]
pub struct Patch(Map<String, Value>);

impl Patch {
    /// What it says of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// The patch from the body of a request.
pub fn patch<E: Entity>(body: Value) -> Result<Patch, Invalid> {
    let (fields, entity) = in_least::<E>(body)?;
    if let Some(Err(found)) = entity.map(|entity| entity.validate()) {
        let mut errors = Vec::new();
        collect(&found, "#", &mut errors);
        errors.retain(|error| says(&fields, &error.pointer));
        Invalid::unless_empty(errors)?;
    }
    Ok(Patch(fields))
}

/// Whether a patch names fields that are known, each with a value of its type, whatever their checks say.
pub fn fits<E: Entity>(body: Value) -> Result<(), Invalid> {
    in_least::<E>(body).map(|_| ())
}

/// `current` with a patch applied, read back as strictly as a new one.
pub fn merge<E: Entity>(current: &E, Patch(patch): Patch) -> Result<E, Invalid> {
    // What stands there was written as it was read.
    let has_list = patch.values().any(shape::has_list);
    let mut whole = serde_json::to_value(current).map_err(|e| anywhere(e.to_string()))?;
    if let Value::Object(fields) = &mut whole {
        merging::apply(fields, patch, E::FREE);
    }
    strict(&whole, has_list)
}

/// Reads a word of an enum, for `deserialize_with`: serde alone takes an object with the word as its name, too.
pub fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(from)?.into_deserializer())
}

/// Reads any body that is no entity: the same cleaning and strictness.
pub fn plain<T: serde::de::DeserializeOwned>(mut body: Value) -> Result<T, Invalid> {
    let mut errors = Vec::new();
    clean(&mut body, &At::Root, &[], false, &mut errors);
    beside(errors, typed(&body))
}

/// Reads a body whose parts are read for themselves later: strict, but its text as it came.
pub fn raw<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, Invalid> {
    typed(&body)
}

/// The fields of a body, cleaned, and what is wrong with them already.
fn prepared<E: Entity>(mut body: Value) -> Result<(Map<String, Value>, Vec<FieldError>), Invalid> {
    let mut errors = Vec::new();
    clean(&mut body, &At::Root, E::LONG, false, &mut errors);
    let Value::Object(fields) = body else {
        return Err(no_object());
    };
    for name in E::READ_ONLY.iter().filter(|name| fields.contains_key(**name)) {
        errors.push(error(format!("#/{name}"), "read_only", "is set by the system"));
    }
    Ok((fields, errors))
}

/// What was read, unless something is wrong already: then names that aren't known are told as well, and nothing else,
/// which may only follow from it.
fn beside<T>(errors: Vec<FieldError>, read: Result<T, Invalid>) -> Result<T, Invalid> {
    if errors.is_empty() {
        return read;
    }
    let mut more = read.err().map_or_else(Vec::new, |Invalid(more)| more);
    more.retain(|error| error.code == "unknown_field");
    Err(Invalid(errors).and(Invalid(more)))
}

/// The fields of a patch, and the least entity with them, but for objects that are whole beside the row alone.
fn in_least<E: Entity>(body: Value) -> Result<(Map<String, Value>, Option<E>), Invalid> {
    let (fields, errors) = prepared::<E>(body)?;
    let mut named = fields.clone();
    // A null empties a free object, whose field takes none itself.
    named.retain(|name, change| !(change.is_null() && E::FREE.contains(&name.as_str())));
    let mut whole: Map<String, Value> = serde_json::from_str(E::LEAST).unwrap_or_default();
    merging::apply(&mut whole, named, &[]);
    let has_list = fields.values().any(shape::has_list);
    // What a patch leaves out of an object, the row has.
    let read = shaped::<E>(&Value::Object(whole), has_list, true);
    Ok((fields, beside(errors, read)?))
}

/// Whether a patch itself says all of the value there. Of an object, which is merged, it says a part.
fn says(fields: &Map<String, Value>, pointer: &str) -> bool {
    let path = pointer.trim_start_matches("#/");
    let (name, below) = match path.split_once('/') {
        Some((name, below)) => (name, format!("/{below}")),
        None => (path, String::new()),
    };
    let said = fields.get(name).and_then(|value| value.pointer(&below));
    said.is_some_and(|value| !value.is_object())
}

fn strict<E: Entity>(value: &Value, has_list: bool) -> Result<E, Invalid> {
    let entity = shaped::<E>(value, has_list, false)?;
    let entity = entity.ok_or_else(|| anywhere("can't be read".into()))?;
    check(&entity)?;
    Ok(entity)
}

/// The entity that a value says, with objects where there have to be objects. `in_part` as [`typed::reading`] has it;
/// none where that leaves none.
fn shaped<E: Entity>(value: &Value, has_list: bool, in_part: bool) -> Result<Option<E>, Invalid> {
    let (entity, mut errors) = typed::reading::<E>(value, in_part);
    if let Some(entity) = entity.as_ref().filter(|_| has_list) {
        let read = serde_json::to_value(entity).map_err(|e| anywhere(e.to_string()))?;
        let mut lists = Vec::new();
        shape::lists_for_objects(value, &read, &At::Root, &mut lists);
        // What was told and left out stands there as it is without it.
        let is_told = |list: &FieldError, error: &FieldError| {
            let below = error.pointer.strip_prefix(list.pointer.as_str());
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        lists.retain(|list| !errors.iter().any(|error| is_told(list, error)));
        errors.append(&mut lists);
    }
    Invalid::unless_empty(errors).map(|()| entity)
}

/// Every check of an entity that wasn't read from a body.
pub fn check<E: Entity>(entity: &E) -> Result<(), Invalid> {
    let mut errors = Vec::new();
    if let Err(found) = entity.validate() {
        errors.extend(invalid(&found).0);
    }
    if let Err(Invalid(more)) = entity.check() {
        errors.extend(more);
    }
    Invalid::unless_empty(errors)
}

/// Cleans every text in place, until so much is wrong as is told. `long` says which fields of the body may hold line
/// breaks, `lines` whether it is one of them.
fn clean(value: &mut Value, at: &At<'_>, long: &[&str], lines: bool, errors: &mut Vec<FieldError>) {
    if errors.len() >= TOLD {
        return;
    }
    match value {
        Value::String(found) => match text::clean(found, lines) {
            Some(text) => *found = text,
            None => errors.push(error(
                at.to_string(),
                "control_character",
                "holds a control character",
            )),
        },
        Value::Array(items) => {
            for (n, item) in items.iter_mut().enumerate() {
                clean(item, &At::Item(at, n), long, lines, errors);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let lines = lines || (matches!(at, At::Root) && long.contains(&name.as_str()));
                clean(field, &At::Name(at, name), long, lines, errors);
            }
        }
        _ => {}
    }
}

/// A name as a JSON pointer writes it (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What the checks of fields found.
pub fn invalid(found: &ValidationErrors) -> Invalid {
    let mut errors = Vec::new();
    collect(found, "#", &mut errors);
    Invalid(errors)
}

fn collect(found: &ValidationErrors, at: &str, errors: &mut Vec<FieldError>) {
    for (name, kind) in found.errors() {
        let pointer = format!("{at}/{name}");
        match kind {
            ValidationErrorsKind::Field(list) => errors.extend(list.iter().map(|e| FieldError {
                pointer: pointer.clone(),
                code: e.code.clone(),
                detail: e.message.as_ref().map_or_else(|| told(e), |m| m.to_string()),
            })),
            ValidationErrorsKind::Struct(inner) => collect(inner, &pointer, errors),
            ValidationErrorsKind::List(items) => {
                for (n, inner) in items {
                    collect(inner, &format!("{pointer}/{n}"), errors);
                }
            }
        }
    }
}

fn told(e: &validator::ValidationError) -> String {
    let bound = |name: &str| e.params.get(name).map(Value::to_string);
    match (e.code.as_ref(), bound("min"), bound("max")) {
        ("length", Some(min), Some(max)) => format!("has to be {min} to {max} long"),
        ("length", None, Some(max)) => format!("has to be at most {max} long"),
        ("range", Some(min), Some(max)) => format!("has to be {min} to {max}"),
        ("range", Some(min), None) => format!("has to be {min} or more"),
        (code, _, _) => format!("is not a valid {code}"),
    }
}

fn error(pointer: String, code: &'static str, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer: short(pointer),
        code: code.into(),
        detail: detail.into(),
    }
}

/// A fault at a name that a caller made up, which is cut after [`NAME_TOLD`] characters.
pub fn at_name(name: &str, code: &'static str, detail: impl Into<String>) -> FieldError {
    error(format!("#/{}", escaped(name)), code, detail)
}

/// A pointer whose names are cut, so that an answer stays small whatever a body is made of.
fn short(pointer: String) -> String {
    if pointer.len() <= NAME_TOLD {
        return pointer;
    }
    let names: Vec<_> = pointer
        .split('/')
        .map(|name| text::cut(name, NAME_TOLD))
        .collect();
    // The cut may have gone through an escape.
    text::cut(&names.join("/"), POINTER).replace("~…", "…")
}

fn anywhere(detail: String) -> Invalid {
    Invalid(vec![error("#".into(), "invalid_type", detail)])
}

fn no_object() -> Invalid {
    anywhere("an object is expected".into())
}

#[cfg(test)]
mod tests;
