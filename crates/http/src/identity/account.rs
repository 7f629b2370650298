//! Getting an account, its password and its e-mail, and deleting it.

use super::Answered;
use crate::call::{Call, Open, Said};
use crate::cookies;
use crate::example::Example;
use crate::limits::Limited;
use crate::operation::{Access, Operation};
use crate::render;
use crate::schemas::{Schemas, object, reference, string};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use firma_domain::{Email, input};
use firma_services::identity::{self, ChangeEmail, ChangePassword, ResetPassword};
use firma_services::{Refusal, Tx};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfEmail {
    email: Email,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfToken {
    token: String,
}

async fn register(request: HttpRequest, Open(said): Open) -> Answered {
    let body = said.json()?;
    let email = body.get("email").and_then(Value::as_str);
    said.state.limits.count(&request, Limited::Register, email)?;
    identity::register(&said.door(), body, said.state.signup).await?;
    Ok(HttpResponse::Accepted().finish())
}

async fn forgot(request: HttpRequest, Open(said): Open) -> Answered {
    let sent: OfEmail = input::raw(said.json()?).map_err(Refusal::from)?;
    let limits = &said.state.limits;
    limits.count(&request, Limited::Reset, Some(sent.email.as_str()))?;
    let (language, ip) = (said.language.clone(), said.origin.ip.clone());
    let ask =
        move |tx: &mut Tx<'_>| identity::forgot_password(tx, sent.email.clone(), &language, ip.as_deref());
    said.state.database.write(said.origin.clone(), ask).await?;
    Ok(HttpResponse::Accepted().finish())
}

async fn reset(request: HttpRequest, Open(said): Open) -> Answered {
    let sent: ResetPassword = input::raw(said.json()?).map_err(Refusal::from)?;
    said.state.limits.count(&request, Limited::Reset, None)?;
    identity::reset_password(&said.door(), sent).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn verify(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::Reset, None)?;
    by_token(&said, identity::verify_email).await
}

async fn confirm_email(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::Reset, None)?;
    by_token(&said, identity::confirm_email).await
}

/// What is told once what was done, or refused, is stored.
type Told = Result<(), Refusal>;

/// What is refused is written down, too: the inner error is told after the commit.
async fn by_token(said: &Said, run: fn(&mut Tx<'_>, &str) -> Result<Told, Refusal>) -> Answered {
    let sent: OfToken = input::raw(said.json()?).map_err(Refusal::from)?;
    let database = &said.state.database;
    let done = database.write(said.origin.clone(), move |tx: &mut Tx<'_>| run(tx, &sent.token));
    done.await??;
    Ok(HttpResponse::NoContent().finish())
}

async fn change_password(call: Call) -> Answered {
    let said = call.said();
    identity::may_change_password(&said.door(), call.caller().await?).await?;
    let sent: ChangePassword = input::raw(said.json()?).map_err(Refusal::from)?;
    identity::change_password(&said.door(), call.caller().await?, sent).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn change_email(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        caller.step_up(tx)?;
        let sent: ChangeEmail = input::raw(said.json()?)?;
        let ip = said.origin.ip.as_deref();
        identity::ask_to_change_email(tx, caller, sent, &said.language, ip)?;
        Ok(render::waits())
    })
    .await
}

async fn delete_me(call: Call) -> Answered {
    let by_cookie = call.by_cookie();
    let answer = call.write_alone(|tx, caller, said| {
        said.no_query()?;
        identity::delete_me(tx, caller, &said.language, &said.if_match)?;
        Ok(render::empty())
    });
    let answer = answer.await?;
    Ok(match by_cookie {
        Some(state) => cookies::forget(&state, answer),
        None => answer,
    })
}

fn bodies(schemas: &mut Schemas) {
    let text = |about: &str| string(about).into();
    let password = "15 characters at least, 8 beside a second factor; none that everybody tries first";
    let registration = object(
        [
            ("email", text("To be proved by mail")),
            ("password", text(password)),
            ("name", text("The name that is shown")),
        ],
        &[],
    );
    schemas.put("Registration", registration);
    schemas.put("OfEmail", object([("email", text("The e-mail"))], &[]));
    schemas.put("OfToken", object([("token", text("Of the mail"))], &[]));
    let reset = [("token", text("Of the mail")), ("password", text(password))];
    schemas.put("ResetPassword", object(reset, &[]));
    let change = [
        ("password", text(password)),
        ("current_password", text("The one of now, where there is one")),
    ];
    schemas.put("ChangePassword", object(change, &["current_password"]));
    schemas.put("ChangeEmail", object([("email", text("The e-mail to be"))], &[]));
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    bodies(schemas);
    let post = |path: &str, id: &str, access, route| {
        let path = format!("/api/v1/auth/{path}");
        Operation::new(Method::POST, &path, id, "identity", access, route)
    };
    to.push(
        post("register", "register", Access::Public, || web::post().to(register))
            .limited()
            .text(
                "Asks for an account. It is made when the e-mail is proved with the token that is mailed. The answer is \
                 the same for an address that has an account; who has it is told by mail.",
            )
            .body(reference("Registration"))
            .example(Example::default().body(
                r#"{"email": "kim-$RANDOM@demo.example", "name": "Kim Winter", "password": "grey herons wade slowly"}"#,
            ))
            .refuses(&["signup_closed"])
            .answers(202, None),
    );
    to.push(
        post("verify-email", "verify_email", Access::Public, || {
            web::post().to(verify)
        })
        .limited()
        .text("Makes the account. With the token of the mail, within 24 hours, once.")
        .body(reference("OfToken"))
        .example(Example::default().by_hand().body(r#"{"token": "$MAILED_TOKEN"}"#))
        .answers(204, None),
    );
    to.push(
        post("forgot-password", "forgot_password", Access::Public, || web::post().to(forgot))
            .limited()
            .text(
                "Has a token mailed for a new password. The answer is the same for an address that has no account.",
            )
            .body(reference("OfEmail"))
            .example(Example::default().body(r#"{"email": "designer@demo.example"}"#))
            .answers(202, None),
    );
    to.push(
        post("reset-password", "reset_password", Access::Public, || {
            web::post().to(reset)
        })
        .limited()
        .text("Sets a new password. With the token of the mail, within an hour, once. Ends all sessions.")
        .body(reference("ResetPassword"))
        .example(
            Example::default()
                .by_hand()
                .body(r#"{"token": "$MAILED_TOKEN", "password": "grey herons wade slowly"}"#),
        )
        .answers(204, None),
    );
    to.push(
        post("change-password", "change_password", Access::SignedIn, || {
            web::post().to(change_password)
        })
        .text(
            "Changes the password. Ends the other sessions. Needs the current one, where there is one, beside a sign-in \
             or a step-up of the last ten minutes.",
        )
        .body(reference("ChangePassword"))
        .example(
            Example::default()
                .after(super::sessions::OTHER)
                .token("$OTHER_TOKEN")
                .body(r#"{"password": "$EMPLOYEE_PASSWORD", "current_password": "$EMPLOYEE_PASSWORD"}"#),
        )
        .refuses(&["step_up_required", "wrong_credentials", "too_many_tries"])
        .answers(204, None),
    );
    to.push(
        post("change-email", "change_email", Access::SignedIn, || {
            web::post().to(change_email)
        })
        .text(
            "Asks for another e-mail. The old address is told, the new one gets a token to confirm. Of several \
             changes the last one counts. Needs a sign-in or a step-up of the last ten minutes.",
        )
        .body(reference("ChangeEmail"))
        .example(Example::default().body(r#"{"email": "chief-$RANDOM@demo.example"}"#))
        .refuses(&["step_up_required"])
        .answers(202, None),
    );
    to.push(
        post("confirm-email", "confirm_email", Access::Public, || {
            web::post().to(confirm_email)
        })
        .limited()
        .text("Changes the e-mail. With the token of the mail, within an hour, once.")
        .body(reference("OfToken"))
        .example(Example::default().by_hand().body(r#"{"token": "$MAILED_TOKEN"}"#))
        .refuses(&["not_unique"])
        .answers(204, None),
    );
    let delete = Operation::new(
        Method::DELETE,
        "/api/v1/me",
        "delete_me",
        "identity",
        Access::SignedIn,
        || web::delete().to(delete_me),
    );
    to.push(
        delete
            .text(
                "Deletes the account. What the user made in organizations stays, under a pseudonym. Refused to the \
                 owner of an organization. Needs a sign-in or a step-up of the last ten minutes.",
            )
            .example(Example::default().after(STRANGER).token("$OTHER_TOKEN"))
            .refuses(&["step_up_required", "last_owner"])
            .answers(204, None),
    );
}

/// Signs in who is deleted: nobody whom the examples that follow need.
const STRANGER: &str = r#"OTHER_TOKEN=$(curl -sS "$FIRMA_URL/api/v1/auth/login" \
  --json '{"email": "stakeholder@demo.example", "password": "'"$STAKEHOLDER_PASSWORD"'"}' | jq -r .access_token)"#;
