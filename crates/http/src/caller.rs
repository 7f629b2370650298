//! Who calls, and from where: by an access token in `Authorization`, or else by cookie.

use crate::call::state;
use crate::cookies;
use crate::noted::Noted;
use crate::problem::Problem;
use crate::state::State;
use actix_web::http::header;
use actix_web::{HttpRequest, web};
use firma_services::{Caller, Origin, Refusal, Tx, identity};

/// What the token says; whether its session lives is seen with the call's first statement.
pub(crate) fn caller(request: &HttpRequest) -> Result<Caller, Problem> {
    let state = state(request)?;
    let now = state.database.sources.clock.now();
    let claims = match request.headers().get(header::AUTHORIZATION) {
        Some(value) => bearer(value)
            .and_then(|token| state.signer.access.read(token, now))
            .ok_or(Refusal::Unauthenticated)?,
        None => cookies::claims(request, &state, now)?,
    };
    if let Some(noted) = Noted::in_frame(request) {
        let _ = noted.user.set(claims.user);
    }
    let caller = Caller {
        user: claims.user,
        session: claims.session,
    };
    if state.used.is_due(caller.session, claims.issued, now) {
        note_used(&state, caller);
    }
    Ok(caller)
}

/// The token; spaces may stand before it, nothing behind it.
fn bearer(value: &header::HeaderValue) -> Option<&str> {
    let (kind, token) = value.to_str().ok()?.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start_matches(' '))
}

/// Beside the call, which neither waits for it nor fails with it.
fn note_used(state: &web::Data<State>, caller: Caller) {
    let state = state.clone();
    actix_web::rt::spawn(async move {
        let note = move |tx: &mut Tx<'_>| identity::note_used(tx, caller);
        if let Err(refusal) = state.database.write(Origin::default(), note).await {
            log::debug!("the use of a session was not noted: {refusal}");
        }
    });
}

/// Where a request comes from, for the audit log.
pub fn origin(request: &HttpRequest) -> Origin {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    Origin {
        ip: request.peer_addr().map(|peer| peer.ip().to_string()),
        user_agent: agent.map(|agent| agent.chars().take(255).collect()),
        request_id: Noted::in_frame(request).map(|noted| noted.request_id.clone()),
    }
}
