//! Giving the password again, for what a session that was left open may not do.

use super::door::Door;
use super::factor::{Checked, check, is_on};
use super::guessing::Counts;
use super::sessions::{Signer, about};
use crate::refusal::Refusal;
use crate::work::{Caller, STEP_UP};
use firma_domain::identity::{Guessed, SecurityKind};
use firma_domain::{Id, Instant};
use firma_persistence::Tx;
use serde::{Deserialize, Serialize};

/// The password again, and where there is a second factor a code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    pub password: String,
    #[serde(default)]
    pub code: Option<String>,
}

/// Until when the session may do what asks for it.
#[derive(Debug, Clone, Serialize)]
pub struct SteppedUp {
    pub authenticated_at: Instant,
    pub valid_until: Instant,
}

impl SteppedUp {
    /// From that instant on.
    pub(super) fn at(authenticated_at: Instant) -> SteppedUp {
        SteppedUp {
            authenticated_at,
            valid_until: authenticated_at.plus_seconds(STEP_UP),
        }
    }
}

/// Compares the password of who is signed in, beside a step-up: a wrong one is counted as one of a step-up is.
pub(super) async fn give_again(
    door: &Door<'_>,
    caller: Caller,
    given: String,
    hash: String,
) -> Result<(), Refusal> {
    let counts = Counts::only(door.signer, Guessed::Session, caller.session);
    let before = counts.clone();
    door.read(move |tx| before.admit(tx)).await?;
    let is_right = door.hasher.verify(given, Some(hash)).await?;
    let count = move |tx: &mut Tx<'_>| {
        counts.admit(tx)?;
        match is_right {
            true => counts.right(tx),
            false => failed(tx, &counts, caller.user),
        }
    };
    door.write(count).await?;
    match is_right {
        true => Ok(()),
        false => Err(Refusal::WrongCredentials),
    }
}

/// What is known of the second factor once a code of it was looked at.
pub(super) enum FactorShown {
    /// A code of it was right
    Yes,
    /// There is none, so nothing was shown
    None,
    Lacking,
    Wrong,
}

/// Whether who steps up has shown the second factor, where there is one.
pub(super) fn factor_shown(
    tx: &mut Tx<'_>,
    signer: &Signer,
    user: Id,
    code: Option<&str>,
) -> Result<FactorShown, Refusal> {
    if !is_on(tx, user)? {
        return Ok(FactorShown::None);
    }
    let Some(code) = code else {
        return Ok(FactorShown::Lacking);
    };
    Ok(match check(tx, signer, user, code)? {
        Checked::Right => FactorShown::Yes,
        _ => FactorShown::Wrong,
    })
}

/// What is said to who has a second factor and didn't show it.
pub(super) fn lacking() -> Refusal {
    Refusal::field("code", "required", "is needed: there is a second factor")
}

/// Notes that a code or a password was wrong.
pub(super) fn failed(tx: &mut Tx<'_>, counts: &Counts, user: Id) -> Result<(), Refusal> {
    counts.wrong(tx, Some(user))?;
    about(tx, Some(user), SecurityKind::StepUpFailed, None)
}

enum Outcome {
    Done(SteppedUp),
    Lacking,
    Wrong(Refusal),
}

/// Refuses who isn't signed in any more, before the password is read.
pub async fn may_step_up(door: &Door<'_>, caller: Caller) -> Result<(), Refusal> {
    door.read(move |tx| caller.check(tx)).await
}

/// Takes the caller's password again.
pub async fn step_up(door: &Door<'_>, caller: Caller, given: StepUp) -> Result<SteppedUp, Refusal> {
    let counts = Counts::only(door.signer, Guessed::Session, caller.session);
    let before = counts.clone();
    let look = move |tx: &mut Tx<'_>| {
        caller.check(tx)?;
        before.admit(tx)?;
        Ok(tx.credential(caller.user)?.map(|known| known.hash))
    };
    let hash = door.read(look).await?;
    let is_right = door.hasher.verify(given.password, hash).await?;
    let (signer, code) = (door.signer.clone(), given.code);
    let decide = move |tx: &mut Tx<'_>| {
        caller.check(tx)?;
        counts.admit(tx)?;
        let wrong = |tx: &mut Tx<'_>, refusal| {
            failed(tx, &counts, caller.user)?;
            Ok(Outcome::Wrong(refusal))
        };
        if !is_right {
            return wrong(tx, Refusal::WrongCredentials);
        }
        match factor_shown(tx, &signer, caller.user, code.as_deref())? {
            FactorShown::Yes | FactorShown::None => {}
            FactorShown::Lacking => return Ok(Outcome::Lacking),
            FactorShown::Wrong => return wrong(tx, Refusal::WrongCode),
        }
        counts.right(tx)?;
        let now = tx.now();
        tx.note_authenticated(caller.user, caller.session, now)?;
        Ok(Outcome::Done(SteppedUp::at(now)))
    };
    match door.write(decide).await? {
        Outcome::Done(done) => Ok(done),
        Outcome::Lacking => Err(lacking()),
        Outcome::Wrong(refusal) => Err(refusal),
    }
}
