//! The second factor: an authenticator, and recovery codes for who has lost it.

use super::sessions::{Signer, about};
use crate::crud::Expected;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::sealed::{self, Place};
use firma_auth::second_factor::{
    Authenticator, RECOVERY, RECOVERY_CODES, SECRET, recovery_code, recovery_hash,
};
use firma_domain::identity::SecurityKind;
use firma_domain::{Id, Instant};
use firma_persistence::identity::Factor;
use firma_persistence::{Fault, Tx};
use serde::Serialize;

/// Whether there is a second factor.
#[derive(Debug, Clone, Serialize)]
pub struct FactorState {
    pub is_on: bool,
    /// Since when; none where it isn't on
    pub confirmed_at: Option<Instant>,
    pub recovery_codes_left: i64,
}

/// What an authenticator has to be told. Shown once.
#[derive(Debug, Clone, Serialize)]
pub struct Enrolment {
    /// Base32, to be typed
    pub secret: String,
    /// The same as `otpauth://…`, to be shown as a picture
    pub uri: String,
}

/// Shown once.
#[derive(Debug, Clone, Serialize)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

/// What a code was.
pub(super) enum Checked {
    Right,
    Wrong,
    /// There is no second factor
    None,
}

fn place(user: Id) -> Place<'static> {
    Place {
        table: "second_factors",
        column: "secret",
        row: user,
    }
}

/// The caller's.
pub fn factor(tx: &mut Tx<'_>, caller: Caller) -> Result<FactorState, Refusal> {
    let confirmed_at = tx.factor(caller.user)?.and_then(|factor| factor.confirmed_at);
    Ok(FactorState {
        is_on: confirmed_at.is_some(),
        confirmed_at,
        recovery_codes_left: tx.recovery_codes_left(caller.user)?,
    })
}

/// Begins to set one up: it is on once a code of it was shown. One that isn't on yet is replaced.
pub fn enrol(
    tx: &mut Tx<'_>,
    caller: Caller,
    signer: &Signer,
    expected: &Expected,
) -> Result<Enrolment, Refusal> {
    caller.step_up(tx)?;
    expected.check_unversioned()?;
    let user = tx.user_for_change(caller.user)?;
    if is_on(tx, caller.user)? {
        return Err(already_on());
    }
    let mut secret = [0; SECRET];
    signer.entropy.fill(&mut secret);
    let authenticator = Authenticator::named(&secret, user.value.email.as_str())
        .or_else(|| Authenticator::of(&secret))
        .ok_or_else(|| Fault::Internal("a second factor could not be made".into()))?;
    let entropy = signer.entropy.as_ref();
    let sealed = sealed::seal(&signer.keys.sealing, place(caller.user), &secret, entropy)
        .ok_or_else(|| Fault::Internal("a second factor could not be sealed".into()))?;
    tx.add_factor(caller.user, &sealed)?;
    let uri = authenticator.uri().unwrap_or_default();
    Ok(Enrolment {
        secret: authenticator.secret(),
        uri,
    })
}

/// Turns it on, with a code that shows that the authenticator has it. Ends the other sessions, gives the recovery codes.
pub fn confirm(
    tx: &mut Tx<'_>,
    caller: Caller,
    signer: &Signer,
    code: &str,
    expected: &Expected,
) -> Result<RecoveryCodes, Refusal> {
    caller.step_up(tx)?;
    let factor = tx.factor(caller.user)?.ok_or(Refusal::NotFound)?;
    expected.check_unversioned()?;
    if factor.confirmed_at.is_some() {
        return Err(already_on());
    }
    let step = step_of(tx, signer, caller.user, &factor, code)?;
    let step = step.ok_or_else(|| Refusal::field("code", "code", "is not the code of this moment"))?;
    tx.use_step(caller.user, step)?;
    // Whoever is signed in beside may be why it is turned on.
    tx.revoke_sessions(caller.user, Some(caller.session))?;
    about(tx, Some(caller.user), SecurityKind::SecondFactorOn, None)?;
    new_codes(tx, caller.user, signer)
}

/// Gives it up, and ends the other sessions.
pub fn remove(tx: &mut Tx<'_>, caller: Caller, expected: &Expected) -> Result<(), Refusal> {
    caller.step_up(tx)?;
    let factor = tx.factor(caller.user)?.ok_or(Refusal::NotFound)?;
    expected.check_unversioned()?;
    let was_on = factor.confirmed_at.is_some();
    if was_on
        && tx
            .credential(caller.user)?
            .is_some_and(|known| known.needs_factor)
    {
        return Err(Refusal::conflict(
            "password_too_short",
            "the password is too short to stand alone: change it first",
        ));
    }
    if !tx.remove_factor(caller.user)? {
        return Err(Refusal::NotFound);
    }
    if !was_on {
        return Ok(());
    }
    tx.revoke_sessions(caller.user, Some(caller.session))?;
    about(tx, Some(caller.user), SecurityKind::SecondFactorOff, None)
}

/// Gives new recovery codes; the old ones are void.
pub fn renew_codes(
    tx: &mut Tx<'_>,
    caller: Caller,
    signer: &Signer,
    expected: &Expected,
) -> Result<RecoveryCodes, Refusal> {
    caller.step_up(tx)?;
    if !is_on(tx, caller.user)? {
        return Err(Refusal::NotFound);
    }
    expected.check_unversioned()?;
    about(tx, Some(caller.user), SecurityKind::RecoveryCodesRenewed, None)?;
    new_codes(tx, caller.user, signer)
}

pub(super) fn is_on(tx: &mut Tx<'_>, user: Id) -> Result<bool, Refusal> {
    Ok(tx
        .factor(user)?
        .is_some_and(|factor| factor.confirmed_at.is_some()))
}

/// Whether it is a code of the user's authenticator that wasn't used yet, or a recovery code, which is used up by it.
pub(super) fn check(tx: &mut Tx<'_>, signer: &Signer, user: Id, code: &str) -> Result<Checked, Refusal> {
    let Some(factor) = tx.factor(user)?.filter(|factor| factor.confirmed_at.is_some()) else {
        return Ok(Checked::None);
    };
    let code = code.trim();
    // Recovery codes are digests: they are good also where the authenticator's secret doesn't open any more.
    let opened = step_of(tx, signer, user, &factor, code);
    if let Ok(Some(step)) = opened {
        if factor.last_step.is_some_and(|last| step <= last) {
            about(tx, Some(user), SecurityKind::CodeReused, None)?;
            return Ok(Checked::Wrong);
        }
        tx.use_step(user, step)?;
        return Ok(Checked::Right);
    }
    if tx.use_recovery_code(user, recovery_hash(user, code))? {
        let left = format!("{} left", tx.recovery_codes_left(user)?);
        about(tx, Some(user), SecurityKind::RecoveryCodeUsed, Some(left))?;
        return Ok(Checked::Right);
    }
    match opened {
        // With letters in it, it is nobody's but a recovery code, mistyped.
        Err(_) if code.contains(char::is_alphabetic) => Ok(Checked::Wrong),
        opened => opened.map(|_| Checked::Wrong),
    }
}

fn step_of(
    tx: &Tx<'_>,
    signer: &Signer,
    user: Id,
    factor: &Factor,
    code: &str,
) -> Result<Option<i64>, Refusal> {
    let secret = sealed::open(&signer.keys.sealing, place(user), &factor.secret)
        .map_err(|e| Fault::Internal(format!("the secret of a second factor {e}")))?;
    Ok(Authenticator::of(&secret).and_then(|authenticator| authenticator.step_of(code, tx.now())))
}

fn new_codes(tx: &mut Tx<'_>, user: Id, signer: &Signer) -> Result<RecoveryCodes, Refusal> {
    let code = |_| {
        let mut random = [0; RECOVERY];
        signer.entropy.fill(&mut random);
        recovery_code(random)
    };
    let recovery_codes: Vec<String> = (0..RECOVERY_CODES).map(code).collect();
    let hashes: Vec<_> = recovery_codes
        .iter()
        .map(|code| recovery_hash(user, code))
        .collect();
    tx.set_recovery_codes(user, &hashes)?;
    Ok(RecoveryCodes { recovery_codes })
}

fn already_on() -> Refusal {
    Refusal::conflict("second_factor_on", "the second factor is on: give it up first")
}
