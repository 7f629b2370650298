//! The caller's own account and profile.

use super::Answered;
use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::render;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::web;
use firma_domain::identity::{Profile, User};
use firma_services::identity;

async fn update_me(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        render::me(&identity::update_me(tx, caller, said.json()?, &said.if_match)?)
    })
    .await
}

async fn profile(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        said.no_query()?;
        render::unless_known(&identity::profile(tx, caller)?, said.if_none_match.as_deref())
    })
    .await
}

async fn update_profile(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        render::record(&identity::update_profile(
            tx,
            caller,
            said.json()?,
            &said.if_match,
        )?)
    })
    .await
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let operation = |method, path: &str, id: &str, route| {
        Operation::new(method, path, id, "identity", Access::SignedIn, route)
    };
    let change = schemas.patch::<User>();
    to.push(
        operation(Method::PATCH, "/api/v1/me", "update_me", || {
            web::patch().to(update_me)
        })
        .text("Changes the caller's names. The username signs in as the e-mail does, and is nobody else's.")
        .body(change)
        .example(Example::default().body(r#"{"given_name": "Kim", "family_name": "Winter", "name": ""}"#))
        .refuses(&["not_unique"])
        .answers(200, Some(reference("Me"))),
    );
    let name = schemas.record::<Profile>();
    to.push(
        operation(Method::GET, "/api/v1/me/profile", "get_profile", || {
            web::get().to(profile)
        })
        .text("Shows the caller's profile. Empty until something is said.")
        .answers(200, Some(reference(&name))),
    );
    let change = schemas.patch::<Profile>();
    to.push(
        operation(Method::PATCH, "/api/v1/me/profile", "update_profile", || {
            web::patch().to(update_profile)
        })
        .text("Changes the caller's profile. Of metadata the keys that are named; null takes one away.")
        .body(change)
        .example(
            Example::default().body(r#"{"title": "Carpenter", "locale": "de", "timezone": "Europe/Berlin"}"#),
        )
        .answers(200, Some(reference(&name))),
    );
}
