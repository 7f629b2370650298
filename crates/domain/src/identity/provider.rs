use crate::value::{Email, Instant};
use std::fmt;

/// One sign-in at a provider: what belongs to this one alone. No `Debug`: who knows all of it can end it.
pub struct Attempt {
    /// Comes back with the answer, and so finds the attempt again
    pub state: String,
    /// Comes back in the ID token, and so binds it to the attempt
    pub nonce: String,
    /// Shown with the code alone: PKCE (RFC 7636)
    pub verifier: String,
    /// Where the provider sends the browser; one for each provider (RFC 9700, 4.4.2.2)
    pub redirect_uri: String,
    /// Whether the person has to show anew who they are, though the provider knows them still: the instant that the
    /// attempt began
    pub fresh_since: Option<Instant>,
}

/// Whom a provider vouches for, checked. No `Debug`: there may be a token.
pub struct Vouched {
    /// Who it is there: never given to anybody else
    pub subject: String,
    /// The e-mail that the provider knows
    pub email: Option<Email>,
    /// Whether the provider says that the e-mail is that person's
    pub is_email_verified: bool,
    /// The name that is shown
    pub name: Option<String>,
    /// Given name
    pub given_name: Option<String>,
    /// Family name
    pub family_name: Option<String>,
    /// When the person last showed to the provider who they are, if it says so
    pub authenticated_at: Option<Instant>,
    /// What more can be asked for with later, if it was given
    pub refresh_token: Option<String>,
    /// What the refresh token is good for
    pub scope: Option<String>,
}

/// Why a provider vouches for nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderFault {
    /// It can't be reached, or isn't able to answer
    Away(String),
    /// It doesn't take the code
    Refused(String),
    /// What it answers doesn't hold: an ID token that isn't for this attempt, say
    Untrusted(String),
}

impl fmt::Display for ProviderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProviderFault::Away(why) => write!(f, "the provider is away: {why}"),
            ProviderFault::Refused(why) => write!(f, "the provider refuses: {why}"),
            ProviderFault::Untrusted(why) => write!(f, "the provider's answer doesn't hold: {why}"),
        }
    }
}

impl std::error::Error for ProviderFault {}

/// Somebody else who knows people: an OpenID provider. Its calls wait for the network, so they belong on a thread
/// that may.
pub trait IdentityProvider: Send + Sync {
    /// What it calls itself: the issuer of its tokens.
    fn issuer(&self) -> &str;

    /// Where to send a browser.
    ///
    /// # Errors
    /// What the provider says of itself can't be had, or doesn't hold.
    fn authorization_url(&self, attempt: &Attempt) -> Result<String, ProviderFault>;

    /// Whom a code stands for.
    ///
    /// # Errors
    /// The code isn't good, the provider is away, or its answer doesn't hold.
    fn exchange(&self, attempt: &Attempt, code: &str) -> Result<Vouched, ProviderFault>;
}
