//! What becomes of an organization as a whole: closed, opened, handed over, deleted by its owner; made read-only,
//! opened and measured by the platform.

use super::changes::told;
use super::heir::heir;
use crate::crud::Expected;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Action, Delete, Grant, Update, Writes};
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Member, Organization, Status};
use firma_domain::{Id, Record, input};
use firma_persistence::{Fault, Tx};
use serde::{Deserialize, Deserializer};

/// Who is to own an organization.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOwner {
    /// A member: a user's id
    pub owner_id: Id,
}

/// What the platform grants an organization; what isn't named stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The most members; null for no limit
    #[serde(default, deserialize_with = "named")]
    pub max_users: Option<Option<i32>>,
    #[serde(default, deserialize_with = "named")]
    pub subscription_plan: Option<Option<String>>,
}

/// A null is a value too: the field was named.
fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// The owner closes the organization: nobody else enters it, and its jobs stop.
pub fn archive(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    let before = owned(work, grant)?;
    expected.check(&before)?;
    moved(
        work.tx,
        grant,
        &before,
        Status::Archived,
        SecurityKind::OrganizationArchived,
    )
}

/// The owner opens the organization again.
pub fn restore(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    let before = owned(work, grant)?;
    expected.check(&before)?;
    only_from(&before, Status::Archived)?;
    moved(
        work.tx,
        grant,
        &before,
        Status::Active,
        SecurityKind::OrganizationRestored,
    )
}

/// The owner hands the organization over to another member, and stays one.
pub fn transfer(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
    new: NewOwner,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    work.step_up()?;
    let heir = heir(work, grant, new.owner_id)?;
    let before = owned(work, grant)?;
    expected.check(&before)?;
    only_from(&before, Status::Active)?;
    let heir = heir.ok_or_else(|| {
        Refusal::field(
            "owner_id",
            "not_found",
            "there is no such member who has accepted",
        )
    })?;
    let owner = heir.id;
    if before.value.owner_id == Some(owner) {
        return Err(Refusal::field("owner_id", "same", "is the owner already"));
    }
    heir.make_ceo(work, grant)?;
    let value = Organization {
        owner_id: Some(owner),
        ..before.value.clone()
    };
    let kind = SecurityKind::OrganizationTransferred;
    stored(work.tx, grant, &before, value, kind, Some(format!("to {owner}")))
}

/// The owner deletes the organization: a flag that shuts it to everybody. Nothing in it is touched.
pub fn delete(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    work.step_up()?;
    let before = owned(work, grant)?;
    expected.check(&before)?;
    shut(work.tx, grant, &before)
}

/// The platform deletes an organization, in the same way.
pub fn remove(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, Delete>,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    let before = tx.open(grant)?.find_for_delete(grant.organization())?;
    expected.check(&before)?;
    shut(tx, grant, &before)
}

fn shut(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, Delete>,
    before: &Record<Organization>,
) -> Result<Record<Organization>, Refusal> {
    let deletion = tx.new_id();
    let gone = tx.open(grant)?.delete(before, deletion)?;
    tx.shut_tenant(grant)?;
    told(tx, grant, SecurityKind::OrganizationDeleted, None)?;
    Ok(gone)
}

/// The platform makes an organization read-only.
pub fn suspend(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, Update>,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    let before = tx.open(grant)?.find_for_change(grant.organization())?;
    expected.check(&before)?;
    let kind = SecurityKind::OrganizationSuspended;
    moved(tx, grant, &before, Status::Suspended, kind)
}

/// The platform lets an organization be written to again.
pub fn reactivate(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, Update>,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    let before = tx.open(grant)?.find_for_change(grant.organization())?;
    expected.check(&before)?;
    only_from(&before, Status::Suspended)?;
    let kind = SecurityKind::OrganizationReactivated;
    moved(tx, grant, &before, Status::Active, kind)
}

/// The platform opens an organization that was deleted, or archived by an owner who doesn't do it.
pub fn reopen(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, Update>,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    let organization = grant.organization();
    if !tx.has_tenant(organization)? {
        return Err(match tx.is_purged(organization)? {
            true => purged(),
            false => Refusal::NotFound,
        });
    }
    let deleted = match tx.open(grant)?.find_for_restore(organization) {
        Err(Fault::Missing) => None,
        found => Some(found?),
    };
    let Some(before) = deleted else {
        let before = tx.open(grant)?.find_for_change(organization)?;
        expected.check(&before)?;
        only_from(&before, Status::Archived)?;
        let kind = SecurityKind::OrganizationRestored;
        return moved(tx, grant, &before, Status::Active, kind);
    };
    expected.check(&before)?;
    let owner = before.value.owner_id.unwrap_or(Id::NIL);
    // Held, so that the owner doesn't leave at once.
    let member = tx.open(grant.also::<Member, Update>())?.find_to_rely_on(owner)?;
    if !member.is_some_and(|member| member.value.is_live()) {
        let detail = "its owner has left in the meantime: only who runs the server helps";
        return Err(Refusal::conflict("last_owner", detail));
    }
    // Whoever was suspended stays so: that is lifted by itself.
    let status = match before.value.status {
        Status::Archived => Status::Active,
        status => status,
    };
    // Another may have proved the domain meanwhile.
    let holder = match before.value.verified_domain() {
        Some(domain) => tx.domain_holder(domain, organization)?,
        None => None,
    };
    let value = Organization {
        status,
        domain_verified_at: before.value.domain_verified_at.filter(|_| holder.is_none()),
        ..before.value.clone()
    };
    let after = tx
        .open(grant)?
        .restore(&before, value)
        .map_err(|fault| crate::crud::refused(grant, fault))?;
    tx.update_tenant(grant, &after.value)?;
    if !tx.open_tenant(grant)? {
        return Err(purged());
    }
    told(tx, grant, SecurityKind::OrganizationRestored, None)?;
    Ok(after)
}

fn purged() -> Refusal {
    Refusal::conflict("purged", "its rows are going for good")
}

/// The platform sets how many members an organization may have, and its plan.
pub fn set_terms(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, Update>,
    terms: Terms,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    let before = tx.open(grant)?.find_for_change(grant.organization())?;
    expected.check(&before)?;
    let value = Organization {
        max_users: terms.max_users.unwrap_or(before.value.max_users),
        subscription_plan: terms
            .subscription_plan
            .unwrap_or_else(|| before.value.subscription_plan.clone()),
        ..before.value.clone()
    };
    input::check(&value)?;
    match value == before.value {
        true => Ok(before),
        false => Ok(tx.open(grant)?.change(&before, value)?),
    }
}

/// The organization, held, if the caller owns it, and is a person.
fn owned(
    work: &mut Work<'_, '_>,
    grant: Grant<Organization, Delete>,
) -> Result<Record<Organization>, Refusal> {
    work.not_by_key()?;
    let before = work.open(grant)?.find_for_delete(grant.organization())?;
    match before.value.owner_id == Some(work.user()) {
        true => Ok(before),
        false => Err(Refusal::NotOwner),
    }
}

fn only_from(before: &Record<Organization>, status: Status) -> Result<(), Refusal> {
    match before.value.status == status {
        true => Ok(()),
        false => Err(transition(&[status])),
    }
}

fn transition(from: &[Status]) -> Refusal {
    let from: Vec<_> = from.iter().map(|status| status.as_str()).collect();
    let detail = format!("only from {}", from.join(" or "));
    Refusal::conflict("transition", detail)
}

fn moved<A: Action + Writes>(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, A>,
    before: &Record<Organization>,
    status: Status,
    kind: SecurityKind,
) -> Result<Record<Organization>, Refusal> {
    let value = before.value.moved_to(status).map_err(transition)?;
    stored(tx, grant, before, value, kind, None)
}

fn stored<A: Action + Writes>(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, A>,
    before: &Record<Organization>,
    value: Organization,
    kind: SecurityKind,
    details: Option<String>,
) -> Result<Record<Organization>, Refusal> {
    let after = tx.open(grant)?.change(before, value)?;
    tx.update_tenant(grant, &after.value)?;
    told(tx, grant, kind, details)?;
    Ok(after)
}
