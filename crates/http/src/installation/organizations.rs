use super::{Answered, at, example, made, page_parameters};
use crate::call::Call;
use crate::operation::{Operation, Parameter};
use crate::render;
use crate::schemas::{Schemas, object, reference, string};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Create, Read, Update, Verb};
use firma_domain::input;
use firma_domain::organizations::{Organization, Status};
use firma_services::Refusal;
use firma_services::installation::{self, NewOwned, Terms};
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

async fn list(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<Organization, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::organizations(desk, grant, said.query()?, key)?)
    })
    .await
}

async fn find(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<Organization, Read>()?;
        said.no_query()?;
        let found = installation::organization(desk, grant, said.id()?)?;
        render::unless_known(&found, said.if_none_match.as_deref())
    })
    .await
}

async fn create(call: Call) -> Answered {
    call.write_platform::<Organization, Create, _>(|desk, grant, said| {
        let new = NewOwned::read(said.json()?)?;
        let ip = said.origin.ip.as_deref();
        let made = installation::create(desk, grant, new, &said.language, ip)?;
        render::made(said, &made)
    })
    .await
}

async fn update(call: Call) -> Answered {
    call.write_platform::<Organization, Update, _>(|desk, grant, said| {
        let terms: Terms = input::plain(said.json()?).map_err(Refusal::from)?;
        let changed = installation::set_terms(desk, grant, said.id()?, terms, &said.if_match)?;
        render::record(&changed)
    })
    .await
}

fn bodies(schemas: &mut Schemas) {
    let owner = object(
        [
            (
                "email",
                string("Who will own it; one who has no account gets one to claim").into(),
            ),
            ("name", string("The name of who has no account yet").into()),
        ],
        &["name"],
    );
    schemas.put("OrganizationOwner", owner);
    let mut new = schemas.given::<Organization>();
    new.properties
        .insert("owner".into(), reference("OrganizationOwner"));
    new.required.push("owner".into());
    schemas.put("NewOwnedOrganization", Schema::Object(new));
    let most = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .description(Some("The most members it may have; null for no limit"));
    let plan = string("Its plan").schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    let terms = object(
        [("max_users", most.into()), ("subscription_plan", plan.into())],
        &["max_users", "subscription_plan"],
    );
    schemas.put("OrganizationTerms", terms);
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    bodies(schemas);
    let name = schemas.record::<Organization>();
    let read = ("organizations", Verb::Read);
    let statuses = Status::ALL.iter().map(|status| status.as_str());
    let status = string("The status").enum_values(Some(statuses));
    to.push(
        at(
            Method::GET,
            "organizations",
            "list_all_organizations",
            read,
            || web::get().to(list),
        )
        .text("Lists all organizations' own rows. The newest first. Nothing inside them is shown.")
        .parameters(page_parameters(vec![
            Parameter::new("status", "active, suspended or archived").of(status),
            Parameter::new("slug", "The name in addresses, as a whole"),
        ]))
        .example(example().query("?limit=1"))
        .answers(200, Some(schemas.page(&name))),
    );
    to.push(
        at(
            Method::GET,
            "organizations/{id}",
            "get_any_organization",
            read,
            || web::get().to(find),
        )
        .text("Finds one organization's own row. Whatever its status.")
        .example(
            example()
                .after(made("ORGANIZATION_ID", "id"))
                .id("$ORGANIZATION_ID"),
        )
        .answers(200, Some(reference(&name))),
    );
    to.push(
        at(
            Method::POST,
            "organizations",
            "create_owned_organization",
            ("organizations", Verb::Create),
            || web::post().to(create),
        )
        .text("Makes an organization for somebody else. Whoever may sign up here.")
        .body(reference("NewOwnedOrganization"))
        .example(example().body(
            r#"{"name": "Nordlicht GmbH", "slug": "nordlicht-$RANDOM", "owner": {"email": "owner-$RANDOM@demo.example"}}"#,
        ))
        .refuses(&["not_unique"])
        .answers(201, Some(reference(&name))),
    );
    to.push(
        at(
            Method::PATCH,
            "organizations/{id}",
            "set_organization_terms",
            ("organizations", Verb::Update),
            || web::patch().to(update),
        )
        .text("Sets the plan, and how many members there may be. What the merge patch leaves out stays; null empties.")
        .body(reference("OrganizationTerms"))
        .example(
            example()
                .after(made("ORGANIZATION_ID", "id"))
                .id("$ORGANIZATION_ID")
                .body(r#"{"max_users": 25, "subscription_plan": "team"}"#),
        )
        .answers(200, Some(reference(&name))),
    );
}
