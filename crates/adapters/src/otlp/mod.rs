//! Spans on their way to an OpenTelemetry collector, by the SDK's own batches: OTLP over HTTP, as protobuf.

mod client;
mod settings;

pub use settings::OtlpSettings;

use client::Client;
use firma_domain::Instant;
use firma_domain::platform::{Gate, Span, SpanKind as Kind, Told, Tracer};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanProcessor};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest that one attempt to send a batch may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps spans in a queue of 2,048 and sends them from a thread of its own, every five seconds or 512 at once. While
/// the queue is full, more are lost.
#[derive(Debug)]
pub struct OtlpTracer {
    batches: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl OtlpTracer {
    /// Starts the thread. Nothing is sent before there is a span.
    ///
    /// # Errors
    /// The settings make no exporter.
    pub fn start(settings: &OtlpSettings, gate: Arc<dyn Gate>) -> Result<OtlpTracer, String> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(gate, PATIENCE))
            .with_endpoint(settings.traces())
            .with_timeout(PATIENCE)
            .with_headers(settings.headers.iter().cloned().collect())
            .build()
            .map_err(|e| format!("traces can't be exported: {e}"))?;
        let own = |name: &str| settings.attributes.iter().any(|(known, _)| known == name);
        let version = [("service.version", env!("CARGO_PKG_VERSION"))];
        let version = version.into_iter().filter(|(name, _)| !own(name));
        let attributes = settings.attributes.iter().cloned();
        let attributes = attributes.map(|(name, value)| KeyValue::new(name, value));
        let resource = Resource::builder_empty()
            .with_attributes(version.map(|(name, value)| KeyValue::new(name, value)))
            .with_attributes(attributes)
            .with_service_name(settings.service_name().to_owned())
            .build();
        let mut batches = BatchSpanProcessor::builder(exporter).build();
        batches.set_resource(&resource);
        let scope = InstrumentationScope::builder("firma").with_version(env!("CARGO_PKG_VERSION"));
        Ok(OtlpTracer {
            batches,
            scope: scope.build(),
        })
    }

    /// Sends what is left, but doesn't wait longer than that for it.
    pub fn stop(&self, patience: Duration) {
        if let Err(e) = self.batches.shutdown_with_timeout(patience) {
            log::warn!("the last traces may be lost: {e}");
        }
    }
}

impl Tracer for OtlpTracer {
    fn ended(&self, span: Span) {
        let told = span.told.into_iter().map(|(name, told)| {
            let value = match told {
                Told::Text(text) => Value::from(text),
                Told::Number(number) => Value::from(number),
            };
            KeyValue::new(name, value)
        });
        let parent = span.parent;
        self.batches.on_end(SpanData {
            span_context: SpanContext::new(
                TraceId::from_bytes(span.trace),
                SpanId::from_bytes(span.id),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: parent.map_or(SpanId::INVALID, |parent| SpanId::from_bytes(parent.id)),
            parent_span_is_remote: parent.is_some_and(|parent| parent.is_remote),
            span_kind: match span.kind {
                Kind::Server => SpanKind::Server,
                Kind::Consumer => SpanKind::Consumer,
                Kind::Internal => SpanKind::Internal,
            },
            name: span.name,
            start_time: time(span.began_at),
            end_time: time(span.ended_at),
            attributes: told.collect(),
            dropped_attributes_count: 0,
            events: Default::default(),
            links: Default::default(),
            status: match span.has_failed {
                true => Status::error(""),
                false => Status::Unset,
            },
            instrumentation_scope: self.scope.clone(),
        });
    }
}

fn time(at: Instant) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(at.micros()).unwrap_or(0))
}
