//! Roles and who holds them.

mod told;

use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, changeable, creatable, deletable, findable, page_parameters, readable};
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Read, Verb};
use firma_domain::access::{Role, RoleAssignment};
use firma_domain::input;
use firma_services::access;

impl Resource for Role {
    const MODULE: &'static str = "access";
    const EXAMPLE: &'static str = r#"{"name": "deal-desk-$RANDOM", "display_name": "Deal desk",
 "permissions": ["companies:read:org", "deals:read:org", "deals:update:team"]}"#;
    const CHANGE: &'static str = r#"{"permissions": ["companies:read:org", "deals:read:org"]}"#;
    // The first ones of the list are the system's, which nobody changes.
    const IN_DEMO: bool = false;
    const REFUSALS: &'static [&'static str] = &["out_of_reach", "role_not_held", "role_limit"];
    const DELETE_REFUSALS: &'static [&'static str] = &["out_of_reach", "role_not_held"];
}

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
    const REFUSALS: &'static [&'static str] = &["role_not_held", "last_owner", "member_limit"];
}

async fn roles(call: Call) -> Result<HttpResponse, Problem> {
    call.read(|work, said| {
        let grant = work.grant::<Role, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(access::roles(work, grant, said.query()?, key)?)
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
    let name = schemas.record::<Role>();
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
        .text(
            "Lists the roles that can be given. And what each gives: the system's, then the organization's own as \
             they were made, and in no other order.",
        )
        .parameters(page_parameters(vec![
            Parameter::new("deleted", "true: its own deleted ones instead, the newest first").flag(),
        ]))
        .answers(200, Some(schemas.page(&name))),
    );
    findable::<Role>(to, schemas);
    creatable::<Role>(to, schemas);
    changeable::<Role>(to, schemas);
    deletable::<Role>(to, schemas);
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
