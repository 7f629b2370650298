//! Signing in and out, and the caller's own account.

use crate::call::{Call, Open};
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_domain::input;
use firma_services::identity::{self, Credentials};
use firma_services::{Refusal, Tx, organizations};
use serde::Deserialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};

type Answered = Result<HttpResponse, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshRequest {
    refresh_token: String,
}

async fn login(Open(said): Open) -> Answered {
    let credentials: Credentials = input::raw(said.json()?).map_err(Refusal::from)?;
    let state = &said.state;
    let origin = said.origin.clone();
    let signed_in = identity::login(&state.database, &state.hasher, &state.signer, origin, credentials).await;
    if let Err(Refusal::WrongCredentials) = signed_in {
        state.metrics.sign_in_failures.inc();
    }
    Ok(HttpResponse::Ok().json(signed_in?))
}

async fn refresh(Open(said): Open) -> Answered {
    let sent: RefreshRequest = input::raw(said.json()?).map_err(Refusal::from)?;
    let signer = said.state.signer.clone();
    let run = move |tx: &mut Tx<'_>| identity::refresh(tx, &signer, &sent.refresh_token);
    match said.state.database.write(said.origin.clone(), run).await? {
        Some(signed_in) => Ok(HttpResponse::Ok().json(signed_in)),
        None => Err(Problem::new("invalid_refresh_token", "sign in again")),
    }
}

async fn logout(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        identity::logout(tx, caller)?;
        Ok(render::empty())
    })
    .await
}

async fn me(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        said.no_query()?;
        render::plain(200, &identity::me(tx, caller)?)
    })
    .await
}

async fn accept(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        render::record(&organizations::accept(tx, caller, said.id()?)?)
    })
    .await
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    schemas.value::<firma_domain::identity::User>();
    schemas.put(
        "Credentials",
        ObjectBuilder::new()
            .property("email", text())
            .property("password", text())
            .required("email")
            .required("password"),
    );
    schemas.put(
        "RefreshRequest",
        ObjectBuilder::new()
            .property("refresh_token", text())
            .required("refresh_token"),
    );
    schemas.put(
        "SignedIn",
        ObjectBuilder::new()
            .property("access_token", text())
            .property("refresh_token", text())
            .property("token_type", text())
            .property("expires_in", ObjectBuilder::new().schema_type(Type::Integer))
            .property("user", reference("User")),
    );
    let post = |path: &str, id: &str, access, route| {
        Operation::new(Method::POST, path, id, "identity", access, route)
    };
    to.push(
        post("/api/v1/auth/login", "login", Access::Public, || {
            web::post().to(login)
        })
        .text("Signs in with e-mail or username and password.")
        .body(reference("Credentials"))
        .answers(200, Some(reference("SignedIn"))),
    );
    to.push(
        post("/api/v1/auth/refresh", "refresh", Access::Public, || {
            web::post().to(refresh)
        })
        .text("The next pair of tokens; the refresh token that was sent is used up.")
        .body(reference("RefreshRequest"))
        .answers(200, Some(reference("SignedIn"))),
    );
    to.push(
        post("/api/v1/auth/logout", "logout", Access::SignedIn, || {
            web::post().to(logout)
        })
        .text("Ends the session, at once.")
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
        .text("Who is signed in, and where they are a member."),
    );
    to.push(
        post(
            "/api/v1/me/memberships/{id}/accept",
            "accept_membership",
            Access::SignedIn,
            || web::post().to(accept),
        )
        .text("Takes up a membership; the id is the organization's.")
        .answers(200, Some(reference("Member"))),
    );
}
