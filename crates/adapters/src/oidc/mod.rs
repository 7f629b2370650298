//! OpenID providers: discovery, PKCE, and ID tokens that are checked (OpenID Connect Core 1.0, RFC 9700).

mod claims;
mod fetch;

use claims::{checked, person};
use fetch::{Fetch, Unreached};
use firma_domain::Instant;
use firma_domain::identity::{Attempt, IdentityProvider, ProviderFault, Vouched};
use firma_domain::source::Clock;
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreProviderMetadata,
    CoreTokenResponse,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// For so many seconds it isn't asked again what a provider says of itself: its addresses and its keys.
const AGE: i64 = 3_600;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What a provider has to be told of us. No `Debug`: there is a secret.
pub struct OidcSettings {
    /// Exactly as the provider writes it
    pub issuer: String,
    pub client_id: String,
    /// None for a client that proves itself by PKCE alone
    pub client_secret: Option<String>,
    /// Beside `openid`
    pub scopes: Vec<String>,
}

/// One OpenID provider.
pub struct OidcProvider {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    scopes: Vec<Scope>,
    clock: Arc<dyn Clock>,
    fetch: Fetch,
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

impl OidcProvider {
    /// One that is asked when it is needed, not now.
    ///
    /// # Errors
    /// The issuer is no URL, or neither `https` nor on this machine.
    pub fn new(settings: OidcSettings, clock: Arc<dyn Clock>) -> Result<OidcProvider, String> {
        let issuer = IssuerUrl::new(settings.issuer).map_err(|e| e.to_string())?;
        let fetch = Fetch::to(issuer.url())?;
        Ok(OidcProvider {
            issuer,
            client_id: ClientId::new(settings.client_id),
            client_secret: settings.client_secret.map(ClientSecret::new),
            scopes: settings.scopes.into_iter().map(Scope::new).collect(),
            clock,
            fetch,
            known: Mutex::default(),
        })
    }

    /// What the provider says of itself; asked anew when it is old, or when what is known isn't enough.
    fn metadata(&self, anew: bool) -> Result<Arc<CoreProviderMetadata>, ProviderFault> {
        let now = self.clock.now();
        let is_young = |at: &Instant| now < at.plus_seconds(AGE);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, metadata)) = known.filter(|(at, _)| !anew && is_young(at)) {
            return Ok(metadata);
        }
        let found = CoreProviderMetadata::discover(&self.issuer, &self.fetch).map_err(undiscovered)?;
        self.fetch.admits(found.authorization_endpoint().url())?;
        let found = Arc::new(found);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, found.clone()));
        Ok(found)
    }

    fn client(&self, metadata: &CoreProviderMetadata, attempt: &Attempt) -> Result<Client, ProviderFault> {
        let redirect = RedirectUrl::new(attempt.redirect_uri.clone())
            .map_err(|e| ProviderFault::Untrusted(format!("the redirect URI is no URL: {e}")))?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        // What it says nothing of is Basic.
        let by_body = methods.is_some_and(|all| {
            !all.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && all.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        );
        Ok(client.set_redirect_uri(redirect).set_auth_type(if by_body {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        }))
    }

    fn tokens(
        &self,
        client: &Client,
        attempt: &Attempt,
        code: &str,
    ) -> Result<CoreTokenResponse, ProviderFault> {
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|e| ProviderFault::Untrusted(e.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()));
        request.request(&self.fetch).map_err(|error| match error {
            // Its description is for nobody but who reads logs.
            RequestTokenError::ServerResponse(said) => ProviderFault::Refused(said.to_string()),
            RequestTokenError::Request(unreached) => unreached.into(),
            RequestTokenError::Parse(error, _) => ProviderFault::Untrusted(format!("tokens: {error}")),
            RequestTokenError::Other(why) => ProviderFault::Untrusted(why),
        })
    }
}

impl IdentityProvider for OidcProvider {
    fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    fn authorization_url(&self, attempt: &Attempt) -> Result<String, ProviderFault> {
        let metadata = self.metadata(false)?;
        let client = self.client(&metadata, attempt)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let (state, nonce) = (attempt.state.clone(), attempt.nonce.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state.clone()),
                move || Nonce::new(nonce.clone()),
            )
            .add_scopes(self.scopes.iter().cloned())
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if attempt.fresh_since.is_some() {
            // By the age it also has to say when the person signed in (Core 1.0, 3.1.2.1). Some know only the prompt.
            request = request
                .set_max_age(Duration::ZERO)
                .add_prompt(CoreAuthPrompt::Login);
        }
        let (url, _, _) = request.url();
        Ok(url.to_string())
    }

    fn exchange(&self, attempt: &Attempt, code: &str) -> Result<Vouched, ProviderFault> {
        let metadata = self.metadata(false)?;
        let client = self.client(&metadata, attempt)?;
        let tokens = self.tokens(&client, attempt, code)?;
        let now = self.clock.now();
        let claims = match checked(&client, attempt, &tokens, now) {
            // A key that isn't known may be one that came since.
            Err(claims::Wrong::Key) => {
                let metadata = self.metadata(true)?;
                checked(&self.client(&metadata, attempt)?, attempt, &tokens, now)
            }
            checked => checked,
        };
        person(&client, &self.fetch, &tokens, claims?)
    }
}

fn undiscovered(error: DiscoveryError<Unreached>) -> ProviderFault {
    match error {
        DiscoveryError::Request(unreached) => unreached.into(),
        DiscoveryError::Response(status, ..) => ProviderFault::Away(format!("discovery answers {status}")),
        DiscoveryError::Validation(why) => ProviderFault::Untrusted(why),
        other => ProviderFault::Untrusted(format!("discovery: {other}")),
    }
}
