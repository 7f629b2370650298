//! The caller's second factor.

use super::Answered;
use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::render;
use crate::schemas::{Schemas, integer, maybe_instant, object, reference, string};
use actix_web::http::Method;
use actix_web::web;
use firma_domain::input;
use firma_services::identity;
use serde::Deserialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
}

async fn state(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        said.no_query()?;
        render::plain(200, &identity::factor(tx, caller)?)
    })
    .await
}

async fn enrol(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        render::secret(
            200,
            &identity::enrol(tx, caller, &said.state.signer, &said.if_match)?,
        )
    })
    .await
}

async fn confirm(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        caller.step_up(tx)?;
        let sent: Code = input::raw(said.json()?)?;
        render::secret(
            200,
            &identity::confirm(tx, caller, &said.state.signer, &sent.code, &said.if_match)?,
        )
    })
    .await
}

async fn renew(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        render::secret(
            200,
            &identity::renew_codes(tx, caller, &said.state.signer, &said.if_match)?,
        )
    })
    .await
}

async fn remove(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        identity::remove(tx, caller, &said.if_match)?;
        Ok(render::empty())
    })
    .await
}

fn values(schemas: &mut Schemas) {
    let text = |about: &str| string(about).into();
    let is_on = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether a sign-in asks for it"));
    let since = maybe_instant("Since when; none where it isn't on");
    let state = object(
        [
            ("is_on", is_on.into()),
            ("confirmed_at", since.into()),
            ("recovery_codes_left", integer("How many weren't used").into()),
        ],
        &[],
    );
    schemas.put("SecondFactor", state);
    let enrolment = object(
        [
            ("secret", text("Base32, to be typed into an authenticator")),
            ("uri", text("The same as `otpauth://…`, to be shown as a QR code")),
        ],
        &[],
    );
    schemas.put("Enrolment", enrolment);
    schemas.put(
        "Code",
        object([("code", text("Of the authenticator, six digits"))], &[]),
    );
    let codes = ArrayBuilder::new().items(string("Good once, in the place of a code"));
    schemas.put(
        "NewRecoveryCodes",
        object([("recovery_codes", codes.into())], &[]),
    );
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    values(schemas);
    let operation = |method, below: &str, id: &str, route| {
        let path = format!("/api/v1/me/second-factor{below}");
        Operation::new(method, &path, id, "identity", Access::SignedIn, route)
    };
    to.push(
        operation(Method::GET, "", "get_second_factor", || web::get().to(state))
            .text("Says whether the caller has a second factor.")
            .answers(200, Some(reference("SecondFactor"))),
    );
    to.push(
        operation(Method::POST, "", "enrol_second_factor", || web::post().to(enrol))
            .text(
                "Begins to set up a second factor. Time-based codes (RFC 6238: SHA-1, 6 digits, 30 seconds). Sign-in \
                 asks for it once it is confirmed. Needs a sign-in or a step-up of the last ten minutes, as all that \
                 changes the second factor.",
            )
            .refuses(&["step_up_required", "second_factor_on", "secret_already_shown"])
            .answers(200, Some(reference("Enrolment"))),
    );
    to.push(
        operation(Method::POST, "/confirm", "confirm_second_factor", || {
            web::post().to(confirm)
        })
        .text("Turns the second factor on. With a code of it. Shows ten recovery codes, once.")
        .body(reference("Code"))
        .example(Example::default().by_hand().body(r#"{"code": "$CODE"}"#))
        .refuses(&[
            "step_up_required",
            "second_factor_on",
            "secret_already_shown",
            "not_found",
        ])
        .answers(200, Some(reference("NewRecoveryCodes"))),
    );
    to.push(
        operation(Method::POST, "/recovery-codes", "renew_recovery_codes", || {
            web::post().to(renew)
        })
        .text("Makes new recovery codes. The old ones are void.")
        .example(Example::default().by_hand())
        .refuses(&["step_up_required", "secret_already_shown", "not_found"])
        .answers(200, Some(reference("NewRecoveryCodes"))),
    );
    to.push(
        operation(Method::DELETE, "", "delete_second_factor", || {
            web::delete().to(remove)
        })
        .text("Gives the second factor up. Refused while the password is too short to stand alone.")
        .example(Example::default().by_hand())
        .refuses(&["step_up_required", "password_too_short", "not_found"])
        .answers(204, None),
    );
}
