//! A change of the e-mail: the old address is told, the new one confirms.

use super::letters::{good, no_token};
use super::mailed::{Asked, ask};
use super::sessions::about;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::access::Joining;
use firma_domain::identity::{SecurityKind, TokenKind};
use firma_domain::organizations::Member;
use firma_domain::{Email, Id};
use firma_persistence::{Fault, Tx};
use serde::Deserialize;

/// The address to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    pub email: Email,
}

/// Asks for another e-mail. Whether somebody has it is told to that address alone.
pub fn ask_to_change_email(
    tx: &mut Tx<'_>,
    caller: Caller,
    new: ChangeEmail,
    language: &str,
    ip: Option<&str>,
) -> Result<(), Refusal> {
    caller.step_up(tx)?;
    let user = tx.user_for_change(caller.user)?.value;
    if user.email == new.email {
        return Err(Refusal::field("email", "same", "is the e-mail already"));
    }
    about(tx, Some(caller.user), SecurityKind::EmailChangeAsked, None)?;
    let asked = Asked::ChangeEmail {
        user: caller.user,
        email: new.email,
    };
    ask(tx, asked, language, ip)
}

/// Gives the user whose token it is the address that it proves. All other changes that were asked for are void.
pub fn confirm_email(tx: &mut Tx<'_>, text: &str) -> Result<Result<(), Refusal>, Refusal> {
    let Some((link, token)) = good(tx, TokenKind::ChangeEmail, text)? else {
        return Ok(Err(no_token()));
    };
    let email = Email::parse(&token.email).ok_or(Refusal::NotFound)?;
    let before = tx.user_for_change(link.user)?.value.email;
    tx.void_tokens(link.user, TokenKind::ChangeEmail)?;
    // Links to the old address are for who read it.
    tx.void_tokens(link.user, TokenKind::ResetPassword)?;
    let changed = tx.part(|tx| tx.change_email(link.user, &before, &email));
    match changed {
        Ok(()) => tx.redeem_token(link.user, link.hash)?,
        // Of two who wanted the address the other one was faster. Who reads its mail may know.
        Err(Fault::Conflict(_)) => {
            return Ok(Err(Refusal::Conflict {
                code: "not_unique",
                field: Some("email".into()),
                detail: "somebody else has this e-mail".into(),
            }));
        }
        Err(fault) => return Err(fault.into()),
    }
    follow(tx, link.user, &email)?;
    let from = format!("from {before}");
    about(tx, Some(link.user), SecurityKind::EmailChanged, Some(from))?;
    Ok(Ok(()))
}

/// The address stands with the person's memberships, too: by it colleagues and imports find them. One that waits to be
/// taken up keeps the address that it was made for.
fn follow(tx: &mut Tx<'_>, user: Id, email: &Email) -> Result<(), Refusal> {
    for place in tx.places_of(user)? {
        let grant = Joining::of(place, user).grant();
        let before = tx.open(grant)?.find_for_change(user)?;
        if before.value.joined_at.is_none() {
            continue;
        }
        let value = Member {
            email: email.clone(),
            ..before.value.clone()
        };
        tx.open(grant)?.change(&before, value)?;
    }
    Ok(())
}
