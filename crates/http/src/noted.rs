//! What is known of one request: kept beside it, so that it can be told even if the request is lost.

mod traced;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::{HttpMessage, HttpRequest, web};
use firma_domain::Id;
use firma_domain::platform::ErrorKind;
use firma_services::installation::Incident;
use firma_services::{About, Panicked, Trace};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use traced::{Traced, parent};

use crate::metrics::known;
use crate::state::State;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Filled in while the request is worked on, here and on a database's thread.
pub(crate) struct Noted {
    /// Its id
    pub about: About,
    trace_id: String,
    method: Method,
    pub uri: Uri,
    route: String,
    begun: Instant,
    traced: Option<Traced>,
    /// Whether it is known what went wrong on our side
    is_broken: AtomicBool,
    /// Who is signed in
    pub user: Latest<Id>,
    /// Where the caller is a member
    pub organization: Latest<Id>,
    state: Option<web::Data<State>>,
}

/// What was said last: a call may be run again, and then it is said anew.
pub(crate) struct Latest<T>(Mutex<Option<T>>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Latest(Mutex::new(None))
    }
}

impl<T: Clone> Latest<T> {
    pub(crate) fn say(&self, what: Option<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
    pub(crate) fn get(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Begins what is done beside a request, and is still about it.
pub(crate) fn beside(task: impl Future<Output = ()> + 'static) {
    actix_web::rt::spawn(About::current().around(task));
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
        let parent = header(TRACEPARENT).and_then(parent);
        let trace_id = match &parent {
            Some(parent) => parent.trace.to_owned(),
            None => made().0.simple().to_string(),
        };
        let traced = state
            .as_ref()
            .and_then(|state| Traced::begin(state, &trace_id, parent));
        let noted = Arc::new(Noted {
            about: match header(REQUEST_ID).filter(|id| is_plain(id)) {
                Some(id) => About::request(id),
                None => About::request(&made().to_string()),
            },
            trace_id,
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: request.match_pattern().unwrap_or_else(|| "-".into()),
            begun: Instant::now(),
            traced,
            is_broken: AtomicBool::new(false),
            user: Latest::default(),
            organization: Latest::default(),
            state,
        });
        request.extensions_mut().insert(noted.clone());
        noted
    }

    /// Of a request inside the frame.
    pub(crate) fn in_frame(request: &HttpRequest) -> Option<Arc<Noted>> {
        request.extensions().get::<Arc<Noted>>().cloned()
    }

    pub(crate) fn request_id(&self) -> &str {
        self.about.request_id().unwrap_or_default()
    }

    /// Counts the answer and writes its line. Never a body, a token, an e-mail or a query's value.
    pub(crate) fn answered(&self, status: u16) {
        let took = self.begun.elapsed();
        if status == 500 {
            self.broke("answered without a cause", None);
        }
        if let Some(traced) = &self.traced {
            traced.ended(self, status);
        }
        if let Some(state) = &self.state {
            state.metrics.answered(&self.method, &self.route, status, took);
        }
        if log::log_enabled!(log::Level::Info) {
            self.line(status, took);
        }
    }

    /// The span of it, if somebody takes it.
    pub(crate) fn trace(&self) -> Option<Trace> {
        Some(self.traced.as_ref()?.trace.clone())
    }

    /// Something went wrong on our side. The first that is said is what is noted.
    pub(crate) fn broke(&self, said: &str, panicked: Option<&Panicked>) {
        let Some(state) = &self.state else { return };
        if self.is_broken.swap(true, Ordering::Relaxed) {
            return;
        }
        let route = format!("{} {}", known(&self.method), self.route);
        let incident = Incident {
            kind: ErrorKind::Answer,
            place: route.clone(),
            message: said.to_owned(),
            request_id: Some(self.request_id().to_owned()),
            route: Some(route),
        };
        state.errors.note(incident.unless_panicked(panicked));
    }

    fn line(&self, status: u16, took: Duration) {
        let id = |id: &Latest<Id>| id.get().as_ref().map(Id::to_string).unwrap_or_default();
        let (user, organization) = (id(&self.user), id(&self.organization));
        // To the hundredth: more is noise.
        let ms = (took.as_secs_f64() * 100_000.0).round() / 100.0;
        log::info!(
            request_id = self.request_id(), trace_id = self.trace_id.as_str(),
            method = self.method.as_str(), route = self.route.as_str(), status = status, ms = ms,
            user_id = user.as_str(), organization_id = organization.as_str();
            "request"
        );
    }
}

fn is_plain(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}
