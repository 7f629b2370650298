//! How busy the threads and their connections are, for who watches the server.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use firma_domain::identity::SecurityKind;
use prometheus_client::metrics::histogram::Histogram;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// In seconds: from an index seek to what the statement timeout ends.
const BUCKETS: [f64; 11] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0,
];

/// How it stands at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// The most connections that there will be
    pub connections: u32,
    /// Connections that are open
    pub open: u32,
    /// Connections with a call
    pub in_use: u32,
    /// Calls that no thread has taken yet
    pub waiting: usize,
    /// Whether the last attempt to connect failed
    pub is_away: bool,
    /// Whether the last attempt to store something found that nothing can be stored
    pub is_unwritable: bool,
}

/// Kept by all threads of a database together.
#[derive(Debug)]
pub(super) struct Meter {
    pub connections: u32,
    pub queries: Histogram,
    open: AtomicU32,
    in_use: AtomicU32,
    is_away: AtomicBool,
    is_unwritable: AtomicBool,
    /// Why an attempt to connect failed last
    refused: Mutex<Option<String>>,
    /// How many security events of each kind were written down
    events: Mutex<BTreeMap<&'static str, (SecurityKind, u64)>>,
}

/// Hears of each attempt to connect that failed. Of several threads that wait, the pool tells the reason to one.
#[derive(Debug)]
pub(super) struct Refusals(pub Arc<Meter>);

impl<E: std::error::Error> r2d2::HandleError<E> for Refusals {
    fn handle_error(&self, error: E) {
        let why = error.to_string();
        let line = why.split_whitespace().collect::<Vec<_>>().join(" ");
        *self.0.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }
}

impl Meter {
    pub(super) fn new(connections: u32) -> Meter {
        Meter {
            connections,
            queries: Histogram::new(BUCKETS),
            open: AtomicU32::new(0),
            in_use: AtomicU32::new(0),
            is_away: AtomicBool::new(false),
            is_unwritable: AtomicBool::new(false),
            refused: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// A thread is busy for as long as what this returns lives.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.in_use.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn connected(&self, succeeded: bool) {
        self.is_away.store(!succeeded, Ordering::Relaxed);
    }

    /// Something was stored, or couldn't be.
    pub(super) fn stored(&self, succeeded: bool) {
        // Nearly always it is as before, and many threads look at it.
        if self.is_unwritable.load(Ordering::Relaxed) == succeeded {
            self.is_unwritable.store(!succeeded, Ordering::Relaxed);
        }
    }

    pub(super) fn is_unwritable(&self) -> bool {
        self.is_unwritable.load(Ordering::Relaxed)
    }

    /// Why an attempt to connect failed last, if any did.
    pub(super) fn why_away(&self) -> Option<String> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Counts what concerned safety, once it is stored.
    pub(super) fn noted(&self, kinds: &[SecurityKind]) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in kinds {
            events.entry(kind.as_str()).or_insert((*kind, 0)).1 += 1;
        }
    }

    pub(super) fn events(&self) -> Vec<(SecurityKind, u64)> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.values().copied().collect()
    }

    pub(super) fn load(&self, waiting: usize) -> Load {
        Load {
            connections: self.connections,
            open: self.open.load(Ordering::Relaxed),
            in_use: self.in_use.load(Ordering::Relaxed),
            waiting,
            is_away: self.is_away.load(Ordering::Relaxed),
            is_unwritable: self.is_unwritable.load(Ordering::Relaxed),
        }
    }
}

pub(super) struct Busy<'m>(&'m Meter);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Times the statements of one connection, and counts those that it keeps prepared.
pub(super) struct Timer {
    queries: Histogram,
    prepared: Arc<AtomicU32>,
    begun: Option<Instant>,
}

impl Timer {
    pub(super) fn new(queries: Histogram, prepared: Arc<AtomicU32>) -> Timer {
        Timer {
            queries,
            prepared,
            begun: None,
        }
    }
}

impl Instrumentation for Timer {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => self.begun = Some(Instant::now()),
            InstrumentationEvent::FinishQuery { .. } => {
                if let Some(begun) = self.begun.take() {
                    self.queries.observe(begun.elapsed().as_secs_f64());
                }
            }
            InstrumentationEvent::CacheQuery { .. } => {
                self.prepared.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
