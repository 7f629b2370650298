//! What a person says of themselves, and changes of the own account.

use super::account::{Me, me};
use super::sessions::about;
use crate::crud::Expected;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_domain::identity::{Profile, SecurityKind, User, Username};
use firma_domain::{Record, input};
use firma_persistence::{Fault, Tx};
use serde_json::Value;

/// The caller's profile.
pub fn profile(tx: &mut Tx<'_>, caller: Caller) -> Result<Record<Profile>, Refusal> {
    Ok(tx.profile(caller.user)?)
}

/// The caller's profile with a merge patch applied.
pub fn update_profile(
    tx: &mut Tx<'_>,
    caller: Caller,
    patch: Value,
    expected: &Expected,
) -> Result<Record<Profile>, Refusal> {
    let patch = input::patch::<Profile>(patch)?;
    // The user's row is there when the profile's isn't yet: it is the lock.
    tx.user_for_change(caller.user)?;
    let before = tx.profile(caller.user)?;
    expected.check(&before)?;
    let value = input::merge(&before.value, patch)?;
    if value == before.value {
        return Ok(before);
    }
    let after = tx.set_profile(caller.user, &before, value)?;
    tx.note_configured(caller.user)?;
    Ok(after)
}

/// The caller's account with a merge patch applied.
pub fn update_me(tx: &mut Tx<'_>, caller: Caller, patch: Value, expected: &Expected) -> Result<Me, Refusal> {
    let patch = input::patch::<User>(patch)?;
    let before = tx.user_for_change(caller.user)?;
    expected.check(&before)?;
    let value = input::merge(&before.value, patch)?.settled(&before.value)?;
    if value != before.value {
        let after = tx.change_user(&before, value).map_err(username_taken)?;
        if after.value.username != before.value.username {
            let name = after.value.username.as_ref().map(Username::as_str);
            about(
                tx,
                Some(caller.user),
                SecurityKind::UsernameChanged,
                name.map(str::to_owned),
            )?;
        }
        tx.note_configured(caller.user)?;
    }
    me(tx, caller)
}

fn username_taken(fault: Fault) -> Refusal {
    match fault {
        Fault::Conflict(_) => Refusal::Conflict {
            code: "not_unique",
            field: Some("username".into()),
            detail: "somebody else has this username".into(),
        },
        other => other.into(),
    }
}
