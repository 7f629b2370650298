//! A new account. Nobody learns whether an address has one: all that depends on it is done by a job, after the
//! answer, and told to that address alone.

use super::account::{give_password, is_claimed};
use super::door::{Door, judge};
use super::letters::{good, no_token, refused};
use super::mailed::{Asked, ask};
use super::sessions::about;
use crate::refusal::Refusal;
use firma_domain::identity::{SecurityKind, Signup, TokenKind, User};
use firma_domain::value::text;
use firma_domain::{Email, Id, input};
use firma_persistence::Tx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Who wants an account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    pub email: Email,
    pub password: String,
    pub name: String,
}

/// What waits for the proof of the e-mail. It travels with the token: of several who register an address, who has
/// the mail decides whose password it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub name: String,
    pub hash: String,
}

/// Asks for an account.
pub async fn register(door: &Door<'_>, body: Value, signup: Signup) -> Result<(), Refusal> {
    if signup == Signup::Off {
        return Err(Refusal::SignupClosed);
    }
    // A password is taken as it was typed; a name is cleaned.
    let new: Registration = input::raw(body)?;
    let name = clean_name(&new.name)?;
    input::check(&User::unclaimed(new.email.clone(), name.clone()))?;
    judge(&new.password, false, &[new.email.as_str(), &name])?;
    let hash = door.hash(&new.password).await?;
    let waiting = Waiting { name, hash };
    let asked = Asked::Register {
        email: new.email,
        waiting,
        invited_only: signup == Signup::Invite,
    };
    let (language, ip) = (door.language.clone(), door.origin.ip.clone());
    door.write(move |tx| ask(tx, asked.clone(), &language, ip.as_deref()))
        .await
}

/// A person's name as it was typed, made clean.
pub(crate) fn clean_name(typed: &str) -> Result<String, Refusal> {
    let fits = |name: &String| (1..=255).contains(&name.chars().count());
    let name = text::clean(typed, false).filter(fits);
    name.ok_or_else(|| Refusal::field("name", "length", "has to be 1 to 255 long"))
}

/// Makes the account whose e-mail the token proves.
pub fn verify_email(tx: &mut Tx<'_>, text: &str) -> Result<Result<(), Refusal>, Refusal> {
    let Some((link, token)) = good(tx, TokenKind::VerifyEmail, text)? else {
        return Ok(Err(no_token()));
    };
    let email = Email::parse(&token.email).ok_or(Refusal::NotFound)?;
    let waiting: Waiting = serde_json::from_str(token.payload.as_deref().unwrap_or_default())
        .map_err(|_| firma_persistence::Fault::Internal("a token lost what it is for".into()))?;
    tx.redeem_token(link.user, link.hash)?;
    let known = tx.user_of_login(&email.key())?;
    if let Some(user) = known
        && is_claimed(tx, user)?
    {
        // Another link to the same address was faster.
        refused(tx, Some(user), TokenKind::VerifyEmail)?;
        return Ok(Err(no_token()));
    }
    claim(tx, known, (link.user, &email), &waiting.name, &waiting.hash)?;
    Ok(Ok(()))
}

/// Gives the account of an address that was proved to who proved it: the one that waits there, or a new one.
pub(crate) fn claim(
    tx: &mut Tx<'_>,
    known: Option<Id>,
    (new, email): (Id, &Email),
    name: &str,
    hash: &str,
) -> Result<Id, Refusal> {
    let user = match known {
        Some(user) => user,
        None => {
            tx.add_user(new, &User::unclaimed(email.clone(), name.to_owned()), None)?;
            new
        }
    };
    give_password(tx, user, hash, false)?;
    about(tx, Some(user), SecurityKind::Registered, None)?;
    Ok(user)
}

impl Waiting {
    pub(super) fn payload(&self) -> String {
        json!(self).to_string()
    }
}
