//! What all handlers share.

use crate::address::Proxies;
use crate::limits::Limits;
use crate::metrics::Metrics;
use firma_domain::identity::Signup;
use firma_services::identity::{LastUsed, Signer};
use firma_services::installation::Watch;
use firma_services::platform::{Breaker, Files};
use firma_services::{Database, Hasher};
use std::net::IpAddr;
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
    pub used: LastUsed,
    pub watch: Watch,
    pub files: Files,
    /// Before the mail server
    pub mail: Arc<Breaker>,
    /// How often who isn't signed in may call what is worth guessing at
    pub limits: Limits,
    /// Who may get an account
    pub signup: Signup,
    pub site: Site,
}

/// Where the server stands: for what people read, and to tell our own pages from foreign ones.
#[derive(Clone, Default)]
pub struct Site {
    /// The address that people reach it by, if it was told: scheme, host and perhaps a port
    pub public_url: Option<String>,
    /// Other sites whose pages may call it, with cookies too
    pub origins: Vec<String>,
    /// Whether only this machine reaches it
    pub is_local: bool,
    /// What stands between it and those who call
    pub proxies: Proxies,
    /// Where the rows are kept: a file, or a database without its password
    pub data: String,
}

impl Site {
    /// Whether browsers reach it by https: always, but on this machine alone.
    pub fn is_secure(&self) -> bool {
        match &self.public_url {
            Some(url) => !is_loopback(url),
            None => !self.is_local,
        }
    }

    /// Whether an origin is ours: the public address, one of the other sites, or, where only this machine reaches the
    /// server and nobody told it an address, the one that it was called by.
    pub fn knows(&self, origin: &str, host: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let told = self.public_url.as_ref() == Some(&origin) || self.origins.contains(&origin);
        let here = || is_loopback(&origin) && origin == format!("http://{}", host.to_ascii_lowercase());
        told || (self.public_url.is_none() && self.is_local && here())
    }
}

/// Plain http to this machine.
fn is_loopback(url: &str) -> bool {
    let Some(host) = url.strip_prefix("http://") else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_secure_but_on_this_machine_alone() {
        let site = |url: Option<&str>, is_local| Site {
            public_url: url.map(str::to_owned),
            is_local,
            ..Site::default()
        };
        assert!(site(None, false).is_secure() && !site(None, true).is_secure());
        for url in [
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://127.9.9.9:1",
            "http://[::1]:8080",
        ] {
            assert!(!site(Some(url), false).is_secure(), "{url}");
        }
        for url in [
            "https://localhost",
            "http://intranet",
            "http://localhost.example",
            "https://a.example",
        ] {
            assert!(site(Some(url), true).is_secure(), "{url}");
        }
    }

    #[test]
    fn origins_are_ours_as_a_whole() {
        let told = Site {
            public_url: Some("https://firma.example".into()),
            origins: vec!["https://app.example".into()],
            is_local: true,
            ..Site::default()
        };
        for ours in [
            "https://firma.example",
            "HTTPS://Firma.example",
            "https://app.example",
        ] {
            assert!(told.knows(ours, "127.0.0.1:1"), "{ours}");
        }
        for foreign in [
            "null",
            "",
            "http://firma.example",
            "https://firma.example.evil.example",
            "https://firma.example:444",
            "https://evil.example",
            "http://127.0.0.1:1",
            "https://app.example/",
            "firma.example",
        ] {
            assert!(!told.knows(foreign, "127.0.0.1:1"), "{foreign}");
        }
        let local = Site {
            is_local: true,
            ..Site::default()
        };
        assert!(
            local.knows("http://127.0.0.1:1", "127.0.0.1:1")
                && local.knows("http://localhost:1", "localhost:1")
        );
        assert!(!local.knows("http://127.0.0.1:2", "127.0.0.1:1"));
        assert!(!local.knows("http://evil.example", "evil.example"));
        assert!(!Site::default().knows("http://127.0.0.1:1", "127.0.0.1:1"));
    }
}
