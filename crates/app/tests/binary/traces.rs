//! Traces, as a collector receives them.

use crate::house::{EMAIL, House, PASSWORD, at};
use crate::process::Process;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

type Batches = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A collector: keeps what it is sent.
#[derive(Clone)]
struct Collector {
    url: String,
    batches: Batches,
    /// Requests without the key, or that can't be read
    refused: Arc<AtomicUsize>,
    handle: actix_web::dev::ServerHandle,
}

async fn take(
    request: HttpRequest,
    body: web::Bytes,
    of: web::Data<(Batches, Arc<AtomicUsize>)>,
) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|value| value.as_bytes());
    let is_ours = header("authorization") == Some(b"Bearer of the test")
        && header("content-type") == Some(b"application/x-protobuf");
    match ExportTraceServiceRequest::decode(body) {
        Ok(batch) if is_ours => of.0.lock().unwrap().push(batch),
        _ => drop(of.1.fetch_add(1, Ordering::Relaxed)),
    }
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

impl Collector {
    fn start() -> Collector {
        let kept = web::Data::new((Batches::default(), Arc::<AtomicUsize>::default()));
        let (batches, refused) = (kept.0.clone(), kept.1.clone());
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(kept.clone())
                        .route("/base/v1/traces", web::post().to(take))
                })
                .workers(1)
                .disable_signals()
                .bind("127.0.0.1:0")
                .unwrap();
                let port = server.addrs()[0].port();
                let server = server.run();
                sender.send((port, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (port, handle) = receiver.recv().unwrap();
        let url = format!("http://127.0.0.1:{port}/base");
        Collector {
            url,
            batches,
            refused,
            handle,
        }
    }

    fn spans(&self) -> Vec<Span> {
        let batches = self.batches.lock().unwrap().clone();
        let scopes = batches
            .into_iter()
            .flat_map(|batch| batch.resource_spans)
            .flat_map(|of| of.scope_spans);
        scopes.flat_map(|of| of.spans).collect()
    }
}

fn told(attributes: &[KeyValue]) -> BTreeMap<String, Value> {
    let value = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::IntValue(number)) => json!(number),
        other => panic!("{other:?}"),
    };
    attributes
        .iter()
        .map(|pair| (pair.key.clone(), value(pair)))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const KEY: (&str, &str) = (
    "OTEL_EXPORTER_OTLP_HEADERS",
    "authorization=Bearer%20of%20the%20test",
);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[test]
fn a_request_is_a_span_of_the_trace_that_its_line_names() {
    for house in House::each() {
        house.found();
        let collector = Collector::start();
        let server = house.start_with(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
            KEY,
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test"),
            ("OTEL_SERVICE_NAME", "firma-of-the-test"),
            ("FIRMA_LOG_FORMAT", "json"),
        ]);
        let owner = house.owner(&server);
        let me = owner.get("/api/v1/me").expect(200);
        let parent = format!("00-{TRACE}-{PARENT}-01");
        let sent = [("traceparent", parent.as_str()), ("x-request-id", "mine")];
        let made = json!({"name": "Quiet Ltd"}).to_string();
        owner
            .send("POST", &at("companies"), &sent, Some(made.as_bytes()))
            .expect(201);
        // Who called doesn't want this one to be kept.
        let unwanted = format!("00-{}-{PARENT}-00", TRACE.replace('4', "5"));
        owner
            .send(
                "GET",
                &at("companies?industry=hats"),
                &[("traceparent", unwanted.as_str())],
                None,
            )
            .expect(200);
        house.database.execute("ALTER TABLE companies RENAME TO gone");
        let failed = owner.get(&at("companies")).problem(500, "internal");
        // Who was known a moment ago, and isn't any more, is said to be nowhere.
        owner.get(&at("contacts")).expect(200);
        house
            .database
            .execute("UPDATE sessions SET revoked_at = created_at");
        let ended = owner.get(&at("contacts")).problem(401, "unauthenticated");
        // A job: a mail that somebody asked for.
        let forgot = json!({"email": EMAIL});
        server
            .client()
            .post("/api/v1/auth/forgot-password", forgot)
            .expect(202);
        let done = |line: &str| line.contains("a job is done") && line.contains("\"mail\"");
        server.await_that("a mail sent", || server.log().lines().any(done));
        // What is left is sent at the end.
        server.terminate();
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0));
        let spans = collector.spans();
        assert_eq!(collector.refused.load(Ordering::Relaxed), 0);

        let batches = collector.batches.lock().unwrap().clone();
        let resource = batches[0].resource_spans[0].resource.clone().unwrap();
        let resource = told(&resource.attributes);
        assert_eq!(resource["service.name"], "firma-of-the-test");
        assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(resource["deployment.environment"], "test");

        let of_trace: Vec<_> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
        let root = of_trace
            .iter()
            .find(|span| span.kind == SpanKind::Server as i32)
            .unwrap();
        assert_eq!(root.name, "POST /api/v1/organizations/{organization}/companies");
        assert_eq!(hex(&root.parent_span_id), PARENT);
        let about = told(&root.attributes);
        for (name, value) in [
            ("http.request.method", json!("POST")),
            (
                "http.route",
                json!("/api/v1/organizations/{organization}/companies"),
            ),
            ("http.response.status_code", json!(201)),
            ("firma.request.id", json!("mine")),
            ("user.id", me["user"]["id"].clone()),
            (
                "firma.organization.id",
                me["memberships"][0]["organization_id"].clone(),
            ),
        ] {
            assert_eq!(about[name], value, "{name}");
        }
        let parts: Vec<_> = of_trace
            .iter()
            .filter(|span| span.parent_span_id == root.span_id)
            .collect();
        for name in ["database queue", "database transaction"] {
            let part = parts.iter().find(|span| span.name == name).unwrap();
            let lasts = root.start_time_unix_nano..=root.end_time_unix_nano;
            assert!(lasts.contains(&part.start_time_unix_nano) && lasts.contains(&part.end_time_unix_nano));
        }
        assert!(
            !spans
                .iter()
                .any(|span| hex(&span.trace_id) == TRACE.replace('4', "5"))
        );

        // Each line of the log has its span, and the failed one says so.
        let lines = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines: Vec<_> = lines.filter(|line| line["message"] == "request").collect();
        let of = |answer: &Value| {
            let is_it = |line: &&Value| line["request_id"] == answer["request_id"];
            lines.iter().find(is_it).unwrap()
        };
        let organization = |answer| of(answer)["organization_id"].as_str().unwrap_or_default();
        assert!(!organization(&failed).is_empty());
        assert_eq!(organization(&ended), "");
        let line = of(&failed);
        let span = spans.iter().find(|span| {
            span.kind == SpanKind::Server as i32 && json!(hex(&span.trace_id)) == line["trace_id"]
        });
        let span = span.unwrap();
        assert_eq!(span.status.as_ref().unwrap().code, 2);
        assert_eq!(told(&span.attributes)["error.type"], "500");

        let job = spans.iter().find(|span| span.name == "job mail").unwrap();
        let about = told(&job.attributes);
        assert_eq!(job.kind, SpanKind::Consumer as i32);
        assert_eq!(
            (&about["firma.job.outcome"], &about["firma.job.attempt"]),
            (&json!("done"), &json!(1))
        );
        assert_eq!(
            about["firma.job.id"].as_str().unwrap().replace('-', ""),
            hex(&job.trace_id)
        );
        assert!(
            spans
                .iter()
                .any(|span| span.parent_span_id == job.span_id && span.name == "database transaction")
        );

        let all = format!("{spans:?}");
        for never in [EMAIL, PASSWORD, "Quiet Ltd", "hats", owner.token().unwrap()] {
            assert!(!all.contains(never), "{never}");
        }
        drop(collector.handle.stop(false));
    }
}

#[test]
fn nobody_waits_for_a_collector_that_does_not_answer() {
    let house = House::sqlite();
    house.found();
    // Whoever connects waits, and nobody ever takes what is sent.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let server = house.start_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]);
    let owner = house.owner(&server);
    let begun = Instant::now();
    for _ in 0..30 {
        owner.get(&at("companies")).expect(200);
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    stops_in_time(server);
}

#[test]
fn a_collector_that_is_away_is_left_alone() {
    let house = House::sqlite();
    house.found();
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{free}/base");
    let metrics = ("FIRMA_METRICS_TOKEN", "0123456789abcdef");
    let server = house.start_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        metrics,
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]);
    let owner = house.owner(&server);
    let asker = server.client().with_token(Some(metrics.1.into()));
    server.await_that("left alone", || {
        owner.get(&at("companies")).expect(200);
        asker
            .get("/metrics")
            .text
            .contains("firma_breaker_open{name=\"traces\"} 1")
    });
    let ready = server.client().get("/health/ready").expect(200);
    assert_eq!(ready["traces"], "open");
    let log = server.log();
    assert_eq!(log.matches("traces are not taken").count(), 1, "{log}");
    stops_in_time(server);
}

fn stops_in_time(server: Process) {
    let begun = Instant::now();
    server.terminate();
    let (status, _) = server.ended();
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}
