//! A person's own memberships: seen and accepted from outside the organization.

use super::members::leave_teams;
use crate::access;
use crate::crud::Expected;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::access::Joining;
use firma_domain::identity::User;
use firma_domain::organizations::{Member, Status};
use firma_domain::{Email, Id, Record};
use firma_persistence::Tx;

/// Takes up a membership that was made for the caller, as long as the organization is in use and it wasn't ended since.
/// Who took it up before is told it, as long as the organization is open to them.
pub fn accept(
    tx: &mut Tx<'_>,
    caller: Caller,
    organization: Id,
    expected: &Expected,
) -> Result<Record<Member>, Refusal> {
    let mut known = tx.memberships_of(caller.user)?.into_iter();
    let known = known.find(|known| known.organization == organization);
    let known = known.ok_or(Refusal::NotFound)?;
    let (status, has_joined) = (known.status.as_str(), known.joined_at.is_some());
    match known.is_active {
        true if status == Status::Active.as_str() => {}
        // Who is in already reads it as before.
        true if status == Status::Suspended.as_str() && has_joined => {}
        true if status == Status::Suspended.as_str() => return Err(Refusal::Suspended),
        true if known.is_owner && has_joined => {}
        _ => return Err(Refusal::NotFound),
    }
    join(tx, &Joining::of(organization, caller.user), expected)
}

/// For whom a command acts in the organization of that slug: the member of that address, or its owner.
pub fn acting_in(tx: &mut Tx<'_>, slug: &str, email: Option<&Email>) -> Result<(Id, Id), Refusal> {
    let (organization, owner) = tx.owner_of(slug)?.ok_or(Refusal::OrganizationNotFound)?;
    let user = match email {
        Some(email) => tx.user_of_login(&email.key())?.ok_or(Refusal::NotFound)?,
        None => owner,
    };
    Ok((organization, user))
}

/// Takes up all memberships that wait for a person who now is known to read that mail, where the organization is in
/// use. The others wait on.
pub(crate) fn join_all(tx: &mut Tx<'_>, user: Id) -> Result<(), Refusal> {
    for membership in tx.memberships_of(user)? {
        let is_in_use = membership.status == Status::Active.as_str();
        if membership.joined_at.is_some() || !membership.is_active || !is_in_use {
            continue;
        }
        let joining = Joining::of(membership.organization, user);
        match join(tx, &joining, &Expected::default()) {
            // It was ended at once.
            Ok(_) | Err(Refusal::NotFound) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

/// Gives up a membership, and the roles that came with it; the pseudonym stands where the person's name and e-mail stood.
pub(crate) fn leave(tx: &mut Tx<'_>, organization: Id, user: Id, pseudonym: &User) -> Result<(), Refusal> {
    let grant = Joining::of(organization, user).grant();
    // Held first: so nobody puts the person into a team once the teams are left, and who makes them the owner at
    // once holds the member and the roles in the same order.
    let before = tx.open(grant)?.find_for_change(user)?;
    access::give_up(tx, organization, user)?;
    leave_teams(tx, grant, user)?;
    let value = Member {
        email: pseudonym.email.clone(),
        name: pseudonym.name.clone(),
        title: None,
        department: None,
        metadata: serde_json::Map::new(),
        is_active: false,
        ..before.value.clone()
    };
    tx.open(grant)?.change(&before, value)?;
    Ok(())
}

pub(super) fn join(
    tx: &mut Tx<'_>,
    joining: &Joining,
    expected: &Expected,
) -> Result<Record<Member>, Refusal> {
    let now = tx.now();
    let mut members = tx.open(joining.grant())?;
    let before = members.find_for_change(joining.user())?;
    if !before.value.is_active {
        return Err(Refusal::NotFound);
    }
    expected.check(&before)?;
    if before.value.joined_at.is_some() {
        return Ok(before);
    }
    let value = Member {
        joined_at: Some(now),
        ..before.value.clone()
    };
    let member = members.change(&before, value)?;
    tx.note_configured(joining.user())?;
    Ok(member)
}
