//! A password that is changed, and one that was forgotten.

use super::account::give_password;
use super::door::{Door, judge, known_of};
use super::factor::is_on;
use super::letters::{self, good, no_token};
use super::mailed::{Asked, ask};
use super::sessions::about;
use super::step_up::give_again;
use crate::refusal::Refusal;
use crate::rows::there;
use crate::work::Caller;
use firma_auth::link::LinkToken;
use firma_auth::password::stands_alone;
use firma_domain::identity::{SecurityKind, TokenKind};
use firma_domain::{Email, Id};
use firma_persistence::Tx;
use serde::Deserialize;

/// A new password, for who is signed in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    pub password: String,
    /// The one of now, where there is one
    #[serde(default)]
    pub current_password: Option<String>,
}

/// A new password, for who reads the mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    pub token: String,
    pub password: String,
}

/// Refuses who may not change the password now, before it is read.
pub async fn may_change_password(door: &Door<'_>, caller: Caller) -> Result<(), Refusal> {
    let look = move |tx: &mut Tx<'_>| {
        caller.check(tx)?;
        caller.step_up(tx)
    };
    door.read(look).await
}

/// Changes the caller's password, and ends the other sessions.
pub async fn change_password(door: &Door<'_>, caller: Caller, new: ChangePassword) -> Result<(), Refusal> {
    let look = move |tx: &mut Tx<'_>| {
        let known = tx.credential(caller.user)?;
        let known = known.map(|known| (known.hash, known.changed_at)).unzip();
        Ok((is_on(tx, caller.user)?, tx.user(caller.user)?.value, known))
    };
    let (beside_factor, user, (known, changed_at)) = door.read(look).await?;
    judge(&new.password, beside_factor, &known_of(&user))?;
    if let Some(known) = known {
        let lacking = || {
            let detail = "is needed: there is a password";
            Refusal::field("current_password", "required", detail)
        };
        let current = new.current_password.ok_or_else(lacking)?;
        give_again(door, caller, current, known).await?;
    }
    let hash = door.hash(&new.password).await?;
    let needs_factor = !stands_alone(&new.password);
    let (origin, language) = (door.origin.clone(), door.language.clone());
    let change = move |tx: &mut Tx<'_>| {
        // Held first: who changes it at once ends this session, and makes what was compared the former one.
        let user = there(tx.user_for_change(caller.user))?
            .ok_or(Refusal::Unauthenticated)?
            .value;
        caller.check(tx)?;
        caller.step_up(tx)?;
        if tx.credential(caller.user)?.map(|known| known.changed_at) != changed_at {
            return Err(Refusal::WrongCredentials);
        }
        still_fits(tx, caller.user, needs_factor)?;
        tx.set_password(caller.user, &hash, needs_factor)?;
        tx.revoke_sessions(caller.user, Some(caller.session))?;
        tx.void_tokens(caller.user, TokenKind::ResetPassword)?;
        about(tx, Some(caller.user), SecurityKind::PasswordChanged, None)?;
        letters::tell(tx, (caller.user, &user), "password_changed", &origin, &language)
    };
    door.write(change).await
}

/// Has a link sent to an address, if somebody has it.
pub fn forgot_password(
    tx: &mut Tx<'_>,
    email: Email,
    language: &str,
    ip: Option<&str>,
) -> Result<(), Refusal> {
    ask(tx, Asked::Forgot { email }, language, ip)
}

/// Sets the password of whose mail it was, and ends all sessions.
pub async fn reset_password(door: &Door<'_>, new: ResetPassword) -> Result<(), Refusal> {
    let text = new.token.clone();
    let look = move |tx: &mut Tx<'_>| match good(tx, TokenKind::ResetPassword, &text)? {
        Some((link, _)) => Ok(Some((is_on(tx, link.user)?, tx.user(link.user)?.value))),
        None => Ok(None),
    };
    // A call that writes: a token that is refused is written down.
    let (beside_factor, user) = door.write(look).await?.ok_or_else(no_token)?;
    judge(&new.password, beside_factor, &known_of(&user))?;
    let hash = door.hash(&new.password).await?;
    let needs_factor = !stands_alone(&new.password);
    let (origin, language) = (door.origin.clone(), door.language.clone());
    let set = move |tx: &mut Tx<'_>| {
        let Some((LinkToken { user, hash: shown }, token)) = good(tx, TokenKind::ResetPassword, &new.token)?
        else {
            return Ok(false);
        };
        let person = tx.user_for_change(user)?.value;
        // The address was changed since: who reads the old one is no longer asked.
        if person.email.as_str() != token.email || !person.is_active {
            letters::refused(tx, Some(user), TokenKind::ResetPassword)?;
            return Ok(false);
        }
        still_fits(tx, user, needs_factor)?;
        tx.redeem_token(user, shown)?;
        give_password(tx, user, &hash, needs_factor)?;
        letters::tell(tx, (user, &person), "password_changed", &origin, &language)?;
        Ok(true)
    };
    match door.write(set).await? {
        true => Ok(()),
        false => Err(no_token()),
    }
}

/// The second factor may have been given up while the password was hashed.
fn still_fits(tx: &mut Tx<'_>, user: Id, needs_factor: bool) -> Result<(), Refusal> {
    match needs_factor && !is_on(tx, user)? {
        true => Err(Refusal::field(
            "password",
            "short",
            "has to be longer without a second factor",
        )),
        false => Ok(()),
    }
}
