//! Errors on our side, gathered in this server's memory and written down in batches: a call that fails doesn't wait for
//! it, and a database that fails isn't asked more often because of it.

use firma_domain::Instant;
use firma_domain::platform::{ErrorKind, normalised};
use firma_domain::source::Clock;
use firma_persistence::installation::Occurrences;
use firma_persistence::{Database, Fault, Origin, Panicked, Tx};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Moment};

/// So many different ones are kept until they are written down; of one more, only that it came is counted.
const KEPT: usize = 200;
/// The most characters of a place, a route or an id.
const LONGEST: usize = 200;
/// For so long more of them are waited for.
const SOON: Duration = Duration::from_secs(2);
/// The longest time between two attempts to write them down; doubled up to it after each that failed.
const LATE: Duration = Duration::from_secs(300);

/// Something that went wrong on our side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub kind: ErrorKind,
    /// Method and route, a line of the code, or the kind of a job
    pub place: String,
    /// What was said; what differs from one time to the next is taken out of it
    pub message: String,
    pub request_id: Option<String>,
    pub route: Option<String>,
}

impl Incident {
    /// What makes it the same as another.
    fn fingerprint(kind: ErrorKind, place: &str, message: &str) -> String {
        let digest = Sha256::digest(format!("{}\0{place}\0{message}", kind.as_str()));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The same, where it is known that the code panicked, and perhaps where.
    pub fn unless_panicked(self, panicked: Option<&Panicked>) -> Incident {
        match panicked {
            None => self,
            Some(panicked) => Incident {
                kind: ErrorKind::Panic,
                place: panicked.place.clone().unwrap_or(self.place),
                message: panicked.message.clone(),
                ..self
            },
        }
    }
}

#[derive(Default)]
struct Gathered {
    waiting: BTreeMap<String, Occurrences>,
    is_stopping: bool,
}

struct Shared {
    clock: Arc<dyn Clock>,
    gathered: Mutex<Gathered>,
    changed: Condvar,
    counts: [AtomicU64; ErrorKind::ALL.len()],
}

/// Where they are gathered. Cheap to clone.
#[derive(Clone)]
pub struct Errors(Arc<Shared>);

impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errors({:?})", self.counted())
    }
}

impl Errors {
    pub fn new(clock: Arc<dyn Clock>) -> Errors {
        Errors(Arc::new(Shared {
            clock,
            gathered: Mutex::default(),
            changed: Condvar::new(),
            counts: Default::default(),
        }))
    }

    /// Counts one that came.
    pub fn note(&self, incident: Incident) {
        let now = self.0.clock.now();
        let kinds = ErrorKind::ALL.iter().zip(&self.0.counts);
        for (_, count) in kinds.filter(|(kind, _)| **kind == incident.kind) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.held().add(occurred(incident, now));
        self.0.changed.notify_all();
    }

    /// How many of each kind came since this process began, written down or not.
    pub fn counted(&self) -> Vec<(ErrorKind, u64)> {
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        ErrorKind::ALL.iter().copied().zip(counts).collect()
    }

    /// Writes down what was gathered. What can't be written is kept.
    pub fn flush(&self, database: &Database) -> Result<(), Fault> {
        let waiting = std::mem::take(&mut self.held().waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let all: Arc<Vec<Occurrences>> = Arc::new(waiting.into_values().collect());
        let noted = all.clone();
        let written =
            database.write_waiting(Origin::default(), move |tx: &mut Tx<'_>| tx.note_errors(&noted));
        if written.is_err() {
            let mut gathered = self.held();
            all.iter().for_each(|one| gathered.add(one.clone()));
        }
        written
    }

    /// Starts the thread that writes them down.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(&self, database: Database) -> Result<Writing, String> {
        let errors = self.clone();
        let started = std::thread::Builder::new()
            .name("errors".into())
            .spawn(move || errors.write(&database));
        let thread = started.map_err(|e| format!("a thread for errors did not start: {e}"))?;
        Ok(Writing {
            errors: self.clone(),
            thread,
        })
    }

    fn write(&self, database: &Database) {
        let mut wait = SOON;
        loop {
            let is_last = self.await_some(wait);
            wait = match self.flush(database) {
                Ok(()) => SOON,
                Err(fault) => {
                    log::warn!("errors were not written down yet: {fault}");
                    (wait * 2).min(LATE)
                }
            };
            if is_last {
                return;
            }
        }
    }

    /// Until there is something, and then for a while; whether it is the last time.
    fn await_some(&self, wait: Duration) -> bool {
        let nothing = |gathered: &mut Gathered| gathered.waiting.is_empty() && !gathered.is_stopping;
        let changed = &self.0.changed;
        let gathered = changed
            .wait_while(self.held(), nothing)
            .unwrap_or_else(PoisonError::into_inner);
        let goes_on = |gathered: &mut Gathered| !gathered.is_stopping;
        let waited = changed.wait_timeout_while(gathered, wait, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_stopping
    }

    fn held(&self) -> MutexGuard<'_, Gathered> {
        self.0.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that writes errors down.
pub struct Writing {
    errors: Errors,
    thread: JoinHandle<()>,
}

impl Writing {
    /// Writes down what is left, and ends; a database that doesn't answer isn't waited for longer than that.
    pub fn stop(self, grace: Duration) {
        self.errors.held().is_stopping = true;
        self.errors.0.changed.notify_all();
        let begun = Moment::now();
        while begun.elapsed() < grace && !self.thread.is_finished() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Gathered {
    fn add(&mut self, one: Occurrences) {
        let is_full = self.waiting.len() >= KEPT;
        let Some(known) = self.waiting.get_mut(&one.fingerprint) else {
            if !is_full {
                self.waiting.insert(one.fingerprint.clone(), one);
            }
            return;
        };
        known.count += one.count;
        known.first_at = known.first_at.min(one.first_at);
        if one.last_at >= known.last_at {
            known.last_at = one.last_at;
            known.last_request_id = one.last_request_id;
            known.route = one.route;
        }
    }
}

fn occurred(incident: Incident, at: Instant) -> Occurrences {
    // The databases take no zero, and a line is one line.
    let short = |text: String| {
        text.chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect::<String>()
    };
    let (place, message) = (short(incident.place), normalised(&incident.message));
    Occurrences {
        fingerprint: Incident::fingerprint(incident.kind, &place, &message),
        kind: incident.kind,
        place,
        message,
        count: 1,
        first_at: at,
        last_at: at,
        last_request_id: incident.request_id.map(short),
        route: incident.route.map(short),
        binary_version: env!("CARGO_PKG_VERSION").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Instant {
            Instant::from_micros(1_700_000_000_000_000).unwrap()
        }
    }

    fn incident(message: String) -> Incident {
        Incident {
            kind: ErrorKind::Answer,
            place: "GET /x".into(),
            message,
            request_id: None,
            route: None,
        }
    }

    #[test]
    fn what_is_remembered_has_an_end_and_all_of_it_is_counted() {
        let errors = Errors::new(Arc::new(Still));
        let word = |n: usize| {
            n.to_string()
                .bytes()
                .map(|b| char::from(b + 49))
                .collect::<String>()
        };
        (0..KEPT + 50).for_each(|n| errors.note(incident(word(n))));
        errors.note(incident(word(0)));
        let waiting = &errors.held().waiting;
        assert_eq!(waiting.len(), KEPT);
        assert_eq!(waiting.values().map(|one| one.count).sum::<i64>(), 201);
        assert_eq!(errors.counted()[0], (ErrorKind::Answer, 251));
    }

    #[test]
    fn the_same_but_for_a_number_is_the_same() {
        let errors = Errors::new(Arc::new(Still));
        (0..9).for_each(|n| errors.note(incident(format!("row {n} of \"{n}\" is off"))));
        errors.note(
            incident("row 1 of \"1\" is off".into()).unless_panicked(Some(&Panicked {
                place: Some("src/x.rs:7".into()),
                message: "row 3 is off".into(),
            })),
        );
        let gathered = errors.held();
        let mut found: Vec<_> = gathered
            .waiting
            .values()
            .map(|one| (one.kind, one.place.as_str(), one.message.as_str(), one.count))
            .collect();
        found.sort_by_key(|one| one.3);
        assert_eq!(
            found,
            [
                (ErrorKind::Panic, "src/x.rs:7", "row # is off", 1),
                (ErrorKind::Answer, "GET /x", "row # of ? is off", 9),
            ]
        );
    }
}
