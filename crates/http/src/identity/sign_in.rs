//! Signing in, in one step or two, and giving the password again.

use super::Answered;
use crate::call::{Call, Open, Said};
use crate::cookies;
use crate::example::Example;
use crate::limits::Limited;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::schemas::{Schemas, instant, object, reference, string};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use firma_domain::input;
use firma_services::identity::{self, Credentials, Door, SecondStep, SignedIn, StepUp, Transport};
use firma_services::{Caller, Refusal};

async fn login(request: HttpRequest, Open(said): Open) -> Answered {
    let credentials: Credentials = input::raw(said.json()?).map_err(Refusal::from)?;
    let transport = credentials.transport;
    let limits = &said.state.limits;
    limits.count(&request, Limited::SignIn, Some(&credentials.email))?;
    let door = door(&request, &said, transport)?;
    let signed_in = identity::login(&door, credentials).await;
    if let Err(Refusal::WrongCredentials) = signed_in {
        said.state.metrics.sign_in_failures.inc();
    }
    answer(&said, transport, signed_in?)
}

async fn second_factor(request: HttpRequest, Open(said): Open) -> Answered {
    let step: SecondStep = input::raw(said.json()?).map_err(Refusal::from)?;
    let transport = step.transport;
    said.state.limits.count(&request, Limited::SignIn, None)?;
    let door = door(&request, &said, transport)?;
    answer(&said, transport, identity::second_factor(&door, step).await?)
}

fn door<'a>(request: &HttpRequest, said: &'a Said, transport: Transport) -> Result<Door<'a>, Problem> {
    if transport == Transport::Bearer {
        return Ok(said.door());
    }
    cookies::guard_sign_in(request, &said.state)?;
    Ok(Door {
        device: cookies::device(request, &said.state),
        replaces: cookies::refresh_token(request, &said.state),
        ..said.door()
    })
}

fn answer(said: &Said, transport: Transport, signed_in: SignedIn) -> Answered {
    Ok(match transport {
        Transport::Bearer => HttpResponse::Ok().json(signed_in),
        Transport::Cookie => cookies::signed_in(&said.state, signed_in),
    })
}

/// Who is signed in and wants to show anew who they are, by whatever it is: counted before anything is looked at.
pub(super) async fn stepping_up(call: &Call) -> Result<Caller, Problem> {
    let said = call.said();
    let caller = call.caller().await?;
    identity::may_step_up(&said.door(), caller).await?;
    let user = caller.user.to_string();
    said.state
        .limits
        .count(call.request(), Limited::SignIn, Some(&user))?;
    Ok(caller)
}

async fn step_up(call: Call) -> Answered {
    let said = call.said();
    let caller = stepping_up(&call).await?;
    let given: StepUp = input::raw(said.json()?).map_err(Refusal::from)?;
    let done = identity::step_up(&said.door(), caller, given).await?;
    Ok(HttpResponse::Ok().json(done))
}

fn bodies(schemas: &mut Schemas) {
    let text = |about| string(about).into();
    let transport = || {
        let words = string("How the tokens travel: in bodies, unless it is `cookie`");
        words.enum_values(Some(["bearer", "cookie"]))
    };
    let credentials = object(
        [
            ("email", text("The e-mail, or the username")),
            ("password", text("The password")),
            ("transport", transport().into()),
        ],
        &["transport"],
    );
    schemas.put("Credentials", credentials);
    let step = object(
        [
            (
                "challenge",
                text("Of the problem that the first step answered with"),
            ),
            ("code", text("Of the authenticator, or a recovery code")),
            ("transport", transport().into()),
        ],
        &["transport"],
    );
    schemas.put("SecondStep", step);
    let again = object(
        [
            ("password", text("The password")),
            (
                "code",
                text("Of the authenticator, or a recovery code; needed where there is a second factor"),
            ),
        ],
        &["code"],
    );
    schemas.put("StepUp", again);
    let done = object(
        [
            ("authenticated_at", instant("Now").into()),
            (
                "valid_until",
                instant("Until then the session may do what asks for it").into(),
            ),
        ],
        &[],
    );
    schemas.put("SteppedUp", done);
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    bodies(schemas);
    let post = |path: &str, id: &str, access, route| {
        Operation::new(Method::POST, path, id, "identity", access, route).limited()
    };
    to.push(
        post("/api/v1/auth/login", "login", Access::Public, || {
            web::post().to(login)
        })
        .text(
            "Signs in. With e-mail or username and password. With `\"transport\": \"cookie\"` the tokens are set as \
             cookies; the body has `csrf_token` instead of them, and `token_type` is `Cookie`. Who has a second \
             factor gets the problem `second_factor_required` with a `challenge` for the second step. \
             `device_token` goes into `X-Device-Token` at the next sign-in: a device that is known there gets in \
             while others guess.",
        )
        .body(reference("Credentials"))
        .example(Example::default().body(r#"{"email": "ceo@demo.example", "password": "$PASSWORD"}"#))
        .refuses(&["wrong_credentials", "second_factor_required", "csrf", "too_many_tries"])
        .answers(200, Some(reference("SignedIn"))),
    );
    to.push(
        post(
            "/api/v1/auth/login/second-factor",
            "login_second_factor",
            Access::Public,
            || web::post().to(second_factor),
        )
        .text("Ends a sign-in with a second factor. Within five minutes of its first step. A code is good once.")
        .body(reference("SecondStep"))
        .example(
            Example::default()
                .by_hand()
                .body(r#"{"challenge": "$CHALLENGE", "code": "$CODE"}"#),
        )
        .refuses(&["wrong_code", "csrf", "too_many_tries"])
        .answers(200, Some(reference("SignedIn"))),
    );
    to.push(
        post("/api/v1/auth/step-up", "step_up", Access::SignedIn, || {
            web::post().to(step_up)
        })
        .text(
            "Takes the password again. For ten minutes the session may do what answers `step_up_required` otherwise; \
             a new sign-in may, too.",
        )
        .body(reference("StepUp"))
        .example(Example::default().body(r#"{"password": "$PASSWORD"}"#))
        .refuses(&["wrong_credentials", "wrong_code", "too_many_tries"])
        .answers(200, Some(reference("SteppedUp"))),
    );
}
