//! Threads for passwords alone: hashing is slow on purpose and must not starve anything else.

use crate::refusal::Refusal;
use crossbeam_channel::{Sender, TrySendError, bounded};
use firma_auth::password;
use firma_domain::source::Entropy;
use firma_persistence::Fault;
use std::sync::Arc;
use tokio::sync::oneshot;

type Task = Box<dyn FnOnce() + Send>;

/// Hashes and compares passwords, holding no connection.
#[derive(Clone)]
pub struct Hasher {
    tasks: Sender<Task>,
    cost: u32,
    entropy: Arc<dyn Entropy>,
    /// Compared with where there is no hash, so that it takes as long
    nobody: Arc<str>,
}

/// Sign-ins that may wait.
const WAITING: usize = 512;

impl Hasher {
    /// Starts `threads` of them.
    pub fn start(threads: usize, cost: u32, entropy: Arc<dyn Entropy>) -> Result<Hasher, String> {
        let (tasks, waiting) = bounded::<Task>(WAITING);
        for n in 0..threads {
            let waiting = waiting.clone();
            let started = std::thread::Builder::new()
                .name(format!("hash-{n}"))
                .spawn(move || waiting.iter().for_each(|task| task()));
            started.map_err(|e| format!("a thread for passwords did not start: {e}"))?;
        }
        let nobody = password::hash("nobody has this password", cost, [0; 16]).map_err(|e| e.to_string())?;
        Ok(Hasher {
            tasks,
            cost,
            entropy,
            nobody: nobody.into(),
        })
    }

    /// The cost of new hashes.
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// Whether the password is the one of the hash; with none, as slowly, never.
    pub async fn verify(&self, given: String, hash: Option<String>) -> Result<bool, Refusal> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        Ok(self.run(move || password::verify(&given, &hash)).await? && known)
    }

    /// The hash of a new password.
    pub async fn hash(&self, given: String) -> Result<String, Refusal> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let cost = self.cost;
        let hashed = self.run(move || password::hash(&given, cost, salt)).await?;
        hashed.map_err(|e| Fault::Internal(e.to_string()).into())
    }

    async fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let (answer, waiting) = oneshot::channel();
        let task = Box::new(move || drop(answer.send(task())));
        match self.tasks.try_send(task) {
            Ok(()) => waiting
                .await
                .map_err(|_| Fault::Internal("a thread for passwords ended".into()).into()),
            Err(TrySendError::Full(_)) => Err(Fault::Busy.into()),
            Err(TrySendError::Disconnected(_)) => Err(Fault::Away.into()),
        }
    }
}
