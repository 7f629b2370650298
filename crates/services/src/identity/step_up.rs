//! Giving the password again, for what a session that was left open may not do.

use super::door::Door;
use super::factor::{Checked, check, is_on};
use super::guessing::Counts;
use super::sessions::about;
use crate::refusal::Refusal;
use crate::work::{Caller, STEP_UP};
use firma_domain::Instant;
use firma_domain::identity::{Guessed, SecurityKind};
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
            counts.wrong(tx, Some(caller.user))?;
            about(tx, Some(caller.user), SecurityKind::StepUpFailed, None)?;
            Ok(Outcome::Wrong(refusal))
        };
        if !is_right {
            return wrong(tx, Refusal::WrongCredentials);
        }
        if is_on(tx, caller.user)? {
            let Some(code) = &code else {
                return Ok(Outcome::Lacking);
            };
            if !matches!(check(tx, &signer, caller.user, code)?, Checked::Right) {
                return wrong(tx, Refusal::WrongCode);
            }
        }
        counts.right(tx)?;
        let now = tx.now();
        tx.note_authenticated(caller.user, caller.session, now)?;
        Ok(Outcome::Done(SteppedUp {
            authenticated_at: now,
            valid_until: now.plus_seconds(STEP_UP),
        }))
    };
    match door.write(decide).await? {
        Outcome::Done(done) => Ok(done),
        Outcome::Lacking => Err(Refusal::field(
            "code",
            "required",
            "is needed beside the password: there is a second factor",
        )),
        Outcome::Wrong(refusal) => Err(refusal),
    }
}
