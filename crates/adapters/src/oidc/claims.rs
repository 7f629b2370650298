//! What an ID token has to be, and who it is about.

use super::Client;
use super::fetch::Fetch;
use firma_domain::identity::{Attempt, ProviderFault, Vouched};
use firma_domain::{Email, Instant};
use openidconnect::core::{
    CoreIdTokenClaims, CoreJwsSigningAlgorithm as Alg, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, EndUserFamilyName, EndUserGivenName, EndUserName,
    LocalizedClaim, Nonce, OAuth2TokenResponse, SignatureVerificationError, TokenResponse, UserInfoError,
};
use std::ops::Deref;

/// So many seconds the clocks may differ.
const SKEW: i64 = 60;
/// A token that was made longer ago isn't one that was just asked for.
const OLD: i64 = 600;

/// Signatures that only the provider can make: no HMAC, whose key is our secret, and not none.
const ALGORITHMS: [Alg; 10] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EcdsaP521Sha512,
    Alg::EdDsa,
];

/// Why it isn't.
pub(super) enum Wrong {
    /// It is signed with a key that isn't known
    Key,
    Other(String),
}

impl From<Wrong> for ProviderFault {
    fn from(wrong: Wrong) -> ProviderFault {
        ProviderFault::Untrusted(match wrong {
            Wrong::Key => "the ID token is signed with a key that the provider doesn't publish".into(),
            Wrong::Other(why) => why,
        })
    }
}

fn other(why: impl std::fmt::Display) -> Wrong {
    Wrong::Other(format!("ID token: {why}"))
}

/// The claims of an ID token that holds for this attempt (Core 1.0, 3.1.3.7).
pub(super) fn checked(
    client: &Client,
    attempt: &Attempt,
    tokens: &CoreTokenResponse,
    now: Instant,
) -> Result<CoreIdTokenClaims, Wrong> {
    let token = tokens.id_token().ok_or_else(|| other("there is none"))?;
    let time = Instant::to_chrono;
    let (latest, earliest) = (time(now.plus_seconds(SKEW)), time(now.plus_seconds(-OLD)));
    let lately = time(now.plus_seconds(-SKEW));
    let fresh_since = attempt.fresh_since.map(|at| time(at.plus_seconds(-SKEW)));
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_other_audience_verifier_fn(|_| false)
        .set_time_fn(move || lately)
        .set_issue_time_verifier_fn(move |at| match at {
            at if at > latest => Err("it was made in the future".into()),
            at if at < earliest => Err("it was made too long ago".into()),
            _ => Ok(()),
        })
        .set_auth_time_verifier_fn(move |at| match (fresh_since, at) {
            (None, _) => Ok(()),
            (Some(since), Some(at)) if at >= since => Ok(()),
            _ => Err("the person was not asked anew".into()),
        });
    let claims = token
        .claims(&verifier, &Nonce::new(attempt.nonce.clone()))
        .map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                Wrong::Key
            }
            ClaimsVerificationError::SignatureVerification(why) => other(why),
            error => other(error),
        })?;
    if claims
        .authorized_party()
        .is_some_and(|party| party != client.client_id())
    {
        return Err(other("it was made for another client"));
    }
    if let Some(hash) = claims.access_token_hash() {
        let alg = token.signing_alg().map_err(other)?;
        let key = token.signing_key(&verifier).map_err(other)?;
        let ours = AccessTokenHash::from_token(tokens.access_token(), alg, key).map_err(other)?;
        if ours != *hash {
            return Err(other("the access token is not the one that came with it"));
        }
    }
    Ok(claims.clone())
}

/// Who it is about. What the ID token leaves out is asked for.
pub(super) fn person(
    client: &Client,
    fetch: &Fetch,
    tokens: &CoreTokenResponse,
    claims: CoreIdTokenClaims,
) -> Result<Vouched, ProviderFault> {
    let subject = claims.subject().as_str();
    // As the standard has it; it is a key here.
    if subject.is_empty() || subject.len() > 255 || !subject.is_ascii() {
        return Err(ProviderFault::Untrusted(
            "the subject is not 1 to 255 letters of ASCII".into(),
        ));
    }
    let mut vouched = Vouched {
        subject: subject.to_owned(),
        email: claims.email().and_then(|email| Email::parse(email)),
        is_email_verified: claims.email_verified() == Some(true),
        name: said(claims.name(), EndUserName::deref),
        given_name: said(claims.given_name(), EndUserGivenName::deref),
        family_name: said(claims.family_name(), EndUserFamilyName::deref),
        authenticated_at: claims.auth_time().map(Instant::from),
        refresh_token: tokens.refresh_token().map(|token| token.secret().clone()),
        scope: tokens
            .scopes()
            .map(|all| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" ")),
    };
    if vouched.email.is_some() {
        return Ok(vouched);
    }
    // A provider without the endpoint has said all that it says.
    let Ok(request) = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())) else {
        return Ok(vouched);
    };
    let info: CoreUserInfoClaims = request.request(fetch).map_err(|error| match error {
        UserInfoError::Request(unreached) => unreached.into(),
        error => ProviderFault::Untrusted(format!("user info: {error}")),
    })?;
    vouched.email = info.email().and_then(|email| Email::parse(email));
    vouched.is_email_verified = info.email_verified() == Some(true);
    vouched.name = vouched.name.or_else(|| said(info.name(), EndUserName::deref));
    vouched.given_name = vouched
        .given_name
        .or_else(|| said(info.given_name(), EndUserGivenName::deref));
    vouched.family_name = vouched
        .family_name
        .or_else(|| said(info.family_name(), EndUserFamilyName::deref));
    Ok(vouched)
}

fn said<T>(claim: Option<&LocalizedClaim<T>>, text: fn(&T) -> &String) -> Option<String> {
    claim?.get(None).map(|value| text(value).clone())
}
