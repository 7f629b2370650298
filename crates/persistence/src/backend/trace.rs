//! The span in which a call is made, and the spans of its parts: waiting for a connection, and working on one.

use super::database::Sources;
use firma_domain::Instant;
use firma_domain::platform::{Span, SpanId, SpanKind, SpanParent, TraceId, Tracer};
use firma_domain::source::Entropy;
use std::sync::Arc;

/// A span that is under way, and who takes its parts.
#[derive(Debug, Clone)]
pub struct Trace {
    pub tracer: Arc<dyn Tracer>,
    pub trace: TraceId,
    pub span: SpanId,
}

tokio::task_local! {
    /// The span that the calls of a task, or of a thread that works a job off, are parts of.
    static CURRENT: Trace;
}

impl Trace {
    /// A new span in a trace.
    pub fn begin(tracer: Arc<dyn Tracer>, trace: TraceId, entropy: &dyn Entropy) -> Trace {
        Trace {
            tracer,
            trace,
            span: new_span(entropy),
        }
    }

    /// Runs a task in it.
    pub async fn around<F: Future>(self, task: F) -> F::Output {
        CURRENT.scope(self, task).await
    }

    /// Runs something on this thread in it.
    pub fn around_work<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

fn new_span(entropy: &dyn Entropy) -> SpanId {
    let mut id = SpanId::default();
    while id == SpanId::default() {
        entropy.fill(&mut id);
    }
    id
}

/// The times of one call of a traced task.
pub(super) struct Timed {
    of: Trace,
    sources: Sources,
    asked_at: Instant,
    taken_at: Option<Instant>,
}

impl Timed {
    /// Of a call that is put into the queue now; none where nobody traces.
    pub(super) fn asked(sources: &Sources) -> Option<Timed> {
        let of = CURRENT.try_with(Trace::clone).ok()?;
        Some(Timed {
            of,
            sources: sources.clone(),
            asked_at: sources.clock.now(),
            taken_at: None,
        })
    }

    pub(super) fn taken(&mut self) {
        self.taken_at = Some(self.sources.clock.now());
    }

    pub(super) fn ended(&self, writes: bool, has_failed: bool) {
        let now = self.sources.clock.now();
        let taken_at = self.taken_at.unwrap_or(now);
        self.part("database queue", (self.asked_at, taken_at), false);
        let name = if writes {
            "database transaction"
        } else {
            "database read"
        };
        self.part(name, (taken_at, now), has_failed);
    }

    fn part(&self, name: &'static str, (began_at, ended_at): (Instant, Instant), has_failed: bool) {
        self.of.tracer.ended(Span {
            trace: self.of.trace,
            id: new_span(&*self.sources.entropy),
            parent: Some(SpanParent {
                id: self.of.span,
                is_remote: false,
            }),
            name: name.into(),
            kind: SpanKind::Internal,
            began_at,
            ended_at,
            has_failed,
            told: Vec::new(),
        });
    }
}
