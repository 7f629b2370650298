//! Where the caller is signed in, and what concerned the caller's safety.

use super::{Answered, SIGN_IN};
use crate::call::Call;
use crate::cookies;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::render;
use crate::resource::page_parameters;
use crate::schemas::{Schemas, id, instant, maybe_text, object};
use actix_web::http::Method;
use actix_web::web;
use firma_domain::identity::SecurityEvent;
use firma_services::identity;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// Signs somebody else in: who signs out everywhere has no token left for the examples that follow.
pub(super) const OTHER: &str = r#"OTHER_TOKEN=$(curl -sS "$FIRMA_URL/api/v1/auth/login" \
  --json '{"email": "employee@demo.example", "password": "'"$EMPLOYEE_PASSWORD"'"}' | jq -r .access_token)"#;

async fn list(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        let key = &said.state.signer.keys.cursor;
        render::page(identity::sessions(tx, caller, said.query()?, key)?)
    })
    .await
}

async fn revoke(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        identity::revoke(tx, caller, said.id()?, &said.if_match)?;
        Ok(render::empty())
    })
    .await
}

async fn logout_all(call: Call) -> Answered {
    let by_cookie = call.by_cookie();
    let answer = call.write_alone(|tx, caller, said| {
        said.no_query()?;
        identity::logout_all(tx, caller)?;
        Ok(render::empty())
    });
    let answer = answer.await?;
    Ok(match by_cookie {
        Some(state) => cookies::forget(&state, answer),
        None => answer,
    })
}

async fn security_events(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        let key = &said.state.signer.keys.cursor;
        render::page(identity::security_events(tx, caller, said.query()?, key)?)
    })
    .await
}

fn session(schemas: &mut Schemas) -> RefOr<Schema> {
    let current = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether it is the one of this call"));
    let session = object(
        [
            ("id", id("The session").into()),
            (
                "device",
                maybe_text("What the user agent calls itself, in short").into(),
            ),
            ("user_agent", maybe_text("The user agent of the sign-in").into()),
            ("ip", maybe_text("The address of the sign-in").into()),
            ("created_at", instant("The sign-in").into()),
            ("last_used_at", instant("The last use, to the minute").into()),
            (
                "expires_at",
                instant("Until when it lives without being refreshed").into(),
            ),
            ("is_current", current.into()),
        ],
        &[],
    );
    schemas.put("Session", session);
    schemas.page("Session")
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let operation = |method, path: &str, id: &str, route| {
        Operation::new(method, path, id, "identity", Access::SignedIn, route)
    };
    let sessions = session(schemas);
    to.push(
        operation(Method::GET, "/api/v1/me/sessions", "list_sessions", || {
            web::get().to(list)
        })
        .text("Lists the sessions that live. The newest first, and in no other order.")
        .parameters(page_parameters(vec![]))
        .answers(200, Some(sessions)),
    );
    let other = format!("OTHER_TOKEN={SIGN_IN}.access_token)");
    let newest = "SESSION_ID=$(curl -sS \"$FIRMA_URL/api/v1/me/sessions?limit=1\" \\\n  \
                  -H \"Authorization: Bearer $TOKEN\" | jq -r '.data[0].id')";
    to.push(
        operation(
            Method::DELETE,
            "/api/v1/me/sessions/{id}",
            "revoke_session",
            || web::delete().to(revoke),
        )
        .text(
            "Ends one session. From the next call on, also for an access token that would be good still. Another one \
             than that of the call needs a sign-in or a step-up of the last ten minutes.",
        )
        .example(Example::default().after(&other).after(newest).id("$SESSION_ID"))
        .refuses(&["step_up_required"])
        .answers(204, None),
    );
    to.push(
        operation(Method::POST, "/api/v1/auth/logout-all", "logout_all", || {
            web::post().to(logout_all)
        })
        .text("Ends all sessions. The one of this call too. Needs a sign-in or a step-up of the last ten minutes.")
        .example(Example::default().after(OTHER).token("$OTHER_TOKEN"))
        .refuses(&["step_up_required"])
        .answers(204, None),
    );
    let events = schemas.named::<SecurityEvent>();
    let events = schemas.page(&events);
    to.push(
        operation(
            Method::GET,
            "/api/v1/me/security-events",
            "list_security_events",
            || web::get().to(security_events),
        )
        .text("Lists what concerned the caller's safety. The newest first: a log has no other order.")
        .parameters(page_parameters(vec![]))
        .answers(200, Some(events)),
    );
}
