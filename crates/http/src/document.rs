//! The OpenAPI document, made from the table of operations.

use crate::operation::{Access, Operation};
use crate::problem::CODES;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    Paths, RefOr, Required, Schema,
};

/// The document of all operations.
pub(crate) fn document(operations: &[Operation], schemas: Schemas) -> OpenApi {
    let mut paths = Paths::new();
    for operation in operations {
        paths.add_path_operation(
            &operation.path,
            vec![method(&operation.method)],
            described(operation).build(),
        );
    }
    let mut info = InfoBuilder::new()
        .title("Firma")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(about()))
        .build();
    info.license = Some(
        LicenseBuilder::new()
            .name("MIT OR Apache-2.0")
            .identifier(Some("MIT OR Apache-2.0"))
            .build(),
    );
    let bearer = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build(),
    );
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(
            ComponentsBuilder::new()
                .schemas_from_iter(schemas.0)
                .security_scheme("bearer", bearer)
                .build(),
        ))
        .build()
}

fn about() -> String {
    let mut text =
        "The back office of a firm. Errors are application/problem+json with one of these codes:\n\n"
            .to_owned();
    for (code, status, title) in CODES {
        text.push_str(&format!("- `{code}` ({status}): {title}\n"));
    }
    text
}

fn method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn json(schema: RefOr<Schema>) -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn described(operation: &Operation) -> OperationBuilder {
    let needs = operation
        .access
        .name()
        .map(|name| format!(" Needs `{name}`."))
        .unwrap_or_default();
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id.clone()))
        .tag(operation.module)
        .summary(Some(operation.text.clone()))
        .description(Some(format!("{}{needs}", operation.text)));
    for name in operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
    {
        let about = if name == "organization" {
            "The organization: its id or its slug"
        } else {
            "The id"
        };
        builder = builder.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some(about))
                .schema(Some(string())),
        );
    }
    for parameter in &operation.parameters {
        builder = builder.parameter(
            ParameterBuilder::new()
                .name(&parameter.name)
                .parameter_in(ParameterIn::Query)
                .description(Some(&parameter.text))
                .schema(Some(string())),
        );
    }
    for (name, required) in headers(operation) {
        builder = builder.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(if required { Required::True } else { Required::False })
                .schema(Some(string())),
        );
    }
    if let Some(schema) = &operation.body {
        let mut body = RequestBodyBuilder::new()
            .content(operation.media_type, json(schema.clone()))
            .required(Some(Required::True));
        if operation.method == Method::PATCH {
            body = body.content("application/merge-patch+json", json(schema.clone()));
        }
        builder = builder.request_body(Some(body.build()));
    }
    let mut answer = ResponseBuilder::new().description("Done");
    if let Some(schema) = &operation.answer {
        answer = answer.content("application/json", json(schema.clone()));
    }
    let problem = ResponseBuilder::new()
        .description("A problem, by its code")
        .content("application/problem+json", json(reference("Problem")));
    builder = builder
        .response(operation.status.to_string(), answer)
        .response("default", problem);
    if operation.access != Access::Public {
        builder = builder.security(SecurityRequirement::new("bearer", Vec::<String>::new()));
    }
    builder
}

fn headers(operation: &Operation) -> Vec<(&'static str, bool)> {
    let in_organization = matches!(operation.access, Access::Permission(..));
    match operation.method {
        Method::POST if operation.path.ends_with("/restore") => {
            vec![("Idempotency-Key", operation.needs_key), ("If-Match", false)]
        }
        Method::POST if operation.access != Access::Public => vec![("Idempotency-Key", operation.needs_key)],
        Method::PATCH | Method::DELETE => vec![("If-Match", false)],
        Method::GET if in_organization && operation.path.ends_with("{id}") => vec![("If-None-Match", false)],
        _ => vec![],
    }
}
