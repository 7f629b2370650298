//! Keeps away for a while from what fails: after a few failures in a row nobody waits for it again, until one call
//! tries whether it is back.

use firma_domain::Instant;
use firma_domain::platform::{Gate, MailFault, Mailer, Message};
use firma_domain::source::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Failures in a row after which it opens.
const FAILURES: u32 = 5;
/// Seconds after which one call may try.
const REST: i64 = 30;

/// Seconds after which to try again what has failed, but not that often yet.
const AGAIN: i64 = 5;

#[derive(Default)]
struct State {
    failures: u32,
    /// While it is open: when one call may try
    until: Option<Instant>,
}

/// One for each thing that is far away.
pub struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl Breaker {
    pub fn new(clock: Arc<dyn Clock>) -> Breaker {
        Breaker {
            clock,
            state: Mutex::default(),
        }
    }

    /// `closed`: calls go through. `open`: none does. `half-open`: the next one tries.
    pub fn state(&self) -> &'static str {
        match self.held().until {
            None => "closed",
            Some(until) if self.clock.now() < until => "open",
            Some(_) => "half-open",
        }
    }

    /// So many seconds until it is worth to try again.
    pub(crate) fn wait(&self) -> i64 {
        let now = self.clock.now();
        let until = self.held().until.unwrap_or(now);
        until.seconds().saturating_sub(now.seconds()).max(AGAIN)
    }

    fn held(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Breaker {
    fn admits(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.held();
        match state.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // One tries; for the others it stays open.
                state.until = Some(now.plus_seconds(REST));
                true
            }
        }
    }

    fn went(&self, well: bool) {
        let now = self.clock.now();
        let mut state = self.held();
        if well {
            *state = State::default();
            return;
        }
        state.failures += 1;
        if state.failures >= FAILURES {
            state.until = Some(now.plus_seconds(REST));
        }
    }
}

/// A mailer behind a breaker.
pub struct Guarded {
    pub mailer: Arc<dyn Mailer>,
    pub breaker: Arc<Breaker>,
}

impl Mailer for Guarded {
    fn send(&self, message: &Message) -> Result<(), MailFault> {
        if !self.breaker.admits() {
            return Err(MailFault::Later("it has failed several times in a row".into()));
        }
        let sent = self.mailer.send(message);
        // A server that refuses a mail is there.
        self.breaker.went(!matches!(sent, Err(MailFault::Later(_))));
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firma_domain::Email;
    use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

    #[derive(Default)]
    struct World {
        seconds: AtomicI64,
        is_up: AtomicBool,
        calls: AtomicU32,
    }
    impl Clock for World {
        fn now(&self) -> Instant {
            Instant::from_micros(0)
                .unwrap()
                .plus_seconds(self.seconds.load(Ordering::Relaxed))
        }
    }
    impl Mailer for World {
        fn send(&self, _: &Message) -> Result<(), MailFault> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            match self.is_up.load(Ordering::Relaxed) {
                true => Ok(()),
                false => Err(MailFault::Later("down".into())),
            }
        }
    }

    #[test]
    fn opens_after_five_failures_and_lets_one_try_after_half_a_minute() {
        let world = Arc::new(World::default());
        let guarded = Guarded {
            mailer: world.clone(),
            breaker: Arc::new(Breaker::new(world.clone())),
        };
        let message = Message {
            message_id: "<1@x>".into(),
            to: Email::parse("a@b.example").unwrap(),
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            language: "en".into(),
            date: world.now(),
        };
        let calls = || world.calls.load(Ordering::Relaxed);
        for _ in 0..5 {
            assert_eq!(guarded.breaker.state(), "closed");
            assert!(guarded.send(&message).is_err());
        }
        assert_eq!(guarded.breaker.state(), "open");
        assert!(guarded.send(&message).is_err());
        assert_eq!(calls(), 5);
        world.seconds.store(30, Ordering::Relaxed);
        assert_eq!(guarded.breaker.state(), "half-open");
        assert!(guarded.send(&message).is_err());
        assert_eq!((calls(), guarded.breaker.state()), (6, "open"));
        world.seconds.store(60, Ordering::Relaxed);
        world.is_up.store(true, Ordering::Relaxed);
        assert!(guarded.send(&message).is_ok());
        assert_eq!(guarded.breaker.state(), "closed");
    }
}
