//! A user who deletes the account. What was theirs alone goes; what they made in organizations stays, under a
//! pseudonym.

use super::letters;
use super::sessions::about;
use crate::access;
use crate::installation;
use crate::organizations::leave;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_domain::identity::{SecurityKind, User};
use firma_persistence::{Fault, Tx};
use serde_json::json;

/// Deletes the caller's account.
pub fn delete_me(tx: &mut Tx<'_>, caller: Caller, language: &str) -> Result<(), Refusal> {
    caller.step_up(tx)?;
    let before = tx.user_for_change(caller.user)?.value;
    if tx.owns_organization(caller.user)? {
        return Err(Refusal::conflict(
            "last_owner",
            "the owner of an organization can't delete the account: hand the organization over first",
        ));
    }
    installation::unless_needed(tx, caller.user)?;
    let language = letters::language(tx, caller.user, language)?;
    let pseudonym =
        User::erased(caller.user).ok_or_else(|| Fault::Internal("a pseudonym is no e-mail".into()))?;
    for organization in tx.places_of(caller.user)? {
        access::give_up(tx, organization, caller.user)?;
        leave(tx, organization, caller.user, &pseudonym)?;
    }
    about(tx, Some(caller.user), SecurityKind::AccountDeleted, None)?;
    tx.erase_user(caller.user, &pseudonym)?;
    let variables = json!({"name": before.name});
    letters::write(tx, before.email, "account_deleted", language, variables)
}
