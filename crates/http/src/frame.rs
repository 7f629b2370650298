//! Around every request: its id, the security headers, the log line, and a problem for whatever fails.

use crate::problem::Problem;
use crate::state::State;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};
use firma_domain::Id;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

#[derive(Clone)]
struct RequestId(String);

/// Whom a call was made by, and where: for the log.
#[derive(Clone, Copy)]
pub(crate) struct LoggedUser(pub Id);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

pub(crate) fn request_id(request: &HttpRequest) -> String {
    request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

pub(crate) async fn frame<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let id = take_or_make(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    // The request is not cloned before it is routed: routing needs it for itself.
    let caught = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let Ok(answered) = caught else {
        return Err(internal().noted(&id).into());
    };
    let response = answered?;
    let mut response = match response
        .response()
        .error()
        .map(|error| problem(error, response.request()))
    {
        Some(mut answer) => {
            // What other sites are told stands on the answer that is replaced.
            let told = response.headers().iter();
            let told = told
                .filter(|(name, _)| name.as_str().starts_with("access-control-") || **name == header::VARY);
            told.for_each(|(name, value)| answer.headers_mut().append(name.clone(), value.clone()));
            ServiceResponse::new(response.request().clone(), answer)
        }
        None => response.map_into_boxed_body(),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    for (name, value) in HEADERS {
        if !response.headers().contains_key(&name) {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
    }
    log_line(&response, &id, begun);
    Ok(response)
}

/// An error as a problem: ours as it is, the framework's by its status.
fn problem(error: &Error, request: &HttpRequest) -> HttpResponse {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.answer(request);
    }
    let problem = match error.as_response_error().status_code().as_u16() {
        413 => Problem::new("body_too_large", "the body is too large"),
        400..=499 => Problem::new("malformed_query", "the request can't be read"),
        _ => {
            log::error!("{error}");
            internal()
        }
    };
    problem.answer(request)
}

fn internal() -> Problem {
    Problem::new("internal", "it was noted, with the request_id")
}

/// The caller's own id, if it is a plain one; else a new one.
fn take_or_make(request: &ServiceRequest) -> String {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let plain = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    match (given.filter(plain), request.app_data::<web::Data<State>>()) {
        (Some(id), _) => id.to_owned(),
        (None, Some(state)) => {
            let sources = &state.database.sources;
            sources.ids.next(sources.clock.now()).to_string()
        }
        (None, None) => String::new(),
    }
}

/// Never a body, a token, an e-mail or a query's value.
fn log_line(response: &ServiceResponse<BoxBody>, id: &str, begun: Instant) {
    if !log::log_enabled!(log::Level::Info) {
        return;
    }
    let request = response.request();
    let user = request
        .extensions()
        .get::<LoggedUser>()
        .map(|user| user.0.to_string())
        .unwrap_or_default();
    let route = request.match_pattern().unwrap_or_else(|| "-".into());
    let status = response.status().as_u16();
    let ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let organization = request.match_info().get("organization").unwrap_or("");
    log::info!(
        request_id = id, method = request.method().as_str(), route = route.as_str(), status = status,
        ms = format!("{ms:.2}").as_str(), user_id = user.as_str(), organization = organization;
        "request"
    );
}
