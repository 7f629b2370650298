//! How a sign-in at a provider begins.

use super::super::door::Door;
use super::super::sessions::Transport;
use super::attempt::{LIFE, attempt, challenge, digest, is_random, random};
use super::{Place, Providers};
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_domain::identity::ProviderFault;
use firma_persistence::Tx;
use firma_persistence::identity::Begun;
use serde::{Deserialize, Serialize};

/// What somebody who wants to sign in by a provider says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    #[serde(default)]
    pub transport: Transport,
    /// Where the browser goes in the end
    pub return_to: String,
    /// The SHA-256 of a secret that a program shows at the end, in base64url
    #[serde(default)]
    pub code_challenge: Option<String>,
    /// Whether the provider has to ask the person anew who they are
    #[serde(default)]
    pub fresh: bool,
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

/// Begins a sign-in, or, for who is signed in, the linking of an account. Where the browser goes in the end was judged.
pub async fn start(
    door: &Door<'_>,
    providers: &Providers,
    name: &str,
    start: Start,
    place: &Place,
    linking: Option<Caller>,
) -> Result<Departure, Refusal> {
    let provider = providers.named(name)?;
    let (proof, browser) = start.proof(place, random(door.signer))?;
    let state = random(door.signer);
    let now = door.database.sources.clock.now();
    let fresh_since = start.fresh.then_some(now);
    let attempt = attempt(
        &door.signer.keys.provider,
        &state,
        &place.redirect_uri(name),
        fresh_since,
    );
    let url = providers
        .ask(&provider, move |port| port.authorization_url(&attempt))
        .await?;
    let authorization_url = url.map_err(|_: ProviderFault| Refusal::ProviderAway(LIFE))?;
    let begun = Begun {
        provider: name.to_owned(),
        is_by_program: start.transport == Transport::Bearer,
        proof: proof.to_vec(),
        return_to: start.return_to,
        is_fresh: start.fresh,
        linking: linking.map(|caller| (caller.user, caller.session)),
        created_at: now,
        expires_at: now.plus_seconds(LIFE),
    };
    door.write(move |tx| {
        if let Some(caller) = linking {
            caller.check(tx)?;
        }
        Ok(tx.add_attempt(digest(&state), &begun)?)
    })
    .await?;
    Ok(Departure {
        authorization_url,
        expires_in: LIFE,
        browser,
    })
}
