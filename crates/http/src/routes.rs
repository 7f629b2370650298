//! The table of all operations, and what is made from it.

use crate::operation::Operation;
use crate::problem::Problem;
use crate::said::WithoutBody;
use crate::schemas::{self, Schemas};
use crate::{
    access, api_keys, crm, document as openapi, identity, imports, installation, invitations, logs,
    organizations, platform, public,
};
use actix_web::{HttpRequest, HttpResponse, Resource, Scope, web};
use serde_json::Value;
use std::sync::LazyLock;

/// Built once: the operations and the schemas that they name.
fn table() -> (Vec<Operation>, Schemas) {
    let (mut operations, mut schemas) = (Vec::new(), Schemas::default());
    schemas::common(&mut schemas);
    public::operations(&mut operations, &mut schemas);
    identity::operations(&mut operations, &mut schemas);
    organizations::operations(&mut operations, &mut schemas);
    invitations::operations(&mut operations, &mut schemas);
    access::operations(&mut operations, &mut schemas);
    api_keys::operations(&mut operations, &mut schemas);
    crm::operations(&mut operations, &mut schemas);
    platform::operations(&mut operations, &mut schemas);
    imports::operations(&mut operations, &mut schemas);
    logs::operations(&mut operations, &mut schemas);
    installation::operations(&mut operations, &mut schemas);
    (operations, schemas)
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| table().0);

/// All operations of the API.
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// The OpenAPI document, the same bytes from every server of this version.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let (operations, schemas) = table();
        openapi::document(&operations, schemas)
    });
    &DOCUMENT
}

/// Where all that belongs to an organization stands.
const TENANT: &str = "/api/v1/organizations/{organization}";

/// Puts the operations into an application: one resource a path, so that a wrong method is told which
/// there are, and a scope a collection, so that a request is matched against few of them.
pub fn mount(config: &mut web::ServiceConfig) {
    let (inside, outside): (Vec<_>, Vec<_>) = paths().into_iter().partition(|path| path.starts_with(TENANT));
    // First, for most calls go there, and what stands before it is asked whether it fits.
    config.service(tenant(&inside));
    crate::health::mount(config);
    crate::docs::mount(config);
    for path in outside {
        config.service(resource(path, path));
    }
    config.default_service(web::to(async |request: HttpRequest| {
        Err::<HttpResponse, _>(Problem::nothing_at(request.path()))
    }));
}

fn tenant(paths: &[&'static str]) -> Scope {
    let mut tenant = web::scope(TENANT);
    let mut collections: Vec<(&str, Scope)> = Vec::new();
    for path in paths {
        let below = path.strip_prefix(TENANT).unwrap_or_default();
        let Some((collection, rest)) = split(below) else {
            tenant = tenant.service(resource(path, ""));
            continue;
        };
        let at = match collections.iter().position(|(known, _)| *known == collection) {
            Some(at) => at,
            None => {
                collections.push((collection, web::scope(collection)));
                collections.len() - 1
            }
        };
        let (_, scope) = collections.remove(at);
        collections.push((collection, scope.service(resource(path, rest))));
    }
    collections
        .into_iter()
        .fold(tenant, |tenant, (_, scope)| tenant.service(scope))
}

/// All paths; fixed ones stand before those with an id in the same place.
fn paths() -> Vec<&'static str> {
    let mut paths: Vec<&str> = Vec::new();
    for operation in operations() {
        if !paths.contains(&operation.path.as_str()) {
            paths.push(&operation.path);
        }
    }
    paths.sort_by_key(|path| path.ends_with('}'));
    paths
}

/// `/deals/{id}` as `/deals` and `/{id}`.
fn split(below: &'static str) -> Option<(&'static str, &'static str)> {
    let end = below.get(1..)?.find('/').map_or(below.len(), |at| at + 1);
    below.split_at_checked(end)
}

/// All methods of a path, mounted as `at`.
fn resource(path: &str, at: &str) -> Resource {
    let mut resource = web::resource(at);
    let (mut methods, mut without_body) = (Vec::new(), Vec::new());
    for operation in operations().iter().filter(|operation| operation.path == path) {
        methods.push(operation.method.as_str());
        if operation.takes_no_body() {
            without_body.push(operation.method.clone());
        }
        resource = resource.route((operation.route)());
    }
    telling(&methods.join(", "), resource.app_data(WithoutBody(without_body)))
}

/// The resource, which tells a wrong method the ones that it knows.
pub fn telling(allowed: &str, resource: Resource) -> Resource {
    // What answers GET answers HEAD.
    let allowed = match allowed.strip_prefix("GET") {
        Some(others) => format!("GET, HEAD{others}"),
        None => allowed.replace(", GET", ", GET, HEAD"),
    };
    resource.default_service(web::to(move || {
        let detail = format!("the path knows {allowed}");
        let problem = Problem::new("method_not_allowed", detail).allowing(allowed.clone());
        async move { Err::<HttpResponse, _>(problem) }
    }))
}

/// What stands outside the API and is only read.
pub(crate) fn only_get(path: &str, route: actix_web::Route) -> Resource {
    telling("GET", web::resource(path).route(route))
}
