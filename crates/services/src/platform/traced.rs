//! An attempt at a job as a span: its trace is named by the job's id, as in its lines of the log.

use super::running::{Done, Running, Stop};
use firma_domain::Id;
use firma_domain::platform::{Span, SpanKind, Told, Tracer};
use firma_persistence::Trace;
use std::sync::Arc;

/// Makes an attempt, and tells the tracer of it.
pub(super) fn traced(
    tracer: Arc<dyn Tracer>,
    job: &Running<'_>,
    attempt: impl FnOnce() -> Result<Done, Stop>,
) -> Result<Done, Stop> {
    let sources = &job.database.sources;
    let trace = Trace::begin(tracer, *job.job().as_bytes(), &*sources.entropy);
    let began_at = sources.clock.now();
    let ran = trace.clone().around_work(attempt);
    let leased = &job.leased;
    let mut told = vec![
        ("firma.job.id", Told::Text(job.job().to_string())),
        ("firma.job.kind", Told::Text(leased.kind.clone())),
        ("firma.job.attempt", Told::Number(leased.attempts.into())),
        ("firma.job.outcome", Told::Text(outcome(&ran).into())),
    ];
    let organization = Some(job.organization()).filter(|id| *id != Id::NIL);
    let people = [("firma.organization.id", organization), ("user.id", job.owner())];
    let named = people
        .into_iter()
        .filter_map(|(name, id)| Some((name, Told::Text(id?.to_string()))));
    told.extend(named);
    trace.tracer.ended(Span {
        trace: trace.trace,
        id: trace.span,
        parent: None,
        name: format!("job {}", leased.kind).into(),
        kind: SpanKind::Consumer,
        began_at,
        ended_at: sources.clock.now(),
        has_failed: matches!(ran, Err(Stop::Broken(_) | Stop::Again(_) | Stop::Failed(_))),
        told,
    });
    ran
}

/// Not the text of it, which may name people.
fn outcome(ran: &Result<Done, Stop>) -> &'static str {
    match ran {
        Ok(_) => "done",
        Err(Stop::Cancelled) => "cancelled",
        Err(Stop::Lost) => "lost",
        Err(Stop::Yielded) => "yielded",
        Err(Stop::Again(_)) => "again",
        Err(Stop::Failed(_)) => "failed",
        Err(Stop::Broken(_)) => "broken",
    }
}
