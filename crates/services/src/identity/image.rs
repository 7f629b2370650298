//! The image of a person: theirs, and seen by those who are in an organization with them.

use super::account::{Me, me};
use crate::crud::Expected;
use crate::platform::Received;
use crate::refusal::Refusal;
use crate::work::{Caller, Work};
use firma_auth::access::{Create, Delete, Grant, Personal, Read};
use firma_domain::Id;
use firma_domain::organizations::Member;
use firma_domain::platform::File;
use firma_persistence::Tx;
use firma_persistence::platform::Sweep;

/// Before its bytes come: the key under which they are stored, by which the clean-up finds them if they never end.
pub fn expect_image(tx: &mut Tx<'_>) -> Result<String, Refusal> {
    let key = format!("{}/{}", Id::NIL, tx.new_id());
    tx.sweep_bytes(&key, Sweep::Upload)?;
    Ok(key)
}

/// Gives the caller the image whose bytes are stored, in the place of the one before.
pub fn set_image(
    tx: &mut Tx<'_>,
    caller: Caller,
    received: &Received,
    expected: &Expected,
) -> Result<Me, Refusal> {
    let user = caller.user;
    let person = tx.user_for_change(user)?;
    expected.check(&person)?;
    if !tx.spare_bytes(&received.key)? {
        return Err(Refusal::conflict("purged", "the upload took too long"));
    }
    // What the caller called it may say more than is wanted here.
    let ending = received.media_type.rsplit('/').next().unwrap_or_default();
    let file = File {
        name: format!("image.{ending}"),
        media_type: received.media_type.clone(),
        size: received.size,
        sha256: received.sha256.clone(),
        storage_key: received.key.clone(),
        owner_id: None,
    };
    let made = tx.open(Personal::of(user).grant::<Create>())?.add(file)?;
    take_away(tx, user, person.value.image_file_id)?;
    tx.set_image(user, Some(made.id))?;
    me(tx, caller)
}

/// Takes the caller's image away. Its version is the user's.
pub fn remove_image(tx: &mut Tx<'_>, caller: Caller, expected: &Expected) -> Result<(), Refusal> {
    let person = tx.user_for_change(caller.user)?;
    let before = person.value.image_file_id.ok_or(Refusal::NotFound)?;
    expected.check(&person)?;
    take_away(tx, caller.user, Some(before))?;
    Ok(tx.set_image(caller.user, None)?)
}

/// The caller's image.
pub fn image(tx: &mut Tx<'_>, caller: Caller) -> Result<File, Refusal> {
    file_of(tx, caller.user)
}

/// The image of a member who is active.
pub fn member_image(work: &mut Work<'_, '_>, grant: Grant<Member, Read>, id: Id) -> Result<File, Refusal> {
    let member = work.open(grant)?.find(id)?;
    match member.value.is_live() {
        true => file_of(work.tx, id),
        false => Err(Refusal::NotFound),
    }
}

/// A user's image, if there is one.
pub(super) fn kept_of(tx: &mut Tx<'_>, user: Id) -> Result<Option<File>, Refusal> {
    tx.identify(user)?;
    match file_of(tx, user) {
        Ok(file) => Ok(Some(file)),
        Err(Refusal::NotFound) => Ok(None),
        Err(other) => Err(other),
    }
}

fn file_of(tx: &mut Tx<'_>, user: Id) -> Result<File, Refusal> {
    let file = tx.image_of(user)?.ok_or(Refusal::NotFound)?;
    let mut files = tx.open(Personal::of(user).grant::<Read>())?;
    Ok(files.find(file)?.value)
}

/// Deletes an image for good: its bytes go with the next clean-up.
pub(super) fn take_away(tx: &mut Tx<'_>, user: Id, file: Option<Id>) -> Result<(), Refusal> {
    let Some(file) = file else { return Ok(()) };
    let deletion = tx.new_id();
    let mut files = tx.open(Personal::of(user).grant::<Delete>())?;
    let before = files.find_for_delete(file)?;
    files.delete(&before, deletion)?;
    Ok(tx.drop_bytes(&before.value.storage_key)?)
}
