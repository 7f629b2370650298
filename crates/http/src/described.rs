//! One operation as the OpenAPI document describes it.

use crate::operation::{Access, Operation};
use crate::problem::CODES;
use crate::recorded::recorded;
use crate::schemas::{reference, string};
use actix_web::http::Method;
use firma_auth::access::{PlatformPermission, Role, SYSTEM_ROLES, Scope};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::encoding::EncodingBuilder;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, HeaderBuilder, RefOr, Required, Schema, SchemaFormat};

/// The account of who is signed in.
const ME: &str = "/api/v1/me";

pub(crate) fn described(operation: &Operation) -> OperationBuilder {
    let needs = match operation.access {
        Access::Permission(..) | Access::Platform(..) => {
            operation.access.name().map(|name| format!(" Needs `{name}`."))
        }
        _ => None,
    };
    // The first sentence says what it does.
    let summary = operation
        .text
        .split_once(". ")
        .map_or(&*operation.text, |(first, _)| first);
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id.clone()))
        .tag(operation.module)
        .summary(Some(summary.trim_end_matches('.')))
        .description(Some(format!("{}{}", operation.text, needs.unwrap_or_default())))
        .extensions(Some(extensions(operation)));
    for name in in_path(&operation.path) {
        builder = builder.parameter(path_parameter(name));
    }
    for parameter in &operation.parameters {
        builder = builder.parameter(
            ParameterBuilder::new()
                .name(&parameter.name)
                .parameter_in(ParameterIn::Query)
                .required(needed(parameter.required))
                .description(Some(&parameter.text))
                .schema(Some(parameter.schema.clone())),
        );
    }
    for (name, required, about) in headers(operation) {
        builder = builder.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(needed(required))
                .description(Some(about))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
        );
    }
    if let Some(schema) = &operation.body {
        builder = builder.request_body(Some(body(operation, schema)));
    }
    for (status, response) in answers(operation).into_iter().chain(problems(operation)) {
        builder = builder.response(status, response);
    }
    if operation.access == Access::Public {
        return builder.securities(Some([]));
    }
    builder.security(SecurityRequirement::new("bearer", Vec::<String>::new()))
}

fn needed(required: bool) -> Required {
    if required { Required::True } else { Required::False }
}

/// The permission, the roles that have it and how far, and the example.
fn extensions(operation: &Operation) -> Extensions {
    let mut all = Extensions::default();
    let source = operation.example.source(operation);
    all.insert(
        "x-codeSamples".into(),
        json!([{"lang": "Shell", "label": "curl", "source": source}]),
    );
    let codes = operation.problems();
    all.insert("x-problems".into(), json!(codes));
    let Some(name) = operation.access.name() else {
        return all;
    };
    let given = |role: &Role| match operation.access {
        Access::Permission(resource, verb) => role.scope(resource, verb).map(Scope::as_str),
        Access::Platform(resource, verb) => {
            let permission = PlatformPermission { resource, verb };
            role.gives_on_platform(permission).then_some("platform")
        }
        _ => None,
    };
    let roles: Map<String, Value> = SYSTEM_ROLES
        .iter()
        .filter_map(|role| Some((role.name.to_owned(), given(role)?.into())))
        .collect();
    all.insert("x-permission".into(), name.into());
    all.insert("x-roles".into(), roles.into());
    all
}

fn in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn path_parameter(name: &str) -> ParameterBuilder {
    let uuid = Some(SchemaFormat::KnownFormat(KnownFormat::Uuid));
    let (about, format) = match name {
        "organization" => ("The organization: its id or its slug", None),
        "provider" => ("The provider: its name", None),
        _ => ("The id", uuid),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(
            ObjectBuilder::new().schema_type(Type::String).format(format),
        ))
}

fn headers(operation: &Operation) -> Vec<(&'static str, bool, &'static str)> {
    let mut all = vec![];
    if operation.takes_key() {
        let about = "The same key gives the first answer again, for 24 hours";
        all.push(("Idempotency-Key", operation.needs_key, about));
    }
    if operation.takes_if_match() {
        let about = "The ETag that the resource has to have still: `\"3\"`";
        all.push(("If-Match", false, about));
    }
    if is_told_by_tag(operation) {
        let about = "The ETag of what is known already: 304 if that is what it is";
        all.push(("If-None-Match", false, about));
    }
    if operation.takes_range() {
        let about = "The part that is wanted: `bytes=0-1023`; 206 then";
        all.push(("Range", false, about));
    }
    all
}

/// Whether the answer is one resource, with its version.
fn is_tagged(operation: &Operation) -> bool {
    let of_a_resource = operation.access.is_inside() || matches!(operation.access, Access::Platform(..));
    let one = operation.path.ends_with("{id}") || operation.path.ends_with("{organization}");
    let own = [ME, "/api/v1/me/profile"].contains(&operation.path.as_str());
    let is_row = (of_a_resource && one) || own;
    (is_row && operation.method != Method::DELETE) || operation.is_versioned_action()
}

/// Whether who knows the version already is told so alone. What a user is a member of isn't counted by the user's.
fn is_told_by_tag(operation: &Operation) -> bool {
    operation.method == Method::GET && is_tagged(operation) && operation.path != ME
}

fn json(schema: RefOr<Schema>, example: Option<Value>) -> Content {
    ContentBuilder::new()
        .schema(Some(schema))
        .example(example)
        .build()
}

fn body(operation: &Operation, schema: &RefOr<Schema>) -> RequestBody {
    let content = || {
        let mut content = json(schema.clone(), operation.example.sent());
        for (part, media_type) in operation.parts {
            let encoding = EncodingBuilder::new().content_type(Some(*media_type));
            content.encoding.insert((*part).to_owned(), encoding.build());
        }
        content
    };
    let mut body = RequestBodyBuilder::new()
        .content(operation.media_type, content())
        .required(Some(needed(!operation.may_lack_body)));
    if operation.method == Method::PATCH {
        body = body.content("application/merge-patch+json", content());
    }
    body.build()
}

fn answers(operation: &Operation) -> Vec<(String, Response)> {
    let mut answer = ResponseBuilder::new().description(match operation.status {
        201 => "It was made",
        202 => "A job does it",
        204 => "It was done",
        _ => "The answer",
    });
    if let Some(schema) = &operation.answer {
        let content = json(schema.clone(), recorded(&operation.id));
        answer = answer.content(operation.answer_type, content);
    }
    if let Some(media_type) = operation.answer_also {
        answer = answer.content(media_type, json(string("The same as a file").into(), None));
    }
    let header = |about: &str| {
        HeaderBuilder::new()
            .schema(Some(string(about)))
            .description(Some(about))
            .build()
    };
    if is_tagged(operation) {
        answer = answer.header("ETag", header("The version, in quotes"));
    }
    match operation.status {
        201 => answer = answer.header("Location", header("Where it is")),
        202 if operation.answer.is_some() => {
            answer = answer.header("Location", header("Where the job, or what it makes, is"));
        }
        _ => {}
    }
    let mut all = vec![(operation.status.to_string(), answer.build())];
    if is_told_by_tag(operation) {
        let same = ResponseBuilder::new().description("It is what If-None-Match names");
        all.push(("304".into(), same.build()));
    }
    if operation.takes_range()
        && let Some(schema) = &operation.answer
    {
        let part = ResponseBuilder::new()
            .description("The part that Range names")
            .content(operation.answer_type, json(schema.clone(), None));
        all.push(("206".into(), part.build()));
    }
    if operation.needs_key
        && let Some(schema) = &operation.answer
    {
        let each = ResponseBuilder::new()
            .description("Each operation has its own status, with atomic=false")
            .content("application/json", json(schema.clone(), None));
        all.push(("207".into(), each.build()));
    }
    all
}

/// An answer for each status, which tells the codes that it may have.
fn problems(operation: &Operation) -> Vec<(String, Response)> {
    let codes = operation.problems();
    let mut texts: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for (code, status, title) in CODES {
        if codes.contains(code) {
            texts
                .entry(*status)
                .or_default()
                .push(format!("`{code}`: {title}"));
        }
    }
    let problem = |description: String| {
        ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", json(reference("Problem"), None))
            .build()
    };
    let mut all: Vec<_> = texts
        .into_iter()
        .map(|(status, texts)| (status.to_string(), problem(texts.join("\n\n"))))
        .collect();
    all.push(("default".into(), problem("A problem, by its code".into())));
    all
}
