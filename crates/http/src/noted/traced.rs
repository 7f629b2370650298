//! A request as a span (OpenTelemetry's semantic conventions for HTTP servers), of the trace that its log line names.

use super::{Latest, Noted};
use crate::metrics::known;
use crate::state::State;
use firma_domain::platform::{Span, SpanId, SpanKind, SpanParent, Told};
use firma_domain::source::Clock;
use firma_domain::{Id, Instant};
use firma_services::Trace;
use std::sync::Arc;

/// Where a trace comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parent<'h> {
    pub trace: &'h str,
    span: SpanId,
    /// Whether who called wants it to be kept
    is_sampled: bool,
}

/// The span of a request that is under way.
pub(super) struct Traced {
    pub trace: Trace,
    parent: Option<SpanId>,
    began_at: Instant,
    clock: Arc<dyn Clock>,
}

impl Traced {
    /// None where nobody takes it, or who called doesn't want it to be kept.
    pub(super) fn begin(state: &State, trace_id: &str, parent: Option<Parent<'_>>) -> Option<Traced> {
        let tracer = state.traces.as_ref()?.tracer.clone();
        if parent.is_some_and(|parent| !parent.is_sampled) {
            return None;
        }
        let trace = u128::from_str_radix(trace_id, 16).ok()?.to_be_bytes();
        let sources = &state.database.sources;
        Some(Traced {
            trace: Trace::begin(tracer, trace, &*sources.entropy),
            parent: parent.map(|parent| parent.span),
            began_at: sources.clock.now(),
            clock: sources.clock.clone(),
        })
    }

    pub(super) fn ended(&self, noted: &Noted, status: u16) {
        let method = match known(&noted.method) {
            "other" => None,
            known => Some(known),
        };
        let name = match (method, noted.route.as_str()) {
            (method, "-") => method.unwrap_or("HTTP").to_owned(),
            (method, route) => format!("{} {route}", method.unwrap_or("HTTP")),
        };
        let text = |text: &str| Told::Text(text.to_owned());
        let mut told = vec![
            ("http.request.method", text(method.unwrap_or("_OTHER"))),
            ("http.response.status_code", Told::Number(status.into())),
            ("firma.request.id", text(noted.request_id())),
        ];
        if noted.route != "-" {
            told.push(("http.route", text(&noted.route)));
        }
        let has_failed = status >= 500;
        if has_failed {
            told.push(("error.type", Told::Text(status.to_string())));
        }
        let named = [
            ("user.id", &noted.user),
            ("firma.organization.id", &noted.organization),
        ];
        let id = |(name, id): (&'static str, &Latest<Id>)| Some((name, Told::Text(id.get()?.to_string())));
        told.extend(named.into_iter().filter_map(id));
        self.trace.tracer.ended(Span {
            trace: self.trace.trace,
            id: self.trace.span,
            parent: self.parent.map(|id| SpanParent { id, is_remote: true }),
            name: name.into(),
            kind: SpanKind::Server,
            began_at: self.began_at,
            ended_at: self.clock.now(),
            has_failed,
            told,
        });
    }
}

/// What a `traceparent` says (W3C Trace Context): `00-TRACE-PARENT-FLAGS`, perhaps with more in later versions.
pub(super) fn parent(header: &str) -> Option<Parent<'_>> {
    let mut parts = header.trim().split('-');
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
    if !whole || version == "ff" || !set(trace) || !set(span) || !ends {
        return None;
    }
    Some(Parent {
        trace,
        span: u64::from_str_radix(span, 16).ok()?.to_be_bytes(),
        is_sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_only_where_it_is_one() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let good = format!("00-{trace}-{span}-01");
        let expected = Parent {
            trace,
            span: [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7],
            is_sampled: true,
        };
        assert_eq!(parent(&good), Some(expected));
        assert_eq!(parent(&format!("cc-{trace}-{span}-01-more")), Some(expected));
        let unwanted = Parent {
            is_sampled: false,
            ..expected
        };
        assert_eq!(parent(&format!("00-{trace}-{span}-02")), Some(unwanted));
        for bad in [
            String::new(),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{trace}-{span}"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}0-{span}-01"),
        ] {
            assert_eq!(parent(&bad), None, "{bad}");
        }
    }
}
