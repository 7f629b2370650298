//! What `/metrics` tells: the requests by route, and what others register here.

mod breakers;
mod errors;
mod looked;

use crate::problem::Problem;
use crate::state::State;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
pub use breakers::Breakers;
use errors::Counted;
use firma_services::Database;
use firma_services::installation::Errors;
use looked::Looked;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

/// In seconds; the alerts look at 1.
const BUCKETS: [f64; 10] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The pattern, never the path: as many series as there are routes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    method: &'static str,
    route: String,
    status: u16,
}

/// The figures of one server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    pub(crate) sign_in_failures: Counter,
    pub(crate) api_key_refusals: Counter,
    looked: Looked,
    /// Of the token; none where nobody may ask
    token: Option<[u8; 32]>,
}

impl Metrics {
    /// Nobody may ask for them without the token; without one, nobody at all.
    pub fn new(database: &Database, token: Option<&str>, breakers: Breakers, errors: Errors) -> Metrics {
        let mut registry = Registry::with_prefix("firma");
        let requests = Family::default();
        let empty: fn() -> Histogram = || Histogram::new(BUCKETS);
        let durations = Family::new_with_constructor(empty);
        let (sign_in_failures, api_key_refusals) = (Counter::default(), Counter::default());
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The binary", version);
        registry.register(
            "http_requests",
            "Requests answered, by route and status",
            requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "From the first byte to the answer, by route",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register(
            "sign_in_failures",
            "Sign-ins with a wrong name or password",
            sign_in_failures.clone(),
        );
        registry.register(
            "api_key_refusals",
            "Calls by an API key that there is, refused",
            api_key_refusals.clone(),
        );
        registry.register_with_unit(
            "database_query_duration",
            "One statement, as the server sees it",
            Unit::Seconds,
            database.query_times(),
        );
        registry.register_collector(Box::new(Queue(database.clone())));
        registry.register_collector(Box::new(Safety(database.clone())));
        registry.register_collector(Box::new(breakers));
        registry.register_collector(Box::new(Counted(errors)));
        let looked = Looked::default();
        registry.register_collector(Box::new(looked.clone()));
        Metrics {
            registry,
            requests,
            durations,
            sign_in_failures,
            api_key_refusals,
            looked,
            token: token.map(digest),
        }
    }

    pub(crate) fn answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let (method, route) = (known(method), route.to_owned());
        let outcome = Outcome {
            method,
            route: route.clone(),
            status,
        };
        self.requests.get_or_create(&outcome).inc();
        let route = Route { method, route };
        self.durations.get_or_create(&route).observe(took.as_secs_f64());
    }

    fn admits(&self, request: &HttpRequest) -> Result<(), Problem> {
        let token = self
            .token
            .ok_or_else(|| Problem::new("no_route", "there is nothing at /metrics"))?;
        let given = request.headers().get(header::AUTHORIZATION);
        let given = given.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        // How long it takes to compare two digests tells nothing of the token.
        match given.map(digest) {
            Some(given) if given == token => Ok(()),
            _ => Err(Problem::new("unauthenticated", "the token of /metrics is needed")),
        }
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.trim()).into()
}

/// A client may make up methods; a label must not.
pub(crate) fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// Read when somebody asks, not kept.
struct Queue(Database);

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({:?})", self.0.load())
    }
}

impl Collector for Queue {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let load = self.0.load();
        let waiting = u32::try_from(load.waiting).unwrap_or(u32::MAX);
        for (name, help, value) in [
            (
                "database_connections",
                "The most connections that there will be",
                load.connections,
            ),
            (
                "database_connections_open",
                "Connections that are open",
                load.open,
            ),
            (
                "database_connections_in_use",
                "Connections with a call",
                load.in_use,
            ),
            (
                "database_calls_waiting",
                "Calls that wait for a connection; at 1,024 more are refused",
                waiting,
            ),
            (
                "database_away",
                "1 while the last attempt to connect failed",
                u32::from(load.is_away),
            ),
            (
                "database_unwritable",
                "1 while the last attempt to store something found that nothing can be stored",
                u32::from(load.is_unwritable),
            ),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let (roles, reports) = (self.0.role_hits(), self.0.report_hits());
        for (name, help, counts) in [
            (
                "cache_hits",
                "What was asked for and was in memory",
                [roles.hits, reports.hits],
            ),
            (
                "cache_misses",
                "What was asked for and was not",
                [roles.misses, reports.misses],
            ),
        ] {
            let mut descriptor = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (cache, count) in ["roles", "reports"].into_iter().zip(counts) {
                ConstCounter::new(count).encode(descriptor.encode_family(&[("cache", cache)])?)?;
            }
        }
        Ok(())
    }
}

/// What concerned safety, as far as this process wrote it down.
struct Safety(Database);

impl fmt::Debug for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Safety({:?})", self.0.security_events())
    }
}

impl Collector for Safety {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let about = "Security events written down";
        let mut events = encoder.encode_descriptor("security_events", about, None, MetricType::Counter)?;
        for (kind, count) in self.0.security_events() {
            let labels = [("type", kind.as_str()), ("severity", kind.severity().as_str())];
            ConstCounter::new(count).encode(events.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

pub(crate) async fn show(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.metrics.admits(&request)?;
    state.metrics.looked.look(&state.database).await;
    let mut shown = String::new();
    text::encode(&mut shown, &state.metrics.registry)
        .map_err(|_| Problem::new("internal", "the figures can't be written"))?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(shown))
}
