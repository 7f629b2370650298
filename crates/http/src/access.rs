//! Roles and who holds them.

mod told;

use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, changeable, readable};
use crate::schemas::{Schemas, id, object, reference, string};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Verb};
use firma_domain::access::RoleAssignment;
use firma_domain::input;
use firma_services::access;
use serde_json::json;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{RefOr, Schema};

impl Resource for RoleAssignment {
    const MODULE: &'static str = "access";
    const EXAMPLE: &'static str =
        r#"{"user_id": "$MEMBER_ID", "role_id": "$ROLE_ID", "reason": "Covers for a colleague"}"#;
    const CHANGE: &'static str = r#"{"reason": "Leads the project now"}"#;
    const BEFORE: &'static str = r#"ROLE_ID=$(curl -sS "$ORG/roles" \
  -H "Authorization: Bearer $TOKEN" | jq -r '.data[] | select(.name == "designer") | .id')
MEMBER_ID=$(curl -sS "$ORG/members" \
  -H "Authorization: Bearer $TOKEN" \
  --json '{"email": "new-'$RANDOM'@demo.example", "name": "Kim Winter"}' | jq -r .id)"#;
    const REFUSALS: &'static [&'static str] = &["role_not_held", "last_owner"];
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
    let given = role_list(schemas);
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
        .text("Lists the roles that can be given. And what each gives.")
        .answers(200, Some(given)),
    );
    readable::<RoleAssignment>(to, schemas);
    let name = schemas.record::<RoleAssignment>();
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
        .text("Gives a role. One that has ended is renewed.")
        .body(schemas.new_one::<RoleAssignment>())
        .example(
            Example::default()
                .after(RoleAssignment::BEFORE)
                .body(RoleAssignment::EXAMPLE),
        )
        .refuses(RoleAssignment::REFUSALS)
        .answers(201, Some(reference(&name))),
    );
    changeable::<RoleAssignment>(to, schemas);
    told::operations(to, schemas);
}

fn role_list(schemas: &mut Schemas) -> RefOr<Schema> {
    let permissions = ArrayBuilder::new()
        .items(string("A permission: `deals:update:own`"))
        .description(Some("What it gives, the widest scope of each"));
    let role = object(
        [
            ("id", id("The role's id").into()),
            ("name", string("Its name in programs").into()),
            ("display_name", string("Its name for people").into()),
            ("permissions", permissions.into()),
        ],
        &[],
    );
    schemas.put("Role", role);
    schemas.list("Role")
}
