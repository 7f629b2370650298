use super::sessions::Signer;
use crate::hasher::Hasher;
use crate::refusal::Refusal;
use firma_auth::password::{self, Weak};
use firma_domain::identity::{User, Username};
use firma_persistence::{Database, Origin, Tx};

/// What a call needs that asks for a password: it reads, hashes while no connection is held, and writes.
pub struct Door<'a> {
    pub database: &'a Database,
    pub hasher: &'a Hasher,
    pub signer: &'a Signer,
    pub origin: Origin,
    /// What the device was given at its last sign-in
    pub device: Option<String>,
    /// The refresh token that the browser forgets for the new one: its session ends with a sign-in
    pub replaces: Option<String>,
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

    /// The hash of a new password that was judged, unless it was found in a breach.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Refusal> {
        self.hasher.hash_chosen(password.to_owned()).await
    }
}

/// Refuses a password that isn't good enough. `about` is what is known of its user.
pub(crate) fn judge(password: &str, beside_factor: bool, about: &[&str]) -> Result<(), Refusal> {
    let judged = match beside_factor {
        true => password::check_beside_factor(password, about),
        false => password::check(password, about),
    };
    judged.map_err(|weak: Weak| Refusal::field("password", weak.code(), weak.to_string()))
}

/// What is known of a user, for [`judge`].
pub(super) fn known_of(user: &User) -> [&str; 3] {
    let username = user.username.as_ref().map_or("", Username::as_str);
    [user.email.as_str(), &user.name, username]
}
