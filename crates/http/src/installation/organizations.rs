use super::{Answered, at, by_age, example, made};
use crate::call::Call;
use crate::operation::{Operation, Parameter};
use crate::render;
use crate::resource::page_parameters;
use crate::schemas::{Schemas, maybe_text, object, or_null, reference, string};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Create, Delete, PlatformGrant, Read, Update, Verb};
use firma_domain::organizations::{Organization, Status};
use firma_domain::{Id, Record, input};
use firma_services::crud::Expected;
use firma_services::installation::{self, NewOwned};
use firma_services::organizations::Terms;
use firma_services::{Desk, Refusal};
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ObjectBuilder, Type};

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

/// Something that the platform does to an organization as a whole.
type Act = fn(
    &mut Desk<'_, '_>,
    PlatformGrant<Organization, Update>,
    Id,
    &Expected,
) -> Result<Record<Organization>, Refusal>;

async fn suspend(call: Call) -> Answered {
    act(call, installation::suspend).await
}
async fn reactivate(call: Call) -> Answered {
    act(call, installation::reactivate).await
}
async fn restore(call: Call) -> Answered {
    act(call, installation::reopen).await
}

async fn act(call: Call, act: Act) -> Answered {
    call.write_platform::<Organization, Update, _>(move |desk, grant, said| {
        said.no_query()?;
        render::record(&act(desk, grant, said.id()?, &said.if_match)?)
    })
    .await
}

async fn remove(call: Call) -> Answered {
    call.write_platform::<Organization, Delete, _>(|desk, grant, said| {
        said.no_query()?;
        desk.step_up()?;
        installation::remove(desk, grant, said.id()?, &said.if_match)?;
        Ok(render::empty())
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
        .schema_type(or_null(Type::Integer))
        .description(Some("The most members it may have; null for no limit"));
    let plan = maybe_text("Its plan");
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
        .text("Lists all organizations' own rows. The newest first, unless asked otherwise. Nothing inside them is shown.")
        .parameters(page_parameters(vec![
            Parameter::new("status", "active, suspended or archived").of(status),
            Parameter::new("slug", "The name in addresses, as a whole"),
            by_age(),
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
    standing(to, &name);
}

/// What becomes of an organization as a whole.
fn standing(to: &mut Vec<Operation>, name: &str) {
    let update = ("organizations", Verb::Update);
    let acted = |verb: &str, path: &str| {
        let line = format!(
            "curl -sS -X POST \"$FIRMA_URL/api/v1/platform/organizations/$ORGANIZATION_ID/{verb}\" \\\n  -H \"Authorization: Bearer $PLATFORM_TOKEN\" >/dev/null"
        );
        let example = example().after(made("ORGANIZATION_ID", "id"));
        let example = if verb.is_empty() {
            example
        } else {
            example.after(line)
        };
        (
            format!("organizations/{{id}}{path}"),
            example.id("$ORGANIZATION_ID"),
        )
    };
    let (path, example) = acted("", "/suspend");
    to.push(
        at(Method::POST, &path, "suspend_organization", update, || {
            web::post().to(suspend)
        })
        .text("Makes an organization read-only. Its jobs wait.")
        .versioned()
        .example(example)
        .refuses(&["transition"])
        .answers(200, Some(reference(name))),
    );
    let (path, example) = acted("suspend", "/reactivate");
    to.push(
        at(Method::POST, &path, "reactivate_organization", update, || {
            web::post().to(reactivate)
        })
        .text("Lets an organization be written to again.")
        .versioned()
        .example(example)
        .refuses(&["transition"])
        .answers(200, Some(reference(name))),
    );
    let (path, _) = acted("", "/restore");
    let line = "curl -sS -X DELETE \"$FIRMA_URL/api/v1/platform/organizations/$ORGANIZATION_ID\" \\\n  -H \"Authorization: Bearer $PLATFORM_TOKEN\"";
    let example = super::example()
        .after(made("ORGANIZATION_ID", "id"))
        .after(line)
        .id("$ORGANIZATION_ID");
    to.push(
        at(Method::POST, &path, "reopen_organization", update, || {
            web::post().to(restore)
        })
        .text("Opens an organization again that was archived or deleted.")
        .example(example)
        .refuses(&["transition", "last_owner", "not_unique", "purged"])
        .answers(200, Some(reference(name))),
    );
    let (path, example) = acted("", "");
    to.push(
        at(
            Method::DELETE,
            &path,
            "remove_organization",
            ("organizations", Verb::Delete),
            || web::delete().to(remove),
        )
        .text("Deletes an organization. Softly: it is shut to everybody, and nothing in it is touched. Needs a sign-in or a step-up of the last ten minutes.")
        .example(example)
        .refuses(&["step_up_required"])
        .answers(204, None),
    );
}
