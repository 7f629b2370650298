//! Threads for passwords alone: hashing is slow on purpose and must not starve anything else.

use crate::refusal::Refusal;
use crate::threads::Threads;
use firma_auth::password::{self, Weak};
use firma_domain::identity::BreachedPasswords;
use firma_domain::source::Entropy;
use firma_persistence::Fault;
use std::sync::Arc;

/// Hashes and compares passwords, holding no connection.
#[derive(Clone)]
pub struct Hasher {
    threads: Threads,
    cost: u32,
    entropy: Arc<dyn Entropy>,
    /// Compared with where there is no hash, so that it takes as long
    nobody: Arc<str>,
    /// What nobody may choose, beside the list that comes with the crate
    breached: Option<Arc<dyn BreachedPasswords>>,
}

/// Sign-ins that may wait.
const WAITING: usize = 512;

impl Hasher {
    /// Starts `threads` of them.
    pub fn start(threads: usize, cost: u32, entropy: Arc<dyn Entropy>) -> Result<Hasher, String> {
        let threads = Threads::start("hash", threads, WAITING)?;
        let nobody = password::hash("nobody has this password", cost, [0; 16]).map_err(|e| e.to_string())?;
        Ok(Hasher {
            threads,
            cost,
            entropy,
            nobody: nobody.into(),
            breached: None,
        })
    }

    /// The same, refusing new passwords that are among these.
    pub fn refusing(self, breached: Option<Arc<dyn BreachedPasswords>>) -> Hasher {
        Hasher { breached, ..self }
    }

    /// The cost of new hashes.
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// Whether the password is the one of the hash; with none, as slowly, never.
    pub async fn verify(&self, given: String, hash: Option<String>) -> Result<bool, Refusal> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        Ok(self.threads.run(move || password::verify(&given, &hash)).await? && known)
    }

    /// The hash of a password that somebody chose, unless it was found in a breach.
    pub async fn hash_chosen(&self, given: String) -> Result<String, Refusal> {
        if let Some(breached) = self.breached.clone() {
            let chosen = given.clone();
            let is_breached = self.threads.run(move || breached.has(&chosen)).await?;
            let is_breached = is_breached.map_err(|e| Fault::Internal(format!("breached passwords: {e}")))?;
            if is_breached {
                let detail = "was found in a breach, so it is tried everywhere";
                return Err(Refusal::field("password", Weak::Common.code(), detail));
            }
        }
        self.hash(given).await
    }

    /// The hash of a password.
    pub async fn hash(&self, given: String) -> Result<String, Refusal> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let cost = self.cost;
        let hashed = self
            .threads
            .run(move || password::hash(&given, cost, salt))
            .await?;
        hashed.map_err(|e| Fault::Internal(e.to_string()).into())
    }
}
