//! Who calls, and from where: by an access token or an API key in `Authorization`, or else by cookie.

use crate::address;
use crate::call::{Said, state};
use crate::cookies;
use crate::noted::{Noted, beside};
use crate::problem::Problem;
use crate::state::State;
use actix_web::http::header;
use actix_web::{HttpRequest, web};
use firma_auth::api_key::ApiKeyToken;
use firma_domain::Id;
use firma_services::access::{KeyCaller, RefusedKey, note_key_refused, note_key_used};
use firma_services::{Caller, Origin, Refusal, Tx, identity};
use std::sync::Arc;

/// Who calls, as the request says.
#[derive(Clone)]
pub(crate) enum Signed {
    /// A person who is signed in
    Person(Caller),
    /// A program, in the place of the member who made its key
    Key(Arc<KeyCaller>),
}

impl Signed {
    /// The person.
    pub(crate) fn user(&self) -> Option<Id> {
        match self {
            Signed::Person(caller) => Some(caller.user),
            Signed::Key(_) => None,
        }
    }
}

/// What the token says; whether its session or its key lives is seen with the call's first statement.
pub(crate) fn signed(request: &HttpRequest) -> Result<Signed, Problem> {
    let state = state(request)?;
    let now = state.database.sources.clock.now();
    let claims = match request.headers().get(header::AUTHORIZATION) {
        Some(value) => {
            let token = bearer(value).ok_or(Refusal::Unauthenticated)?;
            if ApiKeyToken::is_one(token) {
                let token = ApiKeyToken::read(token).ok_or(Refusal::Unauthenticated)?;
                let address = address::client(request);
                return Ok(Signed::Key(Arc::new(KeyCaller { token, address })));
            }
            state
                .signer
                .access
                .read(token, now)
                .ok_or(Refusal::Unauthenticated)?
        }
        None => cookies::claims(request, &state, now)?,
    };
    if let Some(noted) = Noted::in_frame(request) {
        noted.user.say(Some(claims.user));
    }
    let caller = Caller {
        user: claims.user,
        session: claims.session,
    };
    if state.used.is_due(caller.session, claims.issued, now) {
        note_used(&state, caller);
    }
    Ok(Signed::Person(caller))
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
    beside(async move {
        let note = move |tx: &mut Tx<'_>| identity::note_used(tx, caller);
        if let Err(refusal) = state.database.write(Origin::default(), note).await {
            log::debug!("the use of a session was not noted: {refusal}");
        }
    });
}

/// Writes down the use of a key, or that it was refused; the same again only after a minute.
pub(crate) async fn note_key(said: &Said, refused: Option<&RefusedKey>) {
    let (state, place) = (&said.state, said.place.clone());
    let key = match refused {
        Some(refused) => refused.key.clone(),
        None => match said.by_key.get() {
            Some(key) => key,
            None => return,
        },
    };
    let what = refused.map_or("used", |refused| refused.why.as_str());
    if refused.is_some() {
        state.metrics.api_key_refusals.inc();
    }
    let now = state.database.sources.clock.now();
    if !state.used.is_key_due(key.id, what, place.as_deref(), now) {
        return;
    }
    let (state, origin) = (state.clone(), said.origin.clone());
    let Some(refused) = refused.cloned() else {
        // Beside the call, as with a session.
        beside(async move {
            let note = move |tx: &mut Tx<'_>| note_key_used(tx, &key, place.as_deref());
            if let Err(refusal) = state.database.write(origin, note).await {
                log::debug!("the use of an API key was not noted: {refusal}");
            }
        });
        return;
    };
    let note = move |tx: &mut Tx<'_>| note_key_refused(tx, &refused);
    if let Err(refusal) = state.database.write(origin, note).await {
        log::warn!("that an API key was refused was not written down: {refusal}");
    }
}

/// Where a request comes from, for the audit log.
pub fn origin(request: &HttpRequest) -> Origin {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    Origin {
        ip: address::client(request).map(|address| address.to_string()),
        user_agent: agent.map(|agent| agent.chars().take(255).collect()),
        country: address::country(request),
        request_id: Noted::in_frame(request).map(|noted| noted.request_id().to_owned()),
    }
}
