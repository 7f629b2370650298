use super::sessions::Signer;
use crate::hasher::Hasher;
use crate::refusal::Refusal;
use firma_auth::password::{self, Weak};
use firma_persistence::{Database, Origin, Tx};

/// What a call needs that asks for a password: it reads, hashes while no connection is held, and writes.
pub struct Door<'a> {
    pub database: &'a Database,
    pub hasher: &'a Hasher,
    pub signer: &'a Signer,
    pub origin: Origin,
    /// What the device was given at its last sign-in
    pub device: Option<String>,
    /// The language that the client asks for
    pub language: String,
}

impl Door<'_> {
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.database.read(run).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.database.write(self.origin.clone(), run).await
    }

    /// The hash of a new password that was judged.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Refusal> {
        self.hasher.hash(password.to_owned()).await
    }
}

/// Refuses a password that isn't good enough.
pub(crate) fn judge(password: &str, beside_factor: bool) -> Result<(), Refusal> {
    let judged = match beside_factor {
        true => password::check_beside_factor(password),
        false => password::check(password),
    };
    judged.map_err(|weak: Weak| Refusal::field("password", weak.code(), weak.to_string()))
}
