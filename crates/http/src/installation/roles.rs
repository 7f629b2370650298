use super::{Answered, at, example, made};
use crate::call::Call;
use crate::operation::Operation;
use crate::render;
use crate::resource::{list_parameters, page_parameters};
use crate::schemas::{Schemas, id, maybe_instant, maybe_text, object, reference, string};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Create, Delete, Read, Verb};
use firma_domain::access::RoleAssignment;
use firma_domain::input;
use firma_services::installation::{self, GivenRole};
use utoipa::openapi::schema::ArrayBuilder;

async fn list(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<RoleAssignment, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::roles(grant, said.query()?, key)?)
    })
    .await
}

async fn assignments(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<RoleAssignment, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::assignments(desk, grant, said.query()?, key)?)
    })
    .await
}

async fn give(call: Call) -> Answered {
    call.write_platform::<RoleAssignment, Create, _>(|desk, grant, said| {
        let given: GivenRole = input::plain(said.json()?)?;
        desk.step_up()?;
        render::made(said, &installation::give(desk, grant, given)?)
    })
    .await
}

async fn take(call: Call) -> Answered {
    call.write_platform::<RoleAssignment, Delete, _>(|desk, grant, said| {
        said.no_query()?;
        desk.step_up()?;
        installation::take(desk, grant, said.id()?, &said.if_match)?;
        Ok(render::empty())
    })
    .await
}

/// Lines that give a role to somebody, and keep the assignment's id or the ids for another.
fn given() -> String {
    format!(
        "{}\nROLE_ID=$(curl -sS \"$FIRMA_URL/api/v1/platform/roles\" \\\n  -H \"Authorization: Bearer $PLATFORM_TOKEN\" | jq -r '.data[] | select(.name == \"website_admin\") | .id')",
        made("USER_ID", "owner_id")
    )
}

fn bodies(schemas: &mut Schemas) {
    let maybe_instant = maybe_instant("From this instant on it gives nothing");
    let reason = maybe_text("Why");
    let given = object(
        [
            ("user_id", id("The user").into()),
            ("role_id", id("A platform role").into()),
            ("expires_at", maybe_instant.into()),
            ("reason", reason.into()),
        ],
        &["expires_at", "reason"],
    );
    schemas.put("GivenPlatformRole", given);
    let permissions = ArrayBuilder::new()
        .items(string("`resource:action:scope`"))
        .description(Some("What it gives"));
    let kinds = string("Where it is given").enum_values(Some(["platform", "organization"]));
    let role = object(
        [
            ("id", id("The role").into()),
            ("name", string("Its name").into()),
            ("display_name", string("Its name for people").into()),
            ("role_type", kinds.into()),
            ("permissions", permissions.into()),
        ],
        &[],
    );
    schemas.put("SystemRole", role);
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    bodies(schemas);
    let read = ("roles", Verb::Read);
    to.push(
        at(Method::GET, "roles", "list_system_roles", read, || {
            web::get().to(list)
        })
        .text("Lists the system roles. And what each gives; in the order of the code, and in no other.")
        .parameters(page_parameters(vec![]))
        .answers(200, Some(schemas.page("SystemRole"))),
    );
    let name = schemas.record::<RoleAssignment>();
    to.push(
        at(
            Method::GET,
            "role-assignments",
            "list_platform_role_assignments",
            read,
            || web::get().to(assignments),
        )
        .text("Lists who holds platform roles. And who held them: those aren't active.")
        .parameters(list_parameters::<RoleAssignment>())
        .example(example().query("?limit=1"))
        .answers(200, Some(schemas.page(&name))),
    );
    to.push(
        at(
            Method::POST,
            "role-assignments",
            "give_platform_role",
            ("roles", Verb::Create),
            || web::post().to(give),
        )
        .text("Gives a platform role. One that has ended is renewed. Needs a sign-in or a step-up of the last ten minutes.")
        .body(reference("GivenPlatformRole"))
        .example(example().after(given()).body(r#"{"user_id": "$USER_ID", "role_id": "$ROLE_ID", "reason": "On call"}"#))
        .refuses(&["step_up_required", "not_unique", "role_not_held"])
        .answers(201, Some(reference(&name))),
    );
    let one = format!(
        "{}\nROLE_ASSIGNMENT_ID=$(curl -sS \"$FIRMA_URL/api/v1/platform/role-assignments\" \\\n  -H \"Authorization: Bearer $PLATFORM_TOKEN\" \\\n  --json '{{\"user_id\": \"'$USER_ID'\", \"role_id\": \"'$ROLE_ID'\"}}' | jq -r .id)",
        given()
    );
    to.push(
        at(
            Method::DELETE,
            "role-assignments/{id}",
            "take_platform_role",
            ("roles", Verb::Delete),
            || web::delete().to(take),
        )
        .text("Takes a platform role away. From the next call on. Needs a sign-in or a step-up of the last ten minutes.")
        .example(example().after(one).id("$ROLE_ASSIGNMENT_ID"))
        .refuses(&["step_up_required", "last_owner"])
        .answers(204, None),
    );
}
