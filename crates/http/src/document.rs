//! The OpenAPI document, made from the table of operations.

use crate::described::described;
use crate::operation::Operation;
use crate::problem::CODES;
use crate::schemas::Schemas;
use actix_web::http::Method;
use serde_json::Value;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApiBuilder, Paths, Server,
};

/// The modules in the order of the documentation, their titles and what they hold.
const MODULES: &[(&str, &str, &str)] = &[
    ("system", "System", "What this is."),
    (
        "identity",
        "Identity",
        "Signing in and out, and the caller's own account.",
    ),
    (
        "organizations",
        "Organizations",
        "Organizations, their members and teams. Nothing is shared between two organizations.",
    ),
    ("access", "Access", "Roles, and who holds them."),
    (
        "crm",
        "Customers and deals",
        "Companies and their contacts, pipelines with their stages, deals, activities, and the pipeline report.",
    ),
    (
        "platform",
        "Jobs, files and imports",
        "Work that is done after the call that asked for it, stored files, and files of rows brought into a collection.",
    ),
    (
        "installation",
        "The platform",
        "The whole installation, for who holds a platform role; for everybody else there is nothing at these paths. None of it reaches a row inside an organization. The examples sign in with `PLATFORM_EMAIL` and `PLATFORM_PASSWORD`.",
    ),
];

/// The document of all operations. As a value, whose fields have an order: extensions by themselves have none.
pub(crate) fn document(operations: &[Operation], schemas: Schemas) -> Value {
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
    let tags = MODULES.iter().map(|(name, title, about)| {
        TagBuilder::new()
            .name(*name)
            .description(Some(*about))
            .extensions(Some(Extensions::from_iter([("x-displayName", *title)])))
            .build()
    });
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of a sign-in, or an API key"))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .tags(Some(tags.collect::<Vec<_>>()))
        .paths(paths)
        .components(Some(
            ComponentsBuilder::new()
                .schemas_from_iter(schemas.0)
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .build(),
        ))
        .build();
    serde_json::to_value(document).unwrap_or_default()
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
