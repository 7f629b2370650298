//! How far a long command has come, for a person at a terminal; for nobody else.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(200);

pub(crate) struct Progress {
    what: String,
    unit: &'static str,
    done: u64,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(crate) fn of(what: impl Into<String>, unit: &'static str) -> Progress {
        Progress {
            what: what.into(),
            unit,
            done: 0,
            shown: None,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    pub(crate) fn step(&mut self, more: u64) {
        self.done += more;
        if !self.is_terminal || self.shown.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        self.shown = Some(Instant::now());
        let _ = write!(
            std::io::stderr(),
            "\r\x1b[K{}: {} {}",
            self.what,
            self.done,
            self.unit
        );
        let _ = std::io::stderr().flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
