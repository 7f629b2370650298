//! What is known of one request: kept beside it, so that it can be told even if the request is lost.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::{HttpMessage, HttpRequest, web};
use firma_domain::Id;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::state::State;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Filled in while the request is worked on, here and on a database's thread.
pub(crate) struct Noted {
    pub request_id: String,
    trace_id: String,
    method: Method,
    pub uri: Uri,
    route: String,
    begun: Instant,
    /// Who is signed in
    pub user: OnceLock<Id>,
    /// Where the caller is a member
    pub organization: OnceLock<Id>,
    state: Option<web::Data<State>>,
}

impl Noted {
    /// Of a request that has just come.
    pub(crate) fn of(request: &ServiceRequest) -> Arc<Noted> {
        let state = request.app_data::<web::Data<State>>().cloned();
        let header = |name| {
            request
                .headers()
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let made = OnceLock::new();
        let made = || {
            made.get_or_init(|| {
                let sources = state.as_ref().map(|state| &state.database.sources);
                sources.map_or(Id::NIL, |sources| sources.ids.next(sources.clock.now()))
            })
        };
        let noted = Arc::new(Noted {
            request_id: header(REQUEST_ID)
                .filter(|id| is_plain(id))
                .map_or_else(|| made().to_string(), str::to_owned),
            trace_id: header(TRACEPARENT)
                .and_then(trace)
                .map_or_else(|| made().0.simple().to_string(), str::to_owned),
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: request.match_pattern().unwrap_or_else(|| "-".into()),
            begun: Instant::now(),
            user: OnceLock::new(),
            organization: OnceLock::new(),
            state,
        });
        request.extensions_mut().insert(noted.clone());
        noted
    }

    /// Of a request inside the frame.
    pub(crate) fn in_frame(request: &HttpRequest) -> Option<Arc<Noted>> {
        request.extensions().get::<Arc<Noted>>().cloned()
    }

    /// Counts the answer and writes its line. Never a body, a token, an e-mail or a query's value.
    pub(crate) fn answered(&self, status: u16) {
        let took = self.begun.elapsed();
        if let Some(state) = &self.state {
            state.metrics.answered(&self.method, &self.route, status, took);
        }
        if log::log_enabled!(log::Level::Info) {
            self.line(status, took);
        }
    }

    fn line(&self, status: u16, took: Duration) {
        let id = |id: &OnceLock<Id>| id.get().map(Id::to_string).unwrap_or_default();
        let (user, organization) = (id(&self.user), id(&self.organization));
        // To the hundredth: more is noise.
        let ms = (took.as_secs_f64() * 100_000.0).round() / 100.0;
        log::info!(
            request_id = self.request_id.as_str(), trace_id = self.trace_id.as_str(),
            method = self.method.as_str(), route = self.route.as_str(), status = status, ms = ms,
            user_id = user.as_str(), organization_id = organization.as_str();
            "request"
        );
    }
}

fn is_plain(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

/// The trace id of a `traceparent` (W3C Trace Context): `00-TRACE-PARENT-FLAGS`, perhaps with more in later versions.
fn trace(parent: &str) -> Option<&str> {
    let mut parts = parent.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let set = |part: &str| part.bytes().any(|b| b != b'0');
    let whole = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    let ends = version != "00" || parts.next().is_none();
    (whole && version != "ff" && set(trace) && set(span) && ends).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_only_where_it_is_one() {
        let (trace_id, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let good = format!("00-{trace_id}-{span}-01");
        assert_eq!(trace(&good), Some(trace_id));
        assert_eq!(trace(&format!("cc-{trace_id}-{span}-01-more")), Some(trace_id));
        for bad in [
            String::new(),
            format!("ff-{trace_id}-{span}-01"),
            format!("00-{trace_id}-{span}-01-more"),
            format!("00-{trace_id}-{span}"),
            format!("00-{}-{span}-01", trace_id.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace_id}-{}-01", "0".repeat(16)),
            format!("00-{trace_id}0-{span}-01"),
        ] {
            assert_eq!(trace(&bad), None, "{bad}");
        }
    }
}
