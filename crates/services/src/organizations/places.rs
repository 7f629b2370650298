//! How many places an organization has, and who has one: its members, and those who were invited and haven't answered.
//! Clients have none.

use crate::refusal::Refusal;
use firma_auth::access::{Grant, Update, role_by_name};
use firma_domain::Id;
use firma_domain::organizations::Organization;
use firma_persistence::{Fault, Tx};

/// The organization, held until the call ends: of all the calls that count its places, one goes on at a time.
pub(crate) fn hold(tx: &mut Tx<'_>, grant: Grant<Organization, Update>) -> Result<Organization, Refusal> {
    let found = tx.open(grant)?.find_for_change(grant.organization())?;
    Ok(found.value)
}

/// Refuses where so many more than now would be more than there may be in the organization that is held.
pub(crate) fn room_for(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, Update>,
    organization: &Organization,
    more: i64,
) -> Result<(), Refusal> {
    let Some(limit) = organization.max_users else {
        return Ok(());
    };
    if tx.places_taken(grant, client()?)?.saturating_add(more) > i64::from(limit) {
        let detail = format!("the organization may have {limit} members");
        return Err(Refusal::conflict("member_limit", detail));
    }
    Ok(())
}

/// Whether who holds these roles and no other takes no place.
pub(crate) fn is_for_client(roles: &[Id]) -> Result<bool, Refusal> {
    let client = client()?;
    Ok(!roles.is_empty() && roles.iter().all(|role| *role == client))
}

/// The role of who is looked after by the organization, and doesn't work in it.
pub(crate) fn client() -> Result<Id, Refusal> {
    role_id("client")
}

/// The role of who was invited without one.
pub(crate) fn least() -> Result<Id, Refusal> {
    role_id("stakeholder")
}

/// The id of a role of the system.
pub(crate) fn role_id(role: &str) -> Result<Id, Refusal> {
    let found = role_by_name(role).map(|role| role.id);
    found.ok_or_else(|| Fault::Internal(format!("there is no role {role}")).into())
}
