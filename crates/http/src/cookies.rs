//! Browser sign-in: the tokens of a session in cookies that no script can read, and the proof that a call which
//! changes something comes from a page of ours.

use crate::problem::Problem;
use crate::state::State;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use firma_auth::proof::DEVICE_LIFE;
use firma_auth::token::{Claims, RefreshToken, csrf_matches, csrf_token};
use firma_domain::{Id, Instant};
use firma_services::Refusal;
use firma_services::identity::SignedIn;
use serde_json::json;

/// The header in which a page of ours sends the token that it was given at sign-in.
pub(crate) const CSRF: header::HeaderName = header::HeaderName::from_static("x-csrf-token");
/// The header in which a program sends what its device was given at sign-in; a browser has a cookie.
pub(crate) const DEVICE: header::HeaderName = header::HeaderName::from_static("x-device-token");
const REFRESH_PATH: &str = "/api/v1/auth";
const LOGOUT: &str = "/api/v1/auth/logout";

/// A browser that reaches us by plain http refuses the prefixes.
fn access_name(is_secure: bool) -> &'static str {
    if is_secure {
        "__Host-firma_access"
    } else {
        "firma_access"
    }
}
fn refresh_name(is_secure: bool) -> &'static str {
    if is_secure {
        "__Secure-firma_refresh"
    } else {
        "firma_refresh"
    }
}

fn device_name(is_secure: bool) -> &'static str {
    if is_secure {
        "__Secure-firma_device"
    } else {
        "firma_device"
    }
}

/// On every path: what begins a sign-in at a provider may be a page of any.
fn browser_name(is_secure: bool) -> &'static str {
    if is_secure {
        "__Host-firma_provider"
    } else {
        "firma_provider"
    }
}

/// What the browser was given when a sign-in at a provider began.
pub(crate) fn browser(request: &HttpRequest, state: &State) -> Option<String> {
    let cookie = request.cookie(browser_name(state.site.is_secure()))?;
    Some(cookie.value().to_owned())
}

/// Lets the browser show that it is the one that began.
pub(crate) fn browser_is(state: &State, what: &str, seconds: i64) -> Cookie<'static> {
    let is_secure = state.site.is_secure();
    cookie(
        is_secure,
        (browser_name(is_secure), what.to_owned(), "/"),
        seconds,
    )
}

/// What the device was given at its last sign-in.
pub(crate) fn device(request: &HttpRequest, state: &State) -> Option<String> {
    let cookie = request.cookie(device_name(state.site.is_secure()))?;
    Some(cookie.value().to_owned())
}

fn text(request: &HttpRequest, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// Whether the request says by itself who makes it; then its cookies are not looked at.
pub(crate) fn is_ignored(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::AUTHORIZATION)
}

/// Who calls, by cookie. Signing out is also possible when only the longer lived of the two is left.
pub(crate) fn claims(request: &HttpRequest, state: &State, now: Instant) -> Result<Claims, Problem> {
    let access = request.cookie(access_name(state.site.is_secure()));
    let access = access.and_then(|cookie| state.signer.access.read(cookie.value(), now));
    let leaving = || {
        let token = refresh_token(request, state).filter(|_| request.path() == LOGOUT)?;
        let token = RefreshToken::read(&token, &state.signer.keys.refresh)?;
        Some(Claims {
            user: token.user,
            session: token.session,
            issued: now.seconds(),
        })
    };
    let claims = access.or_else(leaving).ok_or(Refusal::Unauthenticated)?;
    if !request.method().is_safe() {
        guard(request, state, claims.session)?;
    }
    Ok(claims)
}

/// The refresh token that came as a cookie.
pub(crate) fn refresh_token(request: &HttpRequest, state: &State) -> Option<String> {
    let cookie = request.cookie(refresh_name(state.site.is_secure()))?;
    Some(cookie.value().to_owned())
}

/// Refuses what another site's page may have sent: it has another origin, and doesn't know the session's token.
pub(crate) fn guard(request: &HttpRequest, state: &State, session: Id) -> Result<(), Problem> {
    let origin = text(request, header::ORIGIN);
    if !origin.is_some_and(|origin| knows(request, state, origin)) {
        return Err(foreign("the Origin is none of ours"));
    }
    let token = text(request, CSRF).unwrap_or_default();
    match csrf_matches(token, session, &state.signer.keys.csrf) {
        true => Ok(()),
        false => Err(foreign("X-CSRF-Token is not the one of this session")),
    }
}

/// Refuses to sign a browser in for another site's page. A program that keeps cookies may send no origin.
pub(crate) fn guard_sign_in(request: &HttpRequest, state: &State) -> Result<(), Problem> {
    match request.headers().get(header::ORIGIN) {
        None => Ok(()),
        Some(origin) if origin.to_str().is_ok_and(|origin| knows(request, state, origin)) => Ok(()),
        Some(_) => Err(foreign("the Origin is none of ours")),
    }
}

fn knows(request: &HttpRequest, state: &State, origin: &str) -> bool {
    state
        .site
        .knows(origin, text(request, header::HOST).unwrap_or_default())
}

fn foreign(detail: &str) -> Problem {
    Problem::new("csrf", detail)
}

/// The answer to a sign-in or a refresh by cookie: no token in the body.
pub(crate) fn signed_in(state: &State, signed_in: SignedIn) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    let csrf_token = signing_in(&mut answer, state, &signed_in);
    answer.json(json!({
        "token_type": "Cookie", "expires_in": signed_in.expires_in, "user": signed_in.user,
        "csrf_token": csrf_token,
    }))
}

/// Sets the cookies of a session with an answer. Gives the token that the page has to know.
pub(crate) fn signing_in(answer: &mut HttpResponseBuilder, state: &State, signed_in: &SignedIn) -> String {
    let (is_secure, lifetimes) = (state.site.is_secure(), state.signer.lifetimes);
    let access = (access_name(is_secure), signed_in.access_token.clone(), "/");
    let refresh = (
        refresh_name(is_secure),
        signed_in.refresh_token.clone(),
        REFRESH_PATH,
    );
    let device = (
        device_name(is_secure),
        signed_in.device_token.clone(),
        REFRESH_PATH,
    );
    answer
        .cookie(cookie(is_secure, access, lifetimes.access))
        .cookie(cookie(is_secure, refresh, lifetimes.refresh));
    if let (name, Some(token), path) = device {
        answer.cookie(cookie(is_secure, (name, token, path), DEVICE_LIFE));
    }
    csrf_token(signed_in.session, &state.signer.keys.csrf)
}

/// Takes the cookies of a session away with an answer. The device stays known.
pub(crate) fn forget(state: &State, mut response: HttpResponse) -> HttpResponse {
    let is_secure = state.site.is_secure();
    for (name, path) in [
        (access_name(is_secure), "/"),
        (refresh_name(is_secure), REFRESH_PATH),
    ] {
        let gone = cookie(is_secure, (name, String::new(), path), 0);
        if let Err(error) = response.add_cookie(&gone) {
            log::error!("a cookie could not be written: {error}");
        }
    }
    response
}

fn cookie(
    is_secure: bool,
    (name, value, path): (&'static str, String, &'static str),
    seconds: i64,
) -> Cookie<'static> {
    Cookie::build(name, value)
        .path(path)
        .http_only(true)
        .secure(is_secure)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds))
        .finish()
}
