use crate::value::Instant;
use std::borrow::Cow;
use std::fmt;

/// The id of a trace: 16 bytes, not all zero (W3C Trace Context).
pub type TraceId = [u8; 16];
/// The id of a span: 8 bytes, not all zero.
pub type SpanId = [u8; 8];

/// How a span came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// A request from outside
    Server,
    /// Work that was queued by somebody else
    Consumer,
    /// A part of another span
    Internal,
}

/// The span that another one is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanParent {
    /// Its id
    pub id: SpanId,
    /// Whether it is another program's
    pub is_remote: bool,
}

/// What is told beside a span's name and times. Never a body, a token, an e-mail or a query's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A text
    Text(String),
    /// A number
    Number(i64),
}

/// A stretch of time in which one thing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The trace that it belongs to
    pub trace: TraceId,
    /// Its own id
    pub id: SpanId,
    /// What it is a part of, if of anything
    pub parent: Option<SpanParent>,
    /// What was done: one of few names
    pub name: Cow<'static, str>,
    /// How it came about
    pub kind: SpanKind,
    /// When it began
    pub began_at: Instant,
    /// When it ended
    pub ended_at: Instant,
    /// Whether it failed on our side
    pub has_failed: bool,
    /// What else is known of it
    pub told: Vec<(&'static str, Told)>,
}

/// Takes spans that are over. It neither waits nor fails: what can't be kept is lost.
pub trait Tracer: Send + Sync + fmt::Debug {
    /// Takes one.
    fn ended(&self, span: Span);
}

/// Says whether it is worth to try something that is far away, and is told how it went.
pub trait Gate: Send + Sync {
    /// Whether a call may go through; who may has to tell how it went.
    fn admits(&self) -> bool;
    /// How a call went that was let through.
    fn went(&self, well: bool);
}
