//! How a sign-in at a provider begins.

use super::super::door::Door;
use super::super::guessing::Counts;
use super::super::sessions::{Signer, Transport};
use super::super::step_up::{FactorShown, factor_shown, failed, lacking};
use super::attempt::{LIFE, attempt, challenge, digest, is_random, random};
use super::{Place, Providers};
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_domain::identity::{Guessed, ProviderFault};
use firma_persistence::Tx;
use firma_persistence::identity::Begun;
use serde::{Deserialize, Serialize};

/// What somebody who wants to sign in by a provider says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    #[serde(default, deserialize_with = "firma_domain::input::word")]
    pub transport: Transport,
    /// Where the browser goes in the end
    pub return_to: String,
    /// The SHA-256 of a secret that a program shows at the end, in base64url
    #[serde(default)]
    pub code_challenge: Option<String>,
    /// Whether the provider has to ask the person anew who they are
    #[serde(default)]
    pub fresh: bool,
    /// Of who steps up and has a second factor: a code of it
    #[serde(default)]
    pub code: Option<String>,
}

/// What a sign-in at a provider is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// To sign somebody in
    SignIn,
    /// To link the account to who is signed in
    Link(Caller),
    /// For who is signed in to show anew who they are
    StepUp(Caller),
}

impl Purpose {
    /// Who is signed in and asks for it.
    pub(super) fn caller(self) -> Option<Caller> {
        match self {
            Purpose::SignIn => None,
            Purpose::Link(caller) | Purpose::StepUp(caller) => Some(caller),
        }
    }

    pub(super) fn is_step_up(self) -> bool {
        matches!(self, Purpose::StepUp(_))
    }
}

/// Where to send the browser.
#[derive(Debug, Clone, Serialize)]
pub struct Departure {
    pub authorization_url: String,
    /// Seconds until it has to be back
    pub expires_in: i64,
    /// What the browser shows when it comes back
    #[serde(skip)]
    pub browser: Option<String>,
}

impl Start {
    /// SHA-256 of what has to be shown at the end, and what a browser is given for that.
    fn proof(&self, place: &Place, new: String) -> Result<([u8; 32], Option<String>), Refusal> {
        match (self.transport, &self.code_challenge) {
            (Transport::Bearer, Some(text)) => {
                let wrong = || Refusal::field("code_challenge", "invalid", "is not a SHA-256 in base64url");
                Ok((challenge(text).ok_or_else(wrong)?, None))
            }
            (Transport::Bearer, None) => Err(Refusal::field(
                "code_challenge",
                "required",
                "is needed where a program ends the sign-in",
            )),
            (Transport::Cookie, Some(_)) => Err(Refusal::field(
                "code_challenge",
                "invalid",
                "is for programs: a browser has a cookie",
            )),
            // Of one browser several sign-ins may be under way.
            (Transport::Cookie, None) => {
                let kept = place.browser.clone().filter(|text| is_random(text));
                let browser = kept.unwrap_or(new);
                Ok((digest(&browser), Some(browser)))
            }
        }
    }
}

/// Refuses who may not link an account now, before the body is read.
pub async fn may_link(door: &Door<'_>, caller: Caller) -> Result<(), Refusal> {
    let look = move |tx: &mut Tx<'_>| {
        caller.check(tx)?;
        caller.step_up(tx)
    };
    door.read(look).await
}

/// Why who is signed in may not step up by a provider: no account there, or a second factor that isn't shown. What is
/// refused is counted, so it is no error yet.
fn may_begin(
    tx: &mut Tx<'_>,
    signer: &Signer,
    caller: Caller,
    (provider, issuer): (&str, &str),
    code: Option<&str>,
) -> Result<Option<Refusal>, Refusal> {
    if !tx.has_account_at(caller.user, provider, issuer)? {
        return Ok(Some(Refusal::NotFound));
    }
    let counts = Counts::only(signer, Guessed::Session, caller.session);
    counts.admit(tx)?;
    Ok(match factor_shown(tx, signer, caller.user, code)? {
        FactorShown::Yes => {
            counts.right(tx)?;
            None
        }
        FactorShown::None => None,
        FactorShown::Lacking => Some(lacking()),
        FactorShown::Wrong => {
            failed(tx, &counts, caller.user)?;
            Some(Refusal::WrongCode)
        }
    })
}

/// Begins a sign-in, or, for who is signed in, the linking of an account or a step-up. Where the browser goes in the
/// end was judged.
pub async fn start(
    door: &Door<'_>,
    providers: &Providers,
    name: &str,
    start: Start,
    place: &Place,
    purpose: Purpose,
) -> Result<Departure, Refusal> {
    let provider = providers.named(name)?;
    if start.code.is_some() && !purpose.is_step_up() {
        return Err(Refusal::field("code", "invalid", "is for who steps up"));
    }
    let (proof, browser) = start.proof(place, random(door.signer))?;
    let state = random(door.signer);
    let now = door.database.sources.clock.now();
    // Who steps up is asked anew, whatever the provider still knows.
    let is_fresh = start.fresh || purpose.is_step_up();
    let fresh_since = is_fresh.then_some(now);
    let attempt = attempt(
        &door.signer.keys.provider,
        &state,
        &place.redirect_uri(name),
        fresh_since,
    );
    let issuer = provider.port.issuer().to_owned();
    let url = providers
        .ask(&provider, move |port| port.authorization_url(&attempt))
        .await?;
    let authorization_url = url.map_err(|_: ProviderFault| Refusal::ProviderAway(LIFE))?;
    let begun = Begun {
        provider: name.to_owned(),
        is_by_program: start.transport == Transport::Bearer,
        proof: proof.to_vec(),
        return_to: start.return_to,
        is_fresh,
        caller: purpose.caller().map(|caller| (caller.user, caller.session)),
        is_step_up: purpose.is_step_up(),
        created_at: now,
        expires_at: now.plus_seconds(LIFE),
    };
    let (signer, code) = (door.signer.clone(), start.code);
    let keep = move |tx: &mut Tx<'_>| {
        if let Some(caller) = purpose.caller() {
            caller.check(tx)?;
        }
        if let Purpose::StepUp(caller) = purpose {
            let known = (begun.provider.as_str(), issuer.as_str());
            if let Some(refusal) = may_begin(tx, &signer, caller, known, code.as_deref())? {
                return Ok(Some(refusal));
            }
        }
        tx.add_attempt(digest(&state), &begun)?;
        Ok(None)
    };
    if let Some(refusal) = door.write(keep).await? {
        return Err(refusal);
    }
    Ok(Departure {
        authorization_url,
        expires_in: LIFE,
        browser,
    })
}
