//! The OpenAPI document as a reader wants it: in the order of the modules, with types as words and links.

use crate::problem::CODES;
use crate::routes;
use serde_json::Value;

pub(crate) struct Page {
    pub version: String,
    pub modules: Vec<Module>,
    pub schemas: Vec<Schema>,
    pub codes: &'static [(&'static str, u16, &'static str)],
}

pub(crate) struct Module {
    pub name: String,
    pub title: String,
    pub about: String,
    pub operations: Vec<Described>,
}

pub(crate) struct Described {
    pub id: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    pub about: Marked,
    pub permission: Option<String>,
    /// Whether a token is needed
    pub signed_in: bool,
    /// Those who hold the permission, and how far
    pub roles: Vec<(String, String)>,
    pub parameters: Vec<Field>,
    pub body: Option<Kind>,
    /// Whether the body is a form and not JSON
    pub is_form: bool,
    pub status: u16,
    pub answer: Option<Kind>,
    /// Why the example may be answered otherwise
    pub unsure: Option<&'static str>,
    pub example: String,
    pub answered: Option<String>,
    pub problems: Vec<(&'static str, u16)>,
}

pub(crate) struct Schema {
    pub name: String,
    pub about: Marked,
    pub kind: Kind,
    pub fields: Vec<Field>,
}

/// A field of a schema, or a parameter.
pub(crate) struct Field {
    pub name: String,
    /// `path`, `query` or `header`; empty for a field
    pub place: String,
    pub required: bool,
    pub kind: Kind,
    pub about: Marked,
}

/// A type in words, with the schema that it leads to.
#[derive(Default)]
pub(crate) struct Kind {
    pub before: String,
    pub link: Option<String>,
    pub after: String,
}

/// HTML: text whose code stands between backticks.
pub(crate) struct Marked(pub String);

pub(crate) fn page(document: &Value) -> Page {
    let module = |tag: &Value| {
        let name = text(tag, "name");
        let all = routes::operations().iter();
        let own = all.filter(|operation| operation.module == name);
        Module {
            title: text(tag, "x-displayName"),
            about: text(tag, "description"),
            operations: own
                .filter_map(|operation| described(document, operation))
                .collect(),
            name,
        }
    };
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    Page {
        version: document.pointer("/info/version").map(plain).unwrap_or_default(),
        modules: array(document, "tags").iter().map(module).collect(),
        schemas: schemas
            .into_iter()
            .flatten()
            .map(|(name, schema)| Schema {
                name: name.clone(),
                about: Marked::new(&text(schema, "description")),
                kind: kind(schema),
                fields: fields(schema),
            })
            .collect(),
        codes: CODES,
    }
}

fn described(document: &Value, operation: &crate::Operation) -> Option<Described> {
    let method = operation.method.as_str();
    let said = document
        .get("paths")?
        .get(&operation.path)?
        .get(method.to_lowercase())?;
    let permission = operation.access.name();
    // What the heading and the line of the permission say isn't said again.
    let about = operation.text.split_once(". ").map_or("", |(_, rest)| rest);
    let answers = said.get("responses")?;
    let answer = answers
        .get(operation.status.to_string())?
        .get("content")
        .and_then(|content| content.get(operation.answer_type));
    let body = said
        .pointer("/requestBody/content")
        .and_then(|content| content.get(operation.media_type)?.get("schema"));
    let parameter = |parameter: &Value| Field {
        name: text(parameter, "name"),
        place: text(parameter, "in"),
        required: parameter.get("required") == Some(&Value::Bool(true)),
        kind: parameter.get("schema").map(kind).unwrap_or_default(),
        about: Marked::new(&text(parameter, "description")),
    };
    let roles = said.get("x-roles").and_then(Value::as_object);
    let codes = operation.problems();
    Some(Described {
        id: operation.id.clone(),
        method: method.to_owned(),
        path: operation.path.clone(),
        summary: text(said, "summary"),
        about: Marked::new(about),
        signed_in: operation.access != crate::Access::Public,
        permission,
        roles: roles
            .into_iter()
            .flatten()
            .map(|(role, scope)| (role.clone(), plain(scope)))
            .collect(),
        parameters: array(said, "parameters").iter().map(parameter).collect(),
        body: body.map(kind),
        is_form: operation.media_type == crate::media::FORM,
        status: operation.status,
        answer: answer.and_then(|answer| answer.get("schema")).map(kind),
        unsure: operation.example.why_unsure(),
        example: said.pointer("/x-codeSamples/0/source").map(plain)?,
        answered: answer
            .and_then(|answer| answer.get("example"))
            .map(|example| match example {
                Value::String(text) => text.clone(),
                other => format!("{other:#}"),
            }),
        problems: CODES
            .iter()
            .filter(|(code, ..)| codes.contains(code))
            .map(|(code, status, _)| (*code, *status))
            .collect(),
    })
}

fn fields(schema: &Value) -> Vec<Field> {
    let required = array(schema, "required");
    let properties = schema.get("properties").and_then(Value::as_object);
    let field = |(name, field): (&String, &Value)| Field {
        name: name.clone(),
        place: String::new(),
        required: required.iter().any(|required| required == name),
        kind: kind(field),
        about: Marked::new(&text(field, "description")),
    };
    properties.into_iter().flatten().map(field).collect()
}

/// `array of Company`, `uuid or null`, `one of OPEN, WON, LOST`.
fn kind(schema: &Value) -> Kind {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return Kind {
            link: reference.rsplit('/').next().map(str::to_owned),
            ..Kind::default()
        };
    }
    if let Some(inner) = schema.get("contentSchema") {
        let inner = kind(inner);
        return Kind {
            before: format!("JSON of {}", inner.before),
            ..inner
        };
    }
    let either = array(schema, "oneOf");
    let is_null = |part: &&Value| text(part, "type") == "null";
    if let Some(one) = either.iter().find(|part| !is_null(part)) {
        let mut kind = kind(one);
        if either.iter().any(|part| is_null(&part)) {
            kind.after.push_str(" or null");
        }
        return kind;
    }
    if let Some(items) = schema.get("items") {
        let items = kind(items);
        return Kind {
            before: format!("array of {}", items.before),
            ..items
        };
    }
    let words = array(schema, "enum");
    if !words.is_empty() {
        let words: Vec<_> = words.iter().map(plain).collect();
        return Kind::of(format!("one of {}", words.join(", ")));
    }
    let types = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().map(plain).collect(),
        Some(one) => vec![plain(one)],
        None => vec![],
    };
    let mut all = types.join(" or ");
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        all = all.replace("string", format);
    }
    Kind::of(all)
}

impl Kind {
    fn of(words: String) -> Kind {
        Kind {
            before: words,
            ..Kind::default()
        }
    }
}

impl Marked {
    fn new(text: &str) -> Marked {
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let parts = escaped.split('`').enumerate();
        let html = parts.map(|(n, part)| match n % 2 {
            0 => part.to_owned(),
            _ => format!("<code>{part}</code>"),
        });
        Marked(html.collect())
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text(value: &Value, field: &str) -> String {
    value.get(field).map(plain).unwrap_or_default()
}

fn array<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
