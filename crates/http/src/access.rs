//! Roles and who holds them.

use crate::call::Call;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, changeable, creatable, readable};
use crate::schemas::Schemas;
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::Verb;
use firma_domain::access::RoleAssignment;
use firma_services::access;
use serde_json::json;

impl Resource for RoleAssignment {
    const MODULE: &'static str = "access";
}

async fn roles(call: Call) -> Result<HttpResponse, Problem> {
    call.read(|work, said| {
        let roles = access::roles(work)?;
        said.no_query()?;
        render::plain(
            200,
            &json!({"data": roles, "pagination": {"next_cursor": null, "has_more": false}}),
        )
    })
    .await
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let path = "/api/v1/organizations/{organization}/roles";
    to.push(
        Operation::new(
            Method::GET,
            path,
            "list_roles",
            "access",
            Access::Permission("roles", Verb::Read),
            || web::get().to(roles),
        )
        .text("The roles that can be given, and what each gives."),
    );
    readable::<RoleAssignment>(to, schemas);
    creatable::<RoleAssignment>(to, schemas);
    changeable::<RoleAssignment>(to, schemas);
}
