//! Inviting by mail, and the answers to it.

use crate::call::{Call, Open};
use crate::example::Example;
use crate::limits::Limited;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, creatable, on_new, readable};
use crate::schemas::{Schemas, id, maybe_instant, maybe_text, object, reference, string};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use firma_auth::access::{Update, Verb};
use firma_domain::input;
use firma_domain::organizations::Invitation;
use firma_services::organizations::{self, InvitedPerson};
use firma_services::{Refusal, Tx, identity};
use serde::Deserialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

type Answered = Result<HttpResponse, Problem>;

impl Resource for Invitation {
    const MODULE: &'static str = "organizations";
    const EXAMPLE: &'static str = r#"{"email": "new-$RANDOM@demo.example", "name": "Kim Winter", "role_ids": ["$ROLE_ID"], "message": "Glad to have you."}"#;
    const IN_DEMO: bool = false;
    const BEFORE: &'static str = r#"ROLE_ID=$(curl -sS "$ORG/roles" \
  -H "Authorization: Bearer $TOKEN" | jq -r '.data[] | select(.name == "employee") | .id')"#;
    const REFUSALS: &'static [&'static str] = &["role_not_held", "member_limit"];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfToken {
    token: String,
}

async fn resend(call: Call) -> Answered {
    call.write::<Invitation, Update, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&organizations::resend(work, grant, said.id()?, &said.if_match)?)
    })
    .await
}

async fn revoke(call: Call) -> Answered {
    call.write::<Invitation, Update, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&organizations::revoke(work, grant, said.id()?, &said.if_match)?)
    })
    .await
}

async fn look(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::SignIn, None)?;
    let sent: OfToken = input::raw(said.json()?).map_err(Refusal::from)?;
    let database = &said.state.database;
    let look = move |tx: &mut Tx<'_>| organizations::look_at_invitation(tx, &sent.token);
    let seen = database.write(said.origin.clone(), look).await??;
    Ok(HttpResponse::Ok().json(seen))
}

async fn register(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::SignIn, None)?;
    let sent: InvitedPerson = input::raw(said.json()?).map_err(Refusal::from)?;
    let joined = organizations::register_invited(&said.door(), sent).await?;
    Ok(HttpResponse::Ok().json(joined))
}

async fn accept(call: Call) -> Answered {
    let (said, caller) = (call.said(), call.caller().await?);
    identity::may_step_up(&said.door(), caller).await?;
    said.state.limits.count(call.request(), Limited::SignIn, None)?;
    let sent: OfToken = input::raw(said.json()?).map_err(Refusal::from)?;
    let accept = move |tx: &mut Tx<'_>| {
        caller.check(tx)?;
        organizations::accept_invitation(tx, caller, &sent.token)
    };
    let joined = said.state.database.write(said.origin.clone(), accept).await??;
    Ok(HttpResponse::Ok().json(joined))
}

async fn decline(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::SignIn, None)?;
    let sent: OfToken = input::raw(said.json()?).map_err(Refusal::from)?;
    let decline = move |tx: &mut Tx<'_>| organizations::decline_invitation(tx, &sent.token);
    let database = &said.state.database;
    database.write(said.origin.clone(), decline).await??;
    Ok(HttpResponse::NoContent().finish())
}

fn answers(schemas: &mut Schemas) {
    let text = |about: &str| string(about).into();
    let ids = |about: &str| {
        ArrayBuilder::new()
            .items(id("An id"))
            .description(Some(about))
            .into()
    };
    let roles = ArrayBuilder::new().items(string("A role's name"));
    let end = maybe_instant("From then on it is over");
    let flag = ObjectBuilder::new().schema_type(Type::Boolean).description(Some(
        "Whether the address has an account: who has one signs in and accepts",
    ));
    let look = object(
        [
            ("organization", text("The organization's name")),
            ("slug", text("Its name in addresses")),
            (
                "email",
                text("Where the mail went to; the address of who accepts"),
            ),
            ("name", maybe_text("The name that was given").into()),
            ("invited_by", maybe_text("The name of who invited").into()),
            ("message", maybe_text("What the mail said beside").into()),
            ("roles", roles.description(Some("Roles to be given")).into()),
            ("expires_at", end.into()),
            ("has_account", flag.into()),
        ],
        &[],
    );
    schemas.put("InvitationLook", look);
    let joined = object(
        [
            ("organization_id", id("The organization").into()),
            ("name", text("Its name")),
            ("slug", text("Its name in addresses")),
            ("role_ids", ids("Roles that were given")),
            (
                "withheld_role_ids",
                ids("Roles that weren't: who invited can't give them any more"),
            ),
            ("team_ids", ids("Teams that were joined")),
            (
                "withheld_team_ids",
                ids("Teams that weren't: they are gone, or who invited can't add to them any more"),
            ),
        ],
        &[],
    );
    schemas.put("Joined", joined);
    let person = object(
        [
            ("token", text("Of the mail")),
            ("name", text("The name that is shown")),
            (
                "password",
                text("15 characters at least; none that everybody tries first"),
            ),
        ],
        &[],
    );
    schemas.put("InvitedPerson", person);
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    answers(schemas);
    readable::<Invitation>(to, schemas);
    creatable::<Invitation>(to, schemas);
    let name = schemas.record::<Invitation>();
    let one = |verb: &str, id: &str, route| {
        let path = format!("/api/v1/organizations/{{organization}}/invitations/{{id}}/{verb}");
        let may = Access::Permission("invitations", Verb::Update);
        Operation::new(Method::POST, &path, id, "organizations", may, route)
            .example(on_new::<Invitation>())
            .versioned()
            .answers(200, Some(reference(&name)))
    };
    to.push(
        one("resend", "resend_invitation", || web::post().to(resend))
            .text(
                "Sends an open invitation once more. For seven days from now; the mail of before is void. Who does \
                 that is who invites from now on.",
            )
            .refuses(&["role_not_held", "member_limit", "not_unique", "transition"]),
    );
    to.push(
        one("revoke", "revoke_invitation", || web::post().to(revoke))
            .text("Takes an open invitation back. Its mail is void at once.")
            .refuses(&["transition"]),
    );
    let auth = |path: &str, id: &str, access, route| {
        let path = format!("/api/v1/auth/{path}");
        Operation::new(Method::POST, &path, id, "identity", access, route).limited()
    };
    let by_token = || Example::default().by_hand().body(r#"{"token": "$MAILED_TOKEN"}"#);
    to.push(
        auth("invitation", "look_at_invitation", Access::Public, || {
            web::post().to(look)
        })
        .text("Looks at an invitation. With the token of its mail, which stays good.")
        .body(reference("OfToken"))
        .example(by_token())
        .answers(200, Some(reference("InvitationLook"))),
    );
    to.push(
        auth("accept-invitation", "accept_invitation", Access::SignedIn, || {
            web::post().to(accept)
        })
        .text(
            "Accepts an invitation. With the token of its mail, once, by the account that has the address that the \
             mail went to. Roles that who invited can't give any more are withheld, and named.",
        )
        .body(reference("OfToken"))
        .example(by_token())
        .refuses(&["email_unverified", "organization_suspended", "member_limit"])
        .answers(200, Some(reference("Joined"))),
    );
    to.push(
        auth(
            "register-by-invitation",
            "register_by_invitation",
            Access::Public,
            || web::post().to(register),
        )
        .text(
            "Accepts an invitation without an account. Makes the account, with the e-mail as verified, and joins the \
             organization. Sign in after that.",
        )
        .body(reference("InvitedPerson"))
        .example(Example::default().by_hand().body(
            r#"{"token": "$MAILED_TOKEN", "name": "Kim Winter", "password": "grey herons wade slowly"}"#,
        ))
        .refuses(&["has_account", "organization_suspended", "member_limit"])
        .answers(200, Some(reference("Joined"))),
    );
    to.push(
        auth("decline-invitation", "decline_invitation", Access::Public, || {
            web::post().to(decline)
        })
        .text("Declines an invitation. With the token of its mail, once.")
        .body(reference("OfToken"))
        .example(by_token())
        .answers(204, None),
    );
}
