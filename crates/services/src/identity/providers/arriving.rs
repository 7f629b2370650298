//! How a sign-in at a provider ends.

use super::super::door::Door;
use super::super::sessions::{SignedIn, about};
use super::super::step_up::SteppedUp;
use super::attempt::{attempt, digest, with};
use super::settling::{Desk, Settled};
use super::{Place, Providers, Purpose};
use crate::refusal::Refusal;
use firma_domain::Id;
use firma_domain::identity::{SecurityKind, Signup};
use firma_persistence::Tx;
use firma_persistence::identity::Begun;
use serde::Deserialize;
use std::sync::Arc;

/// With what a provider sent a browser to us.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whose address it came to
    pub provider: String,
    pub state: String,
    pub code: Option<String>,
    /// Who says that it sends it (RFC 9207)
    pub issuer: Option<String>,
}

/// What comes of it. The first text is where the browser goes.
pub enum Arrived {
    /// To the program, which ends the sign-in
    Relayed(String),
    In(String, Box<SignedIn>),
    /// An account was linked
    Linked(String, Id),
    /// Who is signed in stepped up
    SteppedUp(String, SteppedUp),
    /// It is told on the page that the browser goes to
    Refused(String, Refusal),
}

/// What a program ends a sign-in with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub state: String,
    pub code: String,
    /// Whose SHA-256 was sent at the start
    pub code_verifier: String,
}

/// What an attempt is to who comes with its state.
enum Found {
    None,
    /// It is a program's
    Programs(Begun),
    /// It is theirs, and used up
    Taken(Begun),
}

fn no_state() -> Refusal {
    Refusal::parameter(
        "state",
        "invalid_value",
        "is not one of a sign-in that is under way here: begin anew",
    )
}

/// A browser comes back.
pub async fn arrive(
    door: &Door<'_>,
    providers: &Providers,
    arrival: Arrival,
    place: &Place,
    signup: Signup,
) -> Result<Arrived, Refusal> {
    let provider = providers.named(&arrival.provider)?;
    let is_sender = arrival
        .issuer
        .as_deref()
        .is_none_or(|issuer| issuer == provider.port.issuer());
    let (name, hash) = (arrival.provider.clone(), digest(&arrival.state));
    let browser = place.browser.as_deref().map(digest);
    let look = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        let begun = tx.attempt(hash)?;
        let begun = begun.filter(|begun| is_sender && begun.provider == name && now < begun.expires_at);
        match begun {
            Some(begun) if begun.is_by_program => return Ok(Found::Programs(begun)),
            Some(begun)
                if browser.is_some_and(|shown| shown == *begun.proof) && tx.take_attempt(hash)?.is_some() =>
            {
                return Ok(Found::Taken(begun));
            }
            _ => {}
        }
        refused(tx, None, &name)?;
        Ok(Found::None)
    };
    let begun = match door.write(look).await? {
        Found::None => return Err(no_state()),
        Found::Programs(begun) => return Ok(Arrived::Relayed(relayed(&begun.return_to, &arrival))),
        Found::Taken(begun) => begun,
    };
    let to = begun.return_to.clone();
    let Some(code) = arrival.code else {
        let (name, user) = (begun.provider, begun.caller.map(|(user, _)| user));
        door.write(move |tx| refused(tx, user, &name)).await?;
        return Ok(Arrived::Refused(to, Refusal::ProviderRefused));
    };
    let end = End {
        state: arrival.state,
        code,
        code_verifier: String::new(),
    };
    match settled(door, providers, begun, end, place, signup).await {
        Ok(Settled::In(signed_in)) => Ok(Arrived::In(to, signed_in)),
        Ok(Settled::Linked(account)) => Ok(Arrived::Linked(to, account)),
        Ok(Settled::SteppedUp(done)) => Ok(Arrived::SteppedUp(to, done)),
        Ok(Settled::Refused(refusal)) | Err(refusal) => Ok(Arrived::Refused(to, refusal)),
    }
}

fn relayed(to: &str, arrival: &Arrival) -> String {
    let to = with(to, "state", &arrival.state);
    match &arrival.code {
        Some(code) => with(&to, "code", code),
        None => with(&to, "error", "provider_refused"),
    }
}

/// A program ends its sign-in, the linking of an account, or a step-up.
pub async fn finish(
    door: &Door<'_>,
    providers: &Providers,
    end: End,
    place: &Place,
    signup: Signup,
    purpose: Purpose,
) -> Result<Settled, Refusal> {
    let (hash, proof) = (digest(&end.state), digest(&end.code_verifier));
    let caller = purpose.caller().map(|caller| (caller.user, caller.session));
    let take = move |tx: &mut Tx<'_>| {
        if let Some(caller) = purpose.caller() {
            caller.check(tx)?;
        }
        let now = tx.now();
        // Whoever guesses at a verifier has used the attempt up.
        let begun = tx.take_attempt(hash)?.filter(|begun| {
            begun.is_by_program
                && begun.proof == proof
                && begun.caller == caller
                && begun.is_step_up == purpose.is_step_up()
                && now < begun.expires_at
        });
        if begun.is_none() {
            refused(tx, caller.map(|(user, _)| user), "state")?;
        }
        Ok(begun)
    };
    let begun = door.write(take).await?;
    let begun = begun.ok_or_else(|| {
        Refusal::field(
            "state",
            "state",
            "is not one of a sign-in of yours that is under way: begin anew",
        )
    })?;
    settled(door, providers, begun, end, place, signup).await
}

/// Asks the provider whom the code stands for, and does what comes of it. No connection is held meanwhile.
async fn settled(
    door: &Door<'_>,
    providers: &Providers,
    begun: Begun,
    end: End,
    place: &Place,
    signup: Signup,
) -> Result<Settled, Refusal> {
    let provider = providers.named(&begun.provider)?;
    let fresh_since = begun.is_fresh.then_some(begun.created_at);
    let attempt = attempt(
        &door.signer.keys.provider,
        &end.state,
        &place.redirect_uri(&begun.provider),
        fresh_since,
    );
    let question =
        move |port: &dyn firma_domain::identity::IdentityProvider| port.exchange(&attempt, &end.code);
    let vouched = providers.ask(&provider, question).await?;
    let Ok(vouched) = vouched else {
        let (name, user) = (begun.provider, begun.caller.map(|(user, _)| user));
        door.write(move |tx| refused(tx, user, &name)).await?;
        return Err(Refusal::ProviderRefused);
    };
    let desk = Desk {
        signer: door.signer.clone(),
        device: door.device.clone(),
        replaced: door.replaces.clone(),
        origin: door.origin.clone(),
        language: door.language.clone(),
        provider,
        begun,
        vouched: Arc::new(vouched),
        signup,
    };
    match door.write(move |tx| desk.settle(tx)).await? {
        Settled::Refused(refusal) => Err(refusal),
        settled => Ok(settled),
    }
}

fn refused(tx: &mut Tx<'_>, user: Option<Id>, name: &str) -> Result<(), Refusal> {
    about(tx, user, SecurityKind::ProviderRefused, Some(name.to_owned()))
}
