//! Signing in: the password, and where there is one the second factor.

use super::account::{active, active_for_change};
use super::door::Door;
use super::factor::{Checked, check, is_on};
use super::guessing::Counts;
use super::letters;
use super::sessions::{Credentials, SignedIn, Signer, Transport, about, open};
use crate::refusal::Refusal;
use crate::rows;
use firma_auth::password;
use firma_auth::proof::{CHALLENGE_LIFE, DEVICE_LIFE, Proof};
use firma_auth::token::RefreshToken;
use firma_domain::identity::{Guessed, SecurityKind, User};
use firma_domain::{Id, Instant};
use firma_persistence::{Origin, Tx};
use serde::Deserialize;
use serde_json::json;

/// The second step of a sign-in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondStep {
    /// What the first step answered
    pub challenge: String,
    /// Of the authenticator, or a recovery code
    pub code: String,
    #[serde(default, deserialize_with = "firma_domain::input::word")]
    pub transport: Transport,
}

/// What is known of who wants in.
struct Known {
    user: Option<Id>,
    hash: Option<String>,
    /// When the password that the hash is of was set
    changed_at: Option<Instant>,
    counts: Counts,
}

/// What a try came to. A wrong one is stored too, so it is no error yet.
pub(super) enum Outcome {
    In(Box<SignedIn>),
    Halfway(String),
    Wrong,
}

/// Signs in. Reads, compares the password without holding a connection, and writes.
pub async fn login(door: &Door<'_>, credentials: Credentials) -> Result<SignedIn, Refusal> {
    let name = credentials.email.trim().to_lowercase();
    let (signer, device, ip) = (door.signer.clone(), door.device.clone(), door.origin.ip.clone());
    let look = move |tx: &mut Tx<'_>| known(tx, &signer, &name, ip.as_deref(), device.as_deref());
    let Known {
        user,
        hash,
        changed_at,
        counts,
    } = door.read(look).await?;
    let old = hash.clone();
    let is_right = door.hasher.verify(credentials.password.clone(), hash).await?;
    let rehashed = match old.filter(|old| is_right && password::is_outdated(old, door.hasher.cost())) {
        Some(old) => Some((old, door.hasher.hash(credentials.password.clone()).await?)),
        None => None,
    };
    let (signer, device) = (door.signer.clone(), door.device.clone());
    let (origin, language) = (door.origin.clone(), door.language.clone());
    let replaced = door.replaces.clone();
    let decide = move |tx: &mut Tx<'_>| {
        // Of those who tried at once, each may have been told to wait meanwhile.
        counts.admit(tx)?;
        let right = match user.filter(|_| is_right) {
            Some(user) if still_has(tx, user, changed_at)? => Some(user),
            _ => None,
        };
        let Some(user) = right else {
            counts.wrong(tx, user)?;
            about(tx, user, SecurityKind::SignInFailed, None)?;
            return Ok(Outcome::Wrong);
        };
        if let Some((old, new)) = &rehashed {
            tx.replace_hash(user, old, new)?;
        }
        let outcome = go_on(tx, &signer, user, device.as_deref(), &origin, &language)?;
        if let Outcome::In(_) = outcome {
            counts.right(tx)?;
            end_replaced(tx, &signer, replaced.as_deref())?;
        }
        Ok(outcome)
    };
    match door.write(decide).await? {
        Outcome::In(signed_in) => Ok(*signed_in),
        Outcome::Halfway(challenge) => Err(Refusal::SecondFactor(challenge)),
        Outcome::Wrong => Err(Refusal::WrongCredentials),
    }
}

/// Whether the password is still the one that was compared. Who changes it waits until this ends, and then ends the
/// session that comes of it. The same password may have got another hash meanwhile.
fn still_has(tx: &mut Tx<'_>, user: Id, changed_at: Option<Instant>) -> Result<bool, Refusal> {
    if active_for_change(tx, user)?.is_none() {
        return Ok(false);
    }
    let known = tx.credential(user)?.map(|known| known.changed_at);
    Ok(known.is_some() && known == changed_at)
}

/// Whether the first step still counts: a password that was changed since makes it void. Who signs in by a provider
/// alone has none.
fn stands(tx: &mut Tx<'_>, challenge: &Proof, active: Option<User>) -> Result<bool, Refusal> {
    if active.is_none() {
        return Ok(false);
    }
    let changed = tx.credential(challenge.user)?.map(|known| known.changed_at);
    // Its id tells the millisecond, and may run ahead of the clock; the second doesn't.
    let is_before = |changed: Instant| {
        changed.seconds() <= challenge.issued && changed.micros().div_euclid(1_000) <= challenge.id.millis()
    };
    Ok(changed.is_none_or(is_before))
}

/// What comes of a first factor that was right: a session, or where there is a second factor a challenge for it.
pub(super) fn go_on(
    tx: &mut Tx<'_>,
    signer: &Signer,
    user: Id,
    device: Option<&str>,
    origin: &Origin,
    language: &str,
) -> Result<Outcome, Refusal> {
    if is_on(tx, user)? {
        let proof = Proof {
            user,
            id: tx.new_id(),
            issued: tx.now().seconds(),
        };
        return Ok(Outcome::Halfway(proof.write(&signer.keys.challenge)));
    }
    let entered = enter(tx, signer, user, device, origin, language)?;
    Ok(Outcome::In(Box::new(entered)))
}

/// The second step: a code of the authenticator or a recovery code.
pub async fn second_factor(door: &Door<'_>, step: SecondStep) -> Result<SignedIn, Refusal> {
    let (signer, device) = (door.signer.clone(), door.device.clone());
    let (origin, language) = (door.origin.clone(), door.language.clone());
    let replaced = door.replaces.clone();
    let decide = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        let challenge = Proof::read(&step.challenge, &signer.keys.challenge, now, CHALLENGE_LIFE);
        let over = || {
            Refusal::field(
                "challenge",
                "challenge",
                "is not valid, or is over: sign in again",
            )
        };
        let challenge = challenge.ok_or_else(over)?;
        let user = challenge.user;
        let person = active(tx, user)?;
        if !stands(tx, &challenge, person)? {
            return Err(over());
        }
        let known = known_device(&signer, user, device.as_deref(), now);
        let counts = match known {
            Some(device) => Counts::only(&signer, Guessed::Device, device),
            None => Counts::only(&signer, Guessed::Factor, user),
        };
        counts.admit(tx)?;
        match check(tx, &signer, user, &step.code)? {
            Checked::Right => {
                counts.right(tx)?;
                Counts::at_account(&signer, Some(user), "", None, None).right(tx)?;
                // Held only now, as by who gives the password: after what is counted.
                let person = active_for_change(tx, user)?;
                if !stands(tx, &challenge, person)? {
                    return Err(over());
                }
                let entered = enter(tx, &signer, user, device.as_deref(), &origin, &language)?;
                end_replaced(tx, &signer, replaced.as_deref())?;
                Ok(Outcome::In(Box::new(entered)))
            }
            Checked::Wrong | Checked::None => {
                counts.wrong(tx, Some(user))?;
                about(tx, Some(user), SecurityKind::SecondFactorFailed, None)?;
                Ok(Outcome::Wrong)
            }
        }
    };
    match door.write(decide).await? {
        Outcome::In(signed_in) => Ok(*signed_in),
        _ => Err(Refusal::WrongCode),
    }
}

/// For a name that nobody has, the same is asked of the database as for one that somebody has.
fn known(
    tx: &mut Tx<'_>,
    signer: &Signer,
    name: &str,
    ip: Option<&str>,
    device: Option<&str>,
) -> Result<Known, Refusal> {
    let user = tx.user_of_login(name)?;
    let asked = user.unwrap_or(Id::NIL);
    let credential = tx.credential(asked)?;
    let is_active = rows::there(tx.user(asked))?.is_some_and(|user| user.value.is_active);
    let now = tx.now();
    let device = user.and_then(|user| known_device(signer, user, device, now));
    let counts = Counts::at_account(signer, user, name, ip, device);
    counts.admit(tx)?;
    let (hash, changed_at) = credential
        .filter(|_| is_active)
        .map(|known| (known.hash, known.changed_at))
        .unzip();
    Ok(Known {
        user,
        hash,
        changed_at,
        counts,
    })
}

fn known_device(signer: &Signer, user: Id, device: Option<&str>, now: Instant) -> Option<Id> {
    let proof = Proof::read(device?, &signer.keys.device, now, DEVICE_LIFE)?;
    (proof.user == user).then_some(proof.id)
}

/// Ends the session whose refresh token the browser forgets for that of the new one.
pub(super) fn end_replaced(tx: &mut Tx<'_>, signer: &Signer, token: Option<&str>) -> Result<(), Refusal> {
    if let Some(old) = token.and_then(|token| RefreshToken::read(token, &signer.keys.refresh)) {
        tx.revoke_session(old.user, old.session)?;
    }
    Ok(())
}

/// Opens the session, and tells the user of a device that wasn't seen before.
fn enter(
    tx: &mut Tx<'_>,
    signer: &Signer,
    user: Id,
    device: Option<&str>,
    origin: &Origin,
    language: &str,
) -> Result<SignedIn, Refusal> {
    let now = tx.now();
    let known = known_device(signer, user, device, now);
    let person = tx.user(user)?.value;
    let since = now.plus_seconds(-DEVICE_LIFE);
    let country = match &origin.country {
        Some(country) if tx.is_new_country(user, country, since)? => Some(country),
        _ => None,
    };
    let is_known = known.is_some() || tx.had_session_like_this(user, since)?;
    if person.last_login_at.is_some() && (country.is_some() || !is_known) {
        let details = country.map(|country| format!("country {country}"));
        about(tx, Some(user), SecurityKind::NewDevice, details)?;
        let what = json!({"country": country});
        letters::tell_of(tx, (user, &person), "new_device", origin, language, what)?;
    }
    let proof = Proof {
        user,
        id: known.unwrap_or_else(|| tx.new_id()),
        issued: now.seconds(),
    };
    Ok(SignedIn {
        device_token: Some(proof.write(&signer.keys.device)),
        ..open(tx, signer, user)?
    })
}
