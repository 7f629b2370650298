//! What the domain takes from the outside, given and never taken from the air.

use crate::value::{Id, Instant};

/// Tells the current instant.
pub trait Clock: Send + Sync {
    /// The current instant, UTC, cut to microseconds.
    fn now(&self) -> Instant;
}

/// Makes ids: UUID version 7, so that ids of rows made later sort later.
pub trait IdSource: Send + Sync {
    /// A new id whose time part is `now`.
    fn next(&self, now: Instant) -> Id;
}

/// A source of random bytes that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}
