//! Organizations, members, teams.

mod domain;
mod standing;

use crate::call::{Call, Said};
use crate::example::{Example, Form, posted};
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, changeable, page_parameters, readable, resource, shape_parameters};
use crate::schemas::{Schemas, id, object, reference, string};
use crate::upload;
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Read, Update, Verb};
use firma_domain::input;
use firma_domain::organizations::{Member, Organization, Team, TeamMember};
use firma_services::organizations::{self, NewMember};
use firma_services::{Work, crud, identity, listing};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};

type Answered = Result<HttpResponse, Problem>;

impl Resource for Organization {
    const MODULE: &'static str = "organizations";
    const EXAMPLE: &'static str = r#"{"name": "Nordlicht GmbH", "slug": "nordlicht-$RANDOM"}"#;
    const CHANGE: &'static str =
        r##"{"website": "https://demo.example", "settings": {"branding": {"primary_color": "#3B82F6"}}}"##;
    const REFUSALS: &'static [&'static str] = &["not_unique"];
}
impl Resource for Member {
    const MODULE: &'static str = "organizations";
    const EXAMPLE: &'static str =
        r#"{"email": "new-$RANDOM@demo.example", "name": "Kim Winter", "title": "Engineer"}"#;
    const CHANGE: &'static str = r#"{"department": "Sales"}"#;
    const REFUSALS: &'static [&'static str] =
        &["role_not_held", "key_not_allowed", "member_limit", "last_owner"];
}
impl Resource for Team {
    const MODULE: &'static str = "organizations";
    const EXAMPLE: &'static str = r#"{"name": "Field sales", "slug": "field-$RANDOM"}"#;
    const CHANGE: &'static str = r#"{"description": "Sells where the customer is"}"#;
}
impl Resource for TeamMember {
    const MODULE: &'static str = "organizations";
    const EXAMPLE: &'static str = r#"{"team_id": "$TEAM_ID", "user_id": "$MEMBER_ID"}"#;
    const CHANGE: &'static str = r#"{"is_lead": true}"#;
    const BEFORE: &'static str = r#"TEAM_ID=$(curl -sS "$ORG/teams" \
  -H "Authorization: Bearer $TOKEN" \
  --json '{"name": "Night shift", "slug": "night-'$RANDOM'"}' | jq -r .id)"#;
}

async fn list(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        let key = &said.state.signer.keys.cursor;
        render::page(identity::places(tx, caller, said.query()?, key)?)
    })
    .await
}

async fn found(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        let organization = input::read(said.json()?)?;
        render::made(
            said,
            &organizations::found_by(tx, caller, organization, said.state.signup)?,
        )
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

async fn logo(call: Call) -> Answered {
    let find = |work: &mut Work<'_, '_>, said: &Said| {
        let grant = work.grant::<Organization, Read>()?;
        said.no_query()?;
        organizations::logo(work, grant)
    };
    let file = call.look(find).await?.value;
    upload::serve(&call, file).await
}

async fn add_member(call: Call) -> Answered {
    call.write::<Member, Create, _>(|work, grant, said| {
        let new: NewMember = input::plain(said.json()?)?;
        render::made(said, &organizations::add_member(work, grant, new)?)
    })
    .await
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.record::<Organization>();
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
        .text(
            "Lists the caller's organizations. Those that the caller is a member of, or was asked into; by name, and \
             in no other order.",
        )
        .parameters(page_parameters(vec![]))
        .answers(200, Some(schemas.page("Membership"))),
    );
    to.push(
        at(
            Method::POST,
            "/api/v1/organizations",
            "create_organization",
            Access::SignedIn,
            || web::post().to(found),
        )
        .text("Makes an organization. Its owner is who makes it. Needs a verified e-mail.")
        .body(schemas.new_one::<Organization>())
        .example(Example::default().body(Organization::EXAMPLE))
        .refuses(&["email_unverified", "signup_closed", "not_unique"])
        .answers(201, Some(reference(&name))),
    );
    let one = "/api/v1/organizations/{organization}";
    let may = |verb| Access::Permission("organizations", verb);
    to.push(
        at(Method::GET, one, "get_organization", may(Verb::Read), || {
            web::get().to(find)
        })
        .text("Finds the organization.")
        .parameters(shape_parameters::<Organization>())
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
        .text(
            "Changes the organization. What the merge patch leaves out stays; null empties. Keeping the audit log for \
             fewer days needs a sign-in or a step-up of the last ten minutes.",
        )
        .body(schemas.patch::<Organization>())
        .example(Example::default().body(Organization::CHANGE))
        .refuses(&["key_not_allowed", "slug_limit", "step_up_required"])
        .answers(200, Some(reference(&name))),
    );
    to.push(
        at(
            Method::GET,
            &format!("{one}/logo"),
            "get_organization_logo",
            may(Verb::Read),
            || web::get().to(logo),
        )
        .text("Gives the organization's logo. To everybody who may read the organization.")
        .example(
            Example::default()
                .after(posted("LOGO_ID", "files", LOGO, "id"))
                .after(SET_LOGO),
        )
        .refuses(&["not_found"])
        .answers_bytes(),
    );
    domain::operations(to, schemas);
    standing::operations(to, schemas);
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
        .text(
            "Adds a member. The answer has the same form for a known and an unknown address; its `id` is the \
             user's, whose first part is when the account was made.",
        )
        .body(reference("NewMember"))
        .example(Example::default().body(Member::EXAMPLE))
        .refuses(&["role_not_held", "member_limit", "not_unique", "key_not_allowed"])
        .answers(201, Some(reference("Member"))),
    );
    resource::<Team>(to, schemas);
    resource::<TeamMember>(to, schemas);
}

/// The least that looks like an image.
const LOGO: Form = Form {
    name: "logo.webp",
    text: "RIFF0000WEBP",
    options: "",
};

const SET_LOGO: &str = r#"curl -sS -X PATCH "$ORG" \
  -H "Authorization: Bearer $TOKEN" \
  --json '{"logo_id": "'$LOGO_ID'"}' >/dev/null"#;

fn new_member() -> ObjectBuilder {
    let roles = ArrayBuilder::new()
        .max_items(Some(20))
        .items(id("A role's id"))
        .description(Some("Roles to give, 20 at most; none unless asked"));
    object(
        [
            ("email", string("Where the person is reached").into()),
            ("name", string("The name that the organization shows").into()),
            ("title", string("Position in the firm").into()),
            ("department", string("Department").into()),
            ("role_ids", roles.into()),
        ],
        &["title", "department", "role_ids"],
    )
}
