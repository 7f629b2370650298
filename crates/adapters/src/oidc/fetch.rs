//! HTTP to a provider: TLS, no redirects, no proxy, little time and little room.

use crate::agent::agent;
use firma_domain::identity::ProviderFault;
use openidconnect::url::{Host, Url};
use openidconnect::{HttpRequest, HttpResponse, SyncHttpClient};
use std::time::Duration;

/// The longest that one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of one answer.
const ROOM: u64 = 1_000_000;

/// There was no answer that could be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreached(String);

impl std::fmt::Display for Unreached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreached {}

impl From<Unreached> for ProviderFault {
    fn from(unreached: Unreached) -> ProviderFault {
        ProviderFault::Away(unreached.0)
    }
}

/// Speaks to one provider.
pub(super) struct Fetch {
    agent: ureq::Agent,
    /// Whether plain http is spoken, which doesn't leave this machine
    is_local: bool,
}

impl Fetch {
    /// For the provider of that issuer.
    pub(super) fn to(issuer: &Url) -> Result<Fetch, String> {
        let is_local = match issuer.scheme() {
            "https" => false,
            "http" if is_loopback(issuer) => true,
            _ => return Err("an issuer is https://…, or http://… on this machine".into()),
        };
        if issuer.query().is_some() || issuer.fragment().is_some() || !issuer.username().is_empty() {
            return Err("an issuer has no user, no query and no fragment".into());
        }
        Ok(Fetch {
            agent: agent(PATIENCE).https_only(!is_local).build().into(),
            is_local,
        })
    }

    /// Refuses an address that a browser would be sent to without TLS.
    pub(super) fn admits(&self, url: &Url) -> Result<(), ProviderFault> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.is_local && is_loopback(url) => Ok(()),
            _ => Err(ProviderFault::Untrusted(format!("{url} is not https"))),
        }
    }
}

impl SyncHttpClient for Fetch {
    type Error = Unreached;

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, Unreached> {
        let unreached = |e: &dyn std::fmt::Display| Unreached(e.to_string());
        let url = Url::parse(&request.uri().to_string()).map_err(|e| unreached(&e))?;
        self.admits(&url).map_err(|e| unreached(&e))?;
        let (head, body) = request.into_parts();
        let answered = match body.is_empty() {
            true => self.agent.run(ureq::http::Request::from_parts(head, ())),
            false => self.agent.run(ureq::http::Request::from_parts(head, body)),
        };
        let (head, mut body) = answered.map_err(|e| unreached(&e))?.into_parts();
        // It isn't able to answer: not a refusal.
        if head.status.is_server_error() || head.status.as_u16() == 429 {
            return Err(Unreached(format!("it answers {}", head.status)));
        }
        let body = body
            .with_config()
            .limit(ROOM)
            .read_to_vec()
            .map_err(|e| unreached(&e))?;
        Ok(HttpResponse::from_parts(head, body))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine() {
        let to = |issuer: &str| Fetch::to(&Url::parse(issuer).unwrap());
        for fine in [
            "https://id.example",
            "https://id.example/realms/one",
            "http://localhost:1",
            "http://127.0.0.1",
            "http://[::1]:8080",
        ] {
            assert!(to(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "http://id.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://u@id.example",
            "https://id.example?x",
            "https://id.example#x",
        ] {
            assert!(to(wrong).is_err(), "{wrong}");
        }
        let admits = |issuer: &str, url: &str| to(issuer).unwrap().admits(&Url::parse(url).unwrap()).is_ok();
        assert!(admits("https://id.example", "https://other.example/auth"));
        assert!(admits("http://127.0.0.1:1", "http://127.0.0.1:2/auth"));
        assert!(!admits("http://127.0.0.1:1", "http://id.example/auth"));
        assert!(!admits("https://id.example", "http://127.0.0.1:2/auth"));
        assert!(!admits("https://id.example", "javascript:alert(1)"));
    }
}
