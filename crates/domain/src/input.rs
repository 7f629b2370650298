//! Reading an entity from JSON: text made clean, unknown and read-only fields refused, every check run.

mod merging;
mod shape;

use crate::entity::Entity;
use crate::value::text;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
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

    /// `Ok` where nothing was found.
    pub fn unless_empty(errors: Vec<FieldError>) -> Result<(), Invalid> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Invalid(errors))
        }
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

/// A new entity from the body of a request.
pub fn read<E: Entity>(body: Value) -> Result<E, Invalid> {
    let body = prepared::<E>(body)?;
    strict(Value::Object(body))
}

/// A merge patch (RFC 7396) that is right by itself: cleaned, and every field that it names known and of its type.
#[derive(Debug, Clone)]
pub struct Patch(Map<String, Value>);

/// The patch from the body of a request.
pub fn patch<E: Entity>(body: Value) -> Result<Patch, Invalid> {
    let fields = prepared::<E>(body)?;
    let mut named = fields.clone();
    // A null empties a free object, whose field takes none itself.
    named.retain(|name, change| !(change.is_null() && E::FREE.contains(&name.as_str())));
    match typed::<E>(Value::Object(named)) {
        // What a patch leaves out, the row has.
        Err(Invalid(errors)) if errors.iter().any(|e| e.code != "required") => Err(Invalid(errors)),
        _ => Ok(Patch(fields)),
    }
}

/// `current` with a patch applied, read back as strictly as a new one.
pub fn merge<E: Entity>(current: &E, Patch(patch): Patch) -> Result<E, Invalid> {
    let mut whole = serde_json::to_value(current).map_err(|e| anywhere(e.to_string()))?;
    if let Value::Object(fields) = &mut whole {
        merging::apply(fields, patch, E::FREE);
    }
    strict(whole)
}

/// Reads any body that is no entity: the same cleaning and strictness.
pub fn plain<T: serde::de::DeserializeOwned>(mut body: Value) -> Result<T, Invalid> {
    let mut errors = Vec::new();
    clean(&mut body, "#", &|_| false, &mut errors);
    Invalid::unless_empty(errors)?;
    typed(body)
}

/// Reads a body whose parts are read for themselves later: strict, but its text as it came.
pub fn raw<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, Invalid> {
    typed(body)
}

fn prepared<E: Entity>(mut body: Value) -> Result<Map<String, Value>, Invalid> {
    let mut errors = Vec::new();
    clean(&mut body, "#", &|name| E::LONG.contains(&name), &mut errors);
    let Value::Object(fields) = body else {
        return Err(no_object());
    };
    for name in E::READ_ONLY.iter().filter(|name| fields.contains_key(**name)) {
        errors.push(error(format!("#/{name}"), "read_only", "is set by the system"));
    }
    Invalid::unless_empty(errors)?;
    Ok(fields)
}

fn strict<E: Entity>(value: Value) -> Result<E, Invalid> {
    let said = shape::has_list(&value).then(|| value.clone());
    let entity: E = typed(value)?;
    if let Some(said) = said {
        let read = serde_json::to_value(&entity).map_err(|e| anywhere(e.to_string()))?;
        shape::unless_list_for_object(&said, &read, "#")?;
    }
    check(&entity)?;
    Ok(entity)
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

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    // A list would be read as the fields in their order.
    if !value.is_object() {
        return Err(no_object());
    }
    serde_path_to_error::deserialize(value).map_err(|e| {
        let mut pointer = String::from("#");
        for segment in e.path() {
            use serde_path_to_error::Segment::*;
            match segment {
                Seq { index } => pointer.push_str(&format!("/{index}")),
                Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
                Enum { .. } | Unknown => {}
            }
        }
        let detail = in_words(e.inner().to_string());
        let named = |prefix: &str| {
            detail
                .strip_prefix(prefix)
                .and_then(|rest| rest.split('`').next())
        };
        let below = |name: &str| match format!("/{}", escaped(name)) {
            end if pointer.ends_with(&end) => pointer.clone(),
            end => format!("{pointer}{end}"),
        };
        Invalid(vec![if let Some(name) = named("unknown field `") {
            error(below(name), "unknown_field", "is not a field of this resource")
        } else if let Some(name) = named("missing field `") {
            error(below(name), "required", "is required")
        } else if detail.starts_with("invalid type") {
            error(pointer, "invalid_type", detail)
        } else {
            error(pointer, "invalid_value", detail)
        }])
    })
}

/// What serde calls by a name of Rust's, in a caller's words.
fn in_words(detail: String) -> String {
    match detail.strip_suffix("expected i32") {
        Some(before) => format!("{before}expected a whole number of 32 bits"),
        None => detail,
    }
}

/// Cleans every text in place; `long` says which top-level fields may hold line breaks.
fn clean(value: &mut Value, at: &str, long: &dyn Fn(&str) -> bool, errors: &mut Vec<FieldError>) {
    match value {
        Value::String(found) => {
            let lines = at
                .strip_prefix("#/")
                .is_some_and(|path| long(path.split('/').next().unwrap_or(path)));
            match text::clean(found, lines) {
                Some(text) => *found = text,
                None => errors.push(error(at.into(), "control_character", "holds a control character")),
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter_mut().enumerate() {
                clean(item, &format!("{at}/{n}"), long, errors);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                clean(field, &format!("{at}/{}", escaped(name)), long, errors);
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
        (code, _, _) => format!("is not a valid {code}"),
    }
}

fn error(pointer: String, code: &'static str, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer,
        code: code.into(),
        detail: detail.into(),
    }
}

fn anywhere(detail: String) -> Invalid {
    Invalid(vec![error("#".into(), "invalid_type", detail)])
}

fn no_object() -> Invalid {
    anywhere("an object is expected".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::{Company, Deal};
    use crate::identity::Profile;
    use crate::organizations::Settings;
    use serde_json::json;

    fn first<E: Entity + std::fmt::Debug>(body: Value) -> (String, String) {
        let Invalid(errors) = read::<E>(body).unwrap_err();
        (errors[0].pointer.clone(), errors[0].code.to_string())
    }

    #[test]
    fn names_what_is_wrong_and_where() {
        let wrong = |body| first::<Company>(body);
        assert_eq!(wrong(json!({})), ("#/name".into(), "required".into()));
        assert_eq!(wrong(json!([])), ("#".into(), "invalid_type".into()));
        assert_eq!(
            wrong(json!({"name": 5})),
            ("#/name".into(), "invalid_type".into())
        );
        assert_eq!(
            wrong(json!({"name": "x", "colour": 1})),
            ("#/colour".into(), "unknown_field".into())
        );
        assert_eq!(
            wrong(json!({"name": "a\u{0}b"})),
            ("#/name".into(), "control_character".into())
        );
        assert_eq!(
            wrong(json!({"name": "x".repeat(300)})),
            ("#/name".into(), "length".into())
        );
        assert_eq!(wrong(json!({"name": "  "})), ("#/name".into(), "length".into()));
        assert_eq!(
            wrong(json!({"name": "x", "billing_address": {"zip": "1"}})),
            ("#/billing_address/zip".into(), "unknown_field".into())
        );
        assert_eq!(
            first::<Deal>(json!({"title": "x", "opened_on": "2026-02-30"})),
            ("#/opened_on".into(), "invalid_value".into())
        );
        assert_eq!(
            first::<Deal>(json!({"title": "x", "status": "WON"})),
            ("#/status".into(), "read_only".into())
        );
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_empties() {
        let company: Company = read(
            json!({"name": "A", "industry": "steel", "billing_address": {"city": "Bor", "country": "RS"}}),
        )
        .unwrap();
        let patched = merge(
            &company,
            patch::<Company>(json!({"industry": null, "billing_address": {"city": "Niš"}})).unwrap(),
        )
        .unwrap();
        assert_eq!(patched.industry, None);
        let address = patched.billing_address.unwrap();
        assert_eq!(
            (address.city.as_deref(), address.country.as_deref()),
            (Some("Niš"), Some("RS"))
        );
        for wrong in [
            json!({"name": null}),
            json!({"colour": 1}),
            json!({"name": 5}),
            json!({"industry": "a\u{0}"}),
            json!(3),
        ] {
            assert!(patch::<Company>(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(merge(&company, patch::<Company>(json!({"name": ""})).unwrap()).is_err());
    }

    #[test]
    fn null_takes_keys_of_a_free_object_away() {
        let profile: Profile =
            read(json!({"bio": "x", "metadata": {"a": 1, "b": {"c": 2, "d": 3}}})).unwrap();
        let merged = |change: Value| merge(&profile, patch::<Profile>(change).unwrap()).unwrap();
        let left = |change: Value| Value::Object(merged(json!({"metadata": change})).metadata);
        assert_eq!(left(json!({"a": null})), json!({"b": {"c": 2, "d": 3}}));
        assert_eq!(
            left(json!({"b": {"c": null}, "e": null})),
            json!({"a": 1, "b": {"d": 3}})
        );
        assert_eq!(left(json!(null)), json!({}));
        assert_eq!(left(json!({})), json!({"a": 1, "b": {"c": 2, "d": 3}}));
        assert_eq!(merged(json!({"bio": null})).bio, None);
        // Of what is new, a null is a value.
        let new: Profile = read(json!({"metadata": {"a": null}})).unwrap();
        assert_eq!(Value::Object(new.metadata), json!({"a": null}));
        assert_eq!(first::<Profile>(json!({"metadata": null})).1, "invalid_type");
        assert!(patch::<Profile>(json!({"metadata": []})).is_err());
        assert!(patch::<Profile>(json!({"tags": null})).is_err());
    }

    #[test]
    fn what_is_expected_is_told_in_words_of_a_caller() {
        let told = |body: Value| read::<Deal>(body).unwrap_err().to_string();
        assert_eq!(
            told(json!({"title": "x", "value": "5 EUR"})),
            "#/value: invalid type: string \"5 EUR\", expected an object with amount and currency"
        );
        let Invalid(errors) = plain::<Settings>(json!([])).unwrap_err();
        assert_eq!(
            (errors[0].pointer.as_str(), errors[0].detail.as_str()),
            ("#", "an object is expected")
        );
        let days = plain::<Settings>(json!({"retention": {"audit_days": "x"}})).unwrap_err();
        assert!(
            days.to_string().ends_with("expected a whole number of 32 bits"),
            "{days}"
        );
    }
}
