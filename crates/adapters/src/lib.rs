//! The real parts behind what the layers above only name: the system's clock, ids, randomness, files, mail, providers,
//! breached passwords, and where traces go.

#![allow(clippy::disallowed_methods)] // this is where time and randomness come from

mod agent;
mod breached;
mod files;
mod mail;
mod names;
mod oidc;
mod otlp;
mod said;

pub use breached::BreachedFile;
pub use files::LocalFiles;
pub use mail::{OutboxFolder, SmtpMailer};
pub use names::DnsNames;
pub use oidc::{OidcProvider, OidcSettings};
pub use otlp::{OtlpSettings, OtlpTracer};
pub use said::{say, unsaid};

use firma_domain::source::{Clock, Entropy, IdSource};
use firma_domain::{Id, Instant};
use rand::Rng;
use std::sync::atomic::{AtomicU64, Ordering};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::from(chrono::Utc::now())
    }
}

/// The system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness nothing here is safe: better to stop the call than to go on.
        assert!(getrandom::fill(bytes).is_ok(), "the system gives no randomness");
    }
}

/// Ids of version 7, in order: those made in one millisecond count on.
#[derive(Debug, Default)]
pub struct Ids {
    /// Milliseconds and a counter of 12 bits
    last: AtomicU64,
}

impl IdSource for Ids {
    fn next(&self, now: Instant) -> Id {
        let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
        let at = millis << 12;
        let step = |last: u64| Some(at.max(last + 1));
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .unwrap_or(at);
        let next = at.max(last + 1);
        let mut bytes = [0u8; 10];
        // Nobody may guess ids, but they are no secrets: the system need not be asked for each.
        rand::rng().fill_bytes(&mut bytes);
        // The counter stands where version 7 has its first random bits, so that ids sort as they were made.
        let [.., high, low] = (next & 0xfff).to_be_bytes();
        let [first, second, ..] = &mut bytes;
        (*first, *second) = (high, low);
        Id::from_parts(next >> 12, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_they_were_made() {
        let ids = Ids::default();
        let now = SystemClock.now();
        let made: Vec<_> = (0..10_000).map(|_| ids.next(now)).collect();
        assert!(made.is_sorted());
        assert!(made.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
