//! Roles and who holds them.

use crate::call::Call;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, changeable, readable};
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Verb};
use firma_domain::access::RoleAssignment;
use firma_domain::input;
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

async fn assign(call: Call) -> Result<HttpResponse, Problem> {
    call.write::<RoleAssignment, Create, _>(|work, grant, said| {
        let assignment = input::read(said.json()?)?;
        render::made(said, &access::assign(work, grant, assignment)?)
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
    let name = schemas.add::<RoleAssignment>();
    let path = "/api/v1/organizations/{organization}/role-assignments";
    let may = Access::Permission("role-assignments", Verb::Create);
    to.push(
        Operation::new(
            Method::POST,
            path,
            "create_role_assignment",
            "access",
            may,
            || web::post().to(assign),
        )
        .text("Gives a role; one that has ended is renewed.")
        .body(reference(&name))
        .answers(201, Some(reference(&name))),
    );
    changeable::<RoleAssignment>(to, schemas);
}
