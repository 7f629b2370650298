//! Around every request: its id, the security headers, the log line, and a problem for whatever fails.

use crate::limits;
use crate::noted::{Noted, REQUEST_ID};
use crate::problem::Problem;
use crate::state::State;
use actix_cors::CorsError;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpResponse};
use firma_services::{Panicked, caught};
use futures_util::FutureExt;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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

pub(crate) async fn frame<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let noted = Noted::of(&request);
    noted.about.clone().around(framed(noted, request, next)).await
}

async fn framed<B: MessageBody + 'static>(
    noted: Arc<Noted>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // HEAD is answered as GET, but for the body.
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    // The request is not cloned before it is routed: routing needs it for itself.
    let work = AssertUnwindSafe(next.call(request)).catch_unwind();
    let ended = match noted.trace() {
        None => work.await,
        Some(trace) => trace.around(work).await,
    };
    let answered = match ended {
        Ok(answered) => answered,
        Err(payload) => return Err(panicked(&noted, &caught(&*payload))),
    };
    let response = answered?;
    let mut response = match response.response().error().map(|error| problem(error, &noted)) {
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
    let request = response.request().clone();
    limits::tell(&request, response.headers_mut());
    if request
        .app_data::<Data<State>>()
        .is_some_and(|state| state.draining.has_begun())
    {
        // Whoever keeps the connection for another request would lose that.
        response
            .response_mut()
            .head_mut()
            .set_connection_type(ConnectionType::Close);
    }
    let status = response.status().as_u16();
    close(response.headers_mut(), status, &noted);
    match is_head {
        true => Ok(response.map_body(|_, body| BoxBody::new(Unsent(body.size())))),
        false => Ok(response),
    }
}

/// A body of which only the length is told, so that nobody reads a file for it.
struct Unsent(BodySize);

impl MessageBody for Unsent {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}

/// A request that went down with its handler: the whole answer travels as an error, which the server sends as it is.
fn panicked(noted: &Noted, panicked: &Panicked) -> Error {
    noted.broke(&panicked.message, Some(panicked));
    let mut answer = internal().answer(noted);
    let status = answer.status().as_u16();
    log::error!("a handler panicked");
    close(answer.headers_mut(), status, noted);
    InternalError::from_response("a handler panicked", answer).into()
}

/// What every answer has, whatever became of the request.
fn close(headers: &mut HeaderMap, status: u16, noted: &Noted) {
    if let Ok(value) = HeaderValue::from_str(noted.request_id()) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    noted.answered(status);
}

/// An error as a problem: ours as it is, the framework's by its status.
fn problem(error: &Error, noted: &Noted) -> HttpResponse {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.answer(noted);
    }
    if error.as_error::<CorsError>().is_some() {
        let detail = "its origin, its method or a header isn't one that pages of other sites may call with";
        return Problem::new("csrf", detail).answer(noted);
    }
    let problem = match error.as_response_error().status_code().as_u16() {
        413 => Problem::new("body_too_large", "the body is too large"),
        400..=499 => Problem::new("malformed_query", "the request can't be read"),
        _ => {
            log::error!("{error}");
            noted.broke(&error.to_string(), None);
            internal()
        }
    };
    problem.answer(noted)
}

fn internal() -> Problem {
    Problem::new("internal", "it was noted, with the request_id")
}
