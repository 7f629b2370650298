//! What all handlers share.

use crate::address::Proxies;
use crate::limits::Limits;
use crate::metrics::Metrics;
use firma_domain::identity::Signup;
use firma_domain::platform::Tracer;
use firma_services::identity::{LastUsed, Providers, Signer, Transport};
use firma_services::installation::{Errors, Watch};
use firma_services::organizations::Domains;
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
    /// Where errors on our side are gathered
    pub errors: Errors,
    /// Where the spans of requests go, if they go anywhere
    pub traces: Option<Traces>,
    pub files: Files,
    /// Before the mail server
    pub mail: Arc<Breaker>,
    /// Whom people may sign in by
    pub providers: Providers,
    /// Who is asked whether a domain is an organization's
    pub domains: Domains,
    /// How often who isn't signed in may call what is worth guessing at
    pub limits: Limits,
    /// Who may get an account
    pub signup: Signup,
    pub site: Site,
}

/// Who takes spans, and what stands before the place that they go to.
#[derive(Clone)]
pub struct Traces {
    pub tracer: Arc<dyn Tracer>,
    pub breaker: Arc<Breaker>,
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
    /// The header in which they say the country, if they do
    pub country_header: Option<String>,
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

    /// The address by which it was called, if it is ours: browsers are sent back to it.
    pub(crate) fn address(&self, host: &str) -> Option<String> {
        let here =
            || Some(format!("http://{}", host.to_ascii_lowercase())).filter(|url| self.knows(url, host));
        self.public_url.clone().or_else(here)
    }

    /// Whether a sign-in may send a browser there: a path of ours, a page of one of our sites, or, where a program
    /// waits for it, this machine (RFC 8252, 7.3).
    pub(crate) fn lands(&self, to: &str, host: &str, transport: Transport) -> bool {
        let is_plain = |b: u8| b.is_ascii_graphic() && !br##"\#"<>"##.contains(&b);
        if to.len() > 1_000 || !to.bytes().all(is_plain) {
            return false;
        }
        let Some((scheme, rest)) = to.split_once("://").filter(|_| !to.starts_with('/')) else {
            return transport == Transport::Cookie && to.starts_with('/') && !to.starts_with("//");
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let origin = format!("{scheme}://{authority}");
        let is_program = transport == Transport::Bearer && !authority.contains('@') && is_loopback(&origin);
        is_program || self.knows(&origin, host)
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
    fn a_sign_in_ends_on_a_page_of_ours() {
        let site = Site {
            public_url: Some("https://firma.example".into()),
            origins: vec!["https://app.example".into()],
            ..Site::default()
        };
        let lands = |to: &str, transport| site.lands(to, "firma.example", transport);
        let (page, program) = (Transport::Cookie, Transport::Bearer);
        for ours in [
            "/",
            "/console/deals?x=1",
            "/a?to=https://evil.example/",
            "https://firma.example/x",
            "https://app.example/x",
        ] {
            assert!(lands(ours, page), "{ours}");
        }
        for foreign in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "/a b",
            "/a#b",
            "/a\nb",
            "https://evil.example/",
            "https://firma.example.evil.example/",
            "https://firma.example@evil.example/",
            "https://evil.example?https://firma.example/",
            "javascript:alert(1)",
            "javascript://firma.example/%0aalert(1)",
            "http://127.0.0.1:1/",
        ] {
            assert!(!lands(foreign, page), "{foreign}");
        }
        assert!(lands("http://127.0.0.1:7777/back?x", program) && lands("http://[::1]:7777", program));
        assert!(lands("https://app.example/x", program) && !lands("/x", program));
        assert!(!lands("http://127.0.0.1@evil.example/", program) && !lands("http://evil.example/", program));
        assert!(!lands("http://127.0.0.1:7777@evil.example/", program));
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
