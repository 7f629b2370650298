//! Signing in with others: OpenID providers, and the accounts there that are linked to users.
//!
//! A sign-in begins with [`start`], which tells where to send the browser. The provider sends it back to
//! [`arrive`]. A browser's sign-in ends there; a program's is handed on to the program, which ends it with [`finish`].

mod arriving;
mod attempt;
mod linked;
mod settling;
mod starting;

pub use arriving::{Arrival, Arrived, End, arrive, finish};
pub use linked::{LinkedAccount, account, accounts, unlink};
pub use settling::Settled;
pub use starting::{Departure, Purpose, Start, may_link, start};

use crate::crud::Listed;
use crate::listing::Parameters;
use crate::pages::{self, listed};
use crate::platform::Breaker;
use crate::refusal::Refusal;
use crate::threads::Threads;
use firma_auth::keys::Key;
use firma_domain::Id;
use firma_domain::identity::{IdentityProvider, ProviderFault};
use firma_domain::platform::Gate;
use firma_domain::source::Clock;
use firma_persistence::{Position, Value};
use serde::Serialize;
use std::sync::Arc;

/// Threads that ask providers.
const THREADS: usize = 4;
/// Sign-ins that may wait for one.
const WAITING: usize = 64;

/// A provider that people may sign in by.
pub struct Provider {
    /// In paths and settings
    pub name: String,
    /// For people
    pub label: String,
    port: Arc<dyn IdentityProvider>,
    breaker: Breaker,
}

impl Provider {
    /// One behind a breaker of its own.
    pub fn new(
        name: String,
        label: String,
        port: Arc<dyn IdentityProvider>,
        clock: Arc<dyn Clock>,
    ) -> Provider {
        Provider {
            name,
            label,
            port,
            breaker: Breaker::new(clock),
        }
    }
}

/// All of them.
#[derive(Clone)]
pub struct Providers {
    all: Arc<[Arc<Provider>]>,
    threads: Option<Threads>,
}

/// What anybody is told of one.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    pub name: String,
    pub label: String,
}

listed! {
    Shown { "name", "label" }
}

/// Where this server stands in a sign-in, and what the browser showed.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its address, which browsers come back to
    pub address: String,
    /// What the browser was given when its first sign-in began
    pub browser: Option<String>,
}

impl Place {
    /// Where a provider sends the browser back to: each has an address of its own, so that none is taken for another
    /// (RFC 9700, 4.4.2.2).
    fn redirect_uri(&self, provider: &str) -> String {
        format!("{}/api/v1/auth/oidc/{provider}/callback", self.address)
    }
}

impl Providers {
    /// These, with threads that ask them.
    pub fn new(all: Vec<Provider>) -> Result<Providers, String> {
        let threads = match all.is_empty() {
            true => None,
            false => Some(Threads::start("provider", THREADS, WAITING)?),
        };
        Ok(Providers {
            all: all.into_iter().map(Arc::new).collect(),
            threads,
        })
    }

    /// In the order of the configuration.
    ///
    /// # Errors
    /// What is asked of the list isn't known.
    pub fn listed(&self, parameters: &Parameters, key: &Key) -> Result<Listed, Refusal> {
        let page = pages::page::<Shown>(parameters, Id::NIL, "oidc", key)?;
        let place = |provider: &Shown| Position {
            key: Some(provider.name.as_str().into()),
            id: Id::NIL,
        };
        let at = |name: &str| self.all.iter().position(|provider| provider.name == name);
        page.cut(self.shown(), place, |provider, after| match &after.key {
            Some(Value::Text(name)) => at(&provider.name) > at(name),
            _ => true,
        })
    }

    fn shown(&self) -> Vec<Shown> {
        let shown = |provider: &Arc<Provider>| Shown {
            name: provider.name.clone(),
            label: provider.label.clone(),
        };
        self.all.iter().map(shown).collect()
    }

    /// The state of each one's breaker.
    pub fn states(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.all
            .iter()
            .map(|provider| (provider.name.as_str(), provider.breaker.state()))
    }

    fn label(&self, name: &str) -> Option<&str> {
        let found = self.all.iter().find(|provider| provider.name == name)?;
        Some(&found.label)
    }

    fn named(&self, name: &str) -> Result<Arc<Provider>, Refusal> {
        let found = self.all.iter().find(|provider| provider.name == name);
        found.cloned().ok_or(Refusal::NotFound)
    }

    /// Asks a provider, on a thread that may wait. The outer error is that it can't be asked.
    async fn ask<T: Send + 'static>(
        &self,
        provider: &Arc<Provider>,
        question: impl FnOnce(&dyn IdentityProvider) -> Result<T, ProviderFault> + Send + 'static,
    ) -> Result<Result<T, ProviderFault>, Refusal> {
        let threads = self.threads.as_ref().ok_or(Refusal::NotFound)?;
        if !provider.breaker.admits() {
            return Err(Refusal::ProviderAway(provider.breaker.wait()));
        }
        let asked = provider.clone();
        let task = move || {
            let answered = question(asked.port.as_ref());
            // Who refuses is there.
            asked
                .breaker
                .went(!matches!(answered, Err(ProviderFault::Away(_))));
            answered
        };
        let answered = threads.run(task).await?;
        if let Err(fault) = &answered {
            log::warn!("{}: {fault}", provider.name);
        }
        match answered {
            Err(ProviderFault::Away(_)) => Err(Refusal::ProviderAway(provider.breaker.wait())),
            answered => Ok(answered),
        }
    }
}
