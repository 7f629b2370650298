//! The table of all operations, and what is made from it.

use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::schemas::{self, Schemas};
use crate::{access, crm, document as openapi, identity, organizations, public};
use actix_web::{HttpRequest, HttpResponse, web};
use firma_auth::access::{SYSTEM_ROLES, Verb};
use std::sync::LazyLock;
use utoipa::openapi::OpenApi;

/// Built once: the operations and the schemas that they name.
fn table() -> (Vec<Operation>, Schemas) {
    let (mut operations, mut schemas) = (Vec::new(), Schemas::default());
    schemas::common(&mut schemas);
    public::operations(&mut operations);
    identity::operations(&mut operations, &mut schemas);
    organizations::operations(&mut operations, &mut schemas);
    access::operations(&mut operations, &mut schemas);
    crm::operations(&mut operations, &mut schemas);
    (operations, schemas)
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| table().0);

/// All operations of the API.
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    let (operations, schemas) = table();
    openapi::document(&operations, schemas)
}

/// Every operation against every role, as text: the scope that the role has for it, or `-`.
pub fn matrix() -> String {
    let roles: Vec<_> = SYSTEM_ROLES.iter().filter(|role| !role.platform).collect();
    let mut text = format!("{:<28} {:<8}", "resource", "action");
    roles
        .iter()
        .for_each(|role| text.push_str(&format!(" {:<15}", role.name)));
    let mut lines: Vec<(&str, Verb)> = Vec::new();
    for operation in operations() {
        if let Access::Permission(resource, verb) = operation.access
            && !lines.contains(&(resource, verb))
        {
            lines.push((resource, verb));
        }
    }
    for (resource, verb) in lines {
        text.push_str(&format!("\n{resource:<28} {:<8}", verb.as_str()));
        for role in &roles {
            let scope = role.scope(resource, verb).map_or("-", |scope| scope.as_str());
            text.push_str(&format!(" {scope:<15}"));
        }
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

/// Puts the operations into an application: one resource a path, so that a wrong method is told which
/// there are. Fixed paths stand before those with an id in the same place.
pub fn mount(config: &mut web::ServiceConfig) {
    crate::health::mount(config);
    let mut paths: Vec<&str> = Vec::new();
    for operation in operations() {
        if !paths.contains(&operation.path.as_str()) {
            paths.push(&operation.path);
        }
    }
    paths.sort_by_key(|path| path.ends_with('}'));
    for path in paths {
        let mut resource = web::resource(path);
        let mut methods = Vec::new();
        for operation in operations().iter().filter(|operation| operation.path == path) {
            methods.push(operation.method.as_str());
            resource = resource.route((operation.route)());
        }
        let allowed = methods.join(", ");
        config.service(resource.default_service(web::to(move || {
            let allowed = allowed.clone();
            async move { Err::<HttpResponse, _>(wrong_method(allowed)) }
        })));
    }
    config.default_service(web::to(async |request: HttpRequest| {
        Err::<HttpResponse, _>(Problem::new(
            "no_route",
            format!("there is nothing at {}", request.path()),
        ))
    }));
}

pub(crate) fn wrong_method(allowed: String) -> Problem {
    Problem::new("method_not_allowed", format!("the path knows {allowed}")).allowing(allowed)
}
