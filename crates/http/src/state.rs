//! What all handlers share.

use crate::metrics::Metrics;
use firma_services::identity::Signer;
use firma_services::platform::{Breaker, Files};
use firma_services::{Database, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The parts that the binary puts together.
pub struct State {
    pub database: Database,
    pub hasher: Hasher,
    pub signer: Signer,
    pub metrics: Metrics,
    /// The most bytes of a body
    pub max_body: usize,
    pub draining: Draining,
    pub files: Files,
    /// Before the mail server
    pub mail: Arc<Breaker>,
    pub site: Site,
}

/// Where the server stands, for what people read.
#[derive(Clone, Default)]
pub struct Site {
    /// The address that people reach it by, if it was told: scheme, host and perhaps a port
    pub public_url: Option<String>,
    /// Where the rows are kept: a file, or a database without its password
    pub data: String,
}

/// Whether the server is about to stop: it still answers, but isn't ready for more.
#[derive(Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
