//! Organizations, members, teams.

use crate::call::Call;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, changeable, readable, resource};
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Read, Update, Verb};
use firma_domain::input;
use firma_domain::organizations::{Member, Organization, Team, TeamMember};
use firma_services::organizations::{self, NewMember};
use firma_services::{crud, identity, listing};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

type Answered = Result<HttpResponse, Problem>;

impl Resource for Organization {
    const MODULE: &'static str = "organizations";
}
impl Resource for Member {
    const MODULE: &'static str = "organizations";
}
impl Resource for Team {
    const MODULE: &'static str = "organizations";
}
impl Resource for TeamMember {
    const MODULE: &'static str = "organizations";
}

async fn list(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        said.no_query()?;
        let places = identity::me(tx, caller)?.memberships;
        render::plain(
            200,
            &serde_json::json!({"data": places, "pagination": {"next_cursor": null, "has_more": false}}),
        )
    })
    .await
}

async fn found(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        let organization = input::read(said.json()?)?;
        render::made(said, &organizations::found_by(tx, caller, organization)?)
    })
    .await
}

async fn find(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<Organization, Read>()?;
        let shape = listing::shape::<Organization>(said.query()?)?;
        let record = crud::find(work, grant, work.organization())?;
        render::found(work, &record, &shape, said.if_none_match.as_deref())
    })
    .await
}

async fn update(call: Call) -> Answered {
    call.write::<Organization, Update, _>(|work, grant, said| {
        let own = work.organization();
        render::record(&crud::update(work, grant, own, said.json()?, &said.if_match)?)
    })
    .await
}

async fn add_member(call: Call) -> Answered {
    call.write::<Member, Create, _>(|work, grant, said| {
        let new: NewMember = input::plain(said.json()?)?;
        render::made(said, &organizations::add_member(work, grant, new)?)
    })
    .await
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.add::<Organization>();
    let at = |method, path: &str, id: &str, access, route| {
        Operation::new(method, path, id, "organizations", access, route)
    };
    to.push(
        at(
            Method::GET,
            "/api/v1/organizations",
            "list_organizations",
            Access::SignedIn,
            || web::get().to(list),
        )
        .text("The organizations that the caller is a member of, or was asked into."),
    );
    to.push(
        at(
            Method::POST,
            "/api/v1/organizations",
            "create_organization",
            Access::SignedIn,
            || web::post().to(found),
        )
        .text("Makes an organization, whose owner is who makes it. Needs a verified e-mail.")
        .body(reference(&name))
        .answers(201, Some(reference(&name))),
    );
    let one = "/api/v1/organizations/{organization}";
    let may = |verb| Access::Permission("organizations", verb);
    to.push(
        at(Method::GET, one, "get_organization", may(Verb::Read), || {
            web::get().to(find)
        })
        .text("The organization.")
        .answers(200, Some(reference(&name))),
    );
    to.push(
        at(
            Method::PATCH,
            one,
            "update_organization",
            may(Verb::Update),
            || web::patch().to(update),
        )
        .text("Changes what the merge patch names.")
        .body(reference(&format!("{name}Patch")))
        .answers(200, Some(reference(&name))),
    );
    readable::<Member>(to, schemas);
    changeable::<Member>(to, schemas);
    schemas.put("NewMember", new_member());
    to.push(
        at(
            Method::POST,
            &format!("{one}/members"),
            "add_member",
            Access::Permission("members", Verb::Create),
            || web::post().to(add_member),
        )
        .text("Adds a member. The answer is the same for a known and an unknown address.")
        .body(reference("NewMember"))
        .answers(201, Some(reference("Member"))),
    );
    resource::<Team>(to, schemas);
    resource::<TeamMember>(to, schemas);
}

fn new_member() -> ObjectBuilder {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    ObjectBuilder::new()
        .property("email", text())
        .property("name", text())
        .property("title", text())
        .property("department", text())
        .property("role_ids", ArrayBuilder::new().items(text()))
        .required("email")
        .required("name")
}
