//! Signing in and out, and the caller's own account.

mod account;
mod archive;
mod factor;
mod image;
mod linked;
mod profile;
mod provided;
mod providers;
mod sessions;
mod sign_in;

use crate::call::{Call, Open, Said};
use crate::cookies;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::schemas::{Schemas, id, integer, maybe_instant, object, reference, string};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use firma_domain::identity::User;
use firma_domain::input;
use firma_domain::organizations::Member;
use firma_services::identity::{self, SignedIn};
use firma_services::{Refusal, Tx, organizations};
use serde::Deserialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

type Answered = Result<HttpResponse, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshRequest {
    refresh_token: String,
}

async fn refresh(request: HttpRequest, Open(said): Open) -> Answered {
    let cookie = match said.has_body() || cookies::is_ignored(&request) {
        true => None,
        false => cookies::refresh_token(&request, &said.state),
    };
    if let Some(token) = cookie {
        said.no_query()?;
        let session = said.state.signer.session_of(&token).ok_or_else(refused)?;
        cookies::guard(&request, &said.state, session)?;
        return Ok(cookies::signed_in(&said.state, next(&said, token).await?));
    }
    let sent: RefreshRequest = input::raw(said.json()?).map_err(Refusal::from)?;
    Ok(HttpResponse::Ok().json(next(&said, sent.refresh_token).await?))
}

async fn next(said: &Said, token: String) -> Result<SignedIn, Problem> {
    let signer = said.state.signer.clone();
    let run = move |tx: &mut Tx<'_>| identity::refresh(tx, &signer, &token);
    let signed_in = said.state.database.write(said.origin.clone(), run).await?;
    signed_in.ok_or_else(refused)
}

fn refused() -> Problem {
    Problem::new("invalid_refresh_token", "sign in again")
}

async fn logout(call: Call) -> Answered {
    let by_cookie = call.by_cookie();
    let answer = call.write_alone(|tx, caller, said| {
        said.no_query()?;
        identity::logout(tx, caller)?;
        Ok(render::empty())
    });
    let answer = answer.await?;
    Ok(match by_cookie {
        Some(state) => cookies::forget(&state, answer),
        None => answer,
    })
}

async fn me(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        said.no_query()?;
        render::me(&identity::me(tx, caller)?)
    })
    .await
}

async fn accept(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        render::record(&organizations::accept(tx, caller, said.id()?, &said.if_match)?)
    })
    .await
}

/// The schemas of signing in and of the account.
fn account(schemas: &mut Schemas) {
    let user = schemas.record::<User>();
    let text = |about| string(about).into();
    let token = [("refresh_token", text("The one of the last pair"))];
    schemas.put("RefreshRequest", object(token, &[]));
    let signed_in = object(
        [
            ("access_token", text("For `Authorization: Bearer`")),
            ("refresh_token", text("For the next pair; used up by that")),
            ("token_type", text("`Bearer`")),
            (
                "expires_in",
                integer("Seconds that the access token lives").into(),
            ),
            (
                "device_token",
                text("For `X-Device-Token` at the next sign-in; only a sign-in gives it"),
            ),
            ("user", reference(&user)),
        ],
        &["device_token"],
    );
    schemas.put("SignedIn", signed_in);
    let flag = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("An inactive member may do nothing"));
    let joined = maybe_instant("When it was accepted; none before");
    let membership = object(
        [
            ("organization_id", id("The organization").into()),
            ("name", text("Its name")),
            ("slug", text("Its name in addresses")),
            ("status", text("`active`, `suspended` or `archived`")),
            ("is_active", flag.into()),
            ("joined_at", joined.into()),
        ],
        &[],
    );
    schemas.put("Membership", membership);
    let memberships = ArrayBuilder::new().items(reference("Membership"));
    let me = object(
        [("user", reference(&user)), ("memberships", memberships.into())],
        &[],
    );
    schemas.put("Me", me);
}

const SIGN_IN: &str = r#"$(curl -sS "$FIRMA_URL/api/v1/auth/login" \
  --json '{"email": "ceo@demo.example", "password": "'"$PASSWORD"'"}' | jq -r "#;

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    account(schemas);
    let post = |path: &str, id: &str, access, route| {
        Operation::new(Method::POST, path, id, "identity", access, route)
    };
    sign_in::operations(to, schemas);
    to.push(
        post("/api/v1/auth/refresh", "refresh", Access::Public, || {
            web::post().to(refresh)
        })
        .text(
            "Gives the next pair of tokens. The refresh token that was sent is used up. Without a body the one in the \
             cookie is taken, and the next ones are set as cookies.",
        )
        .body_or_cookie(reference("RefreshRequest"))
        .example(
            Example::default()
                .after(format!("REFRESH_TOKEN={SIGN_IN}.refresh_token)"))
                .body(r#"{"refresh_token": "$REFRESH_TOKEN"}"#),
        )
        .refuses(&["invalid_refresh_token", "csrf"])
        .answers(200, Some(reference("SignedIn"))),
    );
    to.push(
        post("/api/v1/auth/logout", "logout", Access::SignedIn, || {
            web::post().to(logout)
        })
        .text("Ends the session. At once.")
        .example(
            Example::default()
                .after(format!("OTHER_TOKEN={SIGN_IN}.access_token)"))
                .token("$OTHER_TOKEN"),
        )
        .answers(204, None),
    );
    to.push(
        Operation::new(
            Method::GET,
            "/api/v1/me",
            "get_me",
            "identity",
            Access::SignedIn,
            || web::get().to(me),
        )
        .text("Says who is signed in. And where they are a member.")
        .answers(200, Some(reference("Me"))),
    );
    account::operations(to, schemas);
    factor::operations(to, schemas);
    provided::operations(to, schemas);
    sessions::operations(to, schemas);
    profile::operations(to, schemas);
    image::operations(to);
    archive::operations(to, schemas);
    let member = schemas.record::<Member>();
    to.push(
        post(
            "/api/v1/me/memberships/{id}/accept",
            "accept_membership",
            Access::SignedIn,
            || web::post().to(accept),
        )
        .text("Takes up a membership. The id is the organization's.")
        .example(
            Example::default()
                .after(
                    "ORGANIZATION_ID=$(curl -sS \"$ORG\" \\\n  -H \"Authorization: Bearer $TOKEN\" | jq -r .id)",
                )
                .id("$ORGANIZATION_ID"),
        )
        .versioned()
        .refuses(&["organization_suspended"])
        .answers(200, Some(reference(&member))),
    );
}
