use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::{is, is_one_of, needs, there};
use crate::work::Work;
use firma_auth::access::{Action, Create, Delete, Grant, Read, Touches, Update};
use firma_domain::crm::{Contact, Deal, DealContact};
use firma_domain::organizations::Member;
use firma_domain::{Id, Record};
use firma_persistence::{Cond, Stored, Value};

impl Keeping for DealContact {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<DealContact>] = &[
            Link::to::<Deal>("deal_id", "deal", |link| Some(link.deal_id)),
            Link::to::<Contact>("contact_id", "contact", |link| Some(link.contact_id)),
            Link::ruled::<Member>("owner_id", "owner", |link| link.owner_id),
        ];
        LINKS
    }

    fn creating(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Create>,
        mut value: Self,
    ) -> Result<Self, Refusal> {
        let deal = raised(work, grant.also(), value.deal_id)?;
        let held = depose(work, grant.also(), value.deal_id, value.is_primary)?;
        value.is_primary |= !held;
        value.owner_id = deal.value.owner_id;
        Ok(value)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        let was = &before.value;
        let stays = [
            ("deal_id", was.deal_id == value.deal_id),
            ("contact_id", was.contact_id == value.contact_id),
        ];
        if let Some((field, _)) = stays.into_iter().find(|(_, same)| !same) {
            return Err(Refusal::field(field, "fixed", "can't be changed"));
        }
        if was.is_primary && !value.is_primary {
            let what = "another contact of the deal has to be made the primary one";
            return Err(Refusal::field("is_primary", "needs_primary", what));
        }
        raised(work, grant.also(), value.deal_id)?;
        depose(work, grant.also(), value.deal_id, value.is_primary)?;
        Ok(value)
    }

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        raised(work, grant.also(), before.value.deal_id).map(drop)
    }

    fn deleted(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        gone: &Record<Self>,
    ) -> Result<(), Refusal> {
        succeed(work, grant, &gone.value)
    }

    fn restoring(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
    ) -> Result<Self, Refusal> {
        needs(work, grant.also::<Deal, _>(), before.value.deal_id)?;
        needs(work, grant.also::<Contact, _>(), before.value.contact_id)?;
        let deal = raised(work, grant.also(), before.value.deal_id)?;
        returning(work, grant, &before.value, &deal)
    }
}

/// Takes the places in deals that contacts have, under a deletion. A deal that loses its primary contact gets another.
pub(super) fn take(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, Delete>,
    contacts: &[Id],
    deletion: Id,
) -> Result<(), Refusal> {
    let mut deals: Vec<_> = places(work, grant, contacts)?
        .iter()
        .map(|link| link.value.deal_id)
        .collect();
    deals.sort_unstable();
    deals.dedup();
    if deals.is_empty() {
        return Ok(());
    }
    raise(work, grant, &deals)?;
    // As they are now that the deals are held; all of them are gone before anybody succeeds one.
    let links = places(work, grant, contacts)?;
    work.open(grant)?.delete_all(&links, deletion)?;
    links
        .iter()
        .try_for_each(|link| succeed(work, grant, &link.value))
}

fn places(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, Delete>,
    contacts: &[Id],
) -> Result<Vec<Record<DealContact>>, Refusal> {
    let mut rows = work.open(grant)?;
    let mut places = Vec::new();
    for of in is_one_of::<DealContact>("contact_id", contacts) {
        places.extend(rows.some(vec![of], i64::MAX)?);
    }
    Ok(places)
}

/// Brings back the places that one deletion took, where deal and contact are there; the deals. Where the other end is
/// deleted, its deletion has the place from now on, and brings it back.
pub(super) fn bring_back(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, Delete>,
    deletion: Id,
) -> Result<Vec<Id>, Refusal> {
    let mut links = work.open(grant)?.taken_by(deletion)?;
    // Deal after deal, as others hold them; of each the primary one first.
    links.sort_by_key(|link| {
        (
            link.value.deal_id,
            !link.value.is_primary,
            link.created_at,
            link.id,
        )
    });
    let mut deals = Vec::new();
    for link in links {
        let (deal, contact) = (link.value.deal_id, link.value.contact_id);
        // Held, so that an end that comes back at once isn't taken for one that is gone.
        let live = work.open(grant.also::<Deal, Update>())?.find_to_hold(deal)?;
        let other = work
            .open(grant.also::<Contact, Read>())?
            .find_to_rely_on(contact)?;
        if let (Some(deal), Some(_)) = (&live, other) {
            let value = returning(work, grant, &link.value, deal)?;
            work.open(grant)?.restore(&link, value)?;
            deals.push(deal.id);
            continue;
        }
        let end = match live {
            None => gone(work, grant.also::<Deal, Read>(), deal)?,
            Some(_) => gone(work, grant.also::<Contact, Read>(), contact)?,
        };
        if let Some(other) = end {
            work.open(grant)?.delete_with(&link, other)?;
        }
    }
    deals.sort_unstable();
    deals.dedup();
    Ok(deals)
}

/// The deletion that took a row, if one did.
fn gone<E: Stored>(work: &mut Work<'_, '_>, grant: Grant<E, Read>, id: Id) -> Result<Option<Id>, Refusal> {
    let row = there(work.open(grant)?.find_deleted(id))?;
    Ok(row.and_then(|row| row.deletion_id))
}

/// Raises the version of deals whose contacts changed, and holds them until the end.
pub(super) fn raise(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, Delete>,
    deals: &[Id],
) -> Result<(), Refusal> {
    let mut rows = work.open(grant.also::<Deal, Update>())?;
    for deal in deals {
        // One that was deleted at once took its places along.
        if let Some(before) = there(rows.find_for_change(*deal))? {
            rows.change(&before, before.value.clone())?;
        }
    }
    Ok(())
}

/// The contacts of a deal belong to whom the deal belongs.
pub(super) fn hand_over(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, Update>,
    deal: &Record<Deal>,
) -> Result<(), Refusal> {
    let mut links = work.open(grant)?;
    for link in links.some(vec![is::<DealContact>("deal_id", deal.id)], i64::MAX)? {
        let value = DealContact {
            owner_id: deal.value.owner_id,
            ..link.value.clone()
        };
        links.change(&link, value)?;
    }
    Ok(())
}

fn raised(work: &mut Work<'_, '_>, grant: Grant<Deal, Update>, deal: Id) -> Result<Record<Deal>, Refusal> {
    let mut deals = work.open(grant)?;
    let before = deals.find_for_change(deal)?;
    Ok(deals.change(&before, before.value.clone())?)
}

/// Whether the deal has a primary contact; with `make_way` it is one no longer.
fn depose(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, Update>,
    deal: Id,
    make_way: bool,
) -> Result<bool, Refusal> {
    let mut links = work.open(grant)?;
    let Some(old) = links.first(primary(deal))? else {
        return Ok(false);
    };
    if make_way {
        let value = DealContact {
            is_primary: false,
            ..old.value.clone()
        };
        links.change(&old, value)?;
    }
    Ok(true)
}

/// After the primary contact comes the one who is there the longest.
fn succeed<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, A>,
    gone: &DealContact,
) -> Result<(), Refusal>
where
    (DealContact, A): Touches<DealContact, Update>,
{
    if !gone.is_primary {
        return Ok(());
    }
    let mut links = work.open(grant.also::<DealContact, Update>())?;
    let left = links.some(vec![is::<DealContact>("deal_id", gone.deal_id)], i64::MAX)?;
    let Some(next) = left.into_iter().min_by_key(|link| (link.created_at, link.id)) else {
        return Ok(());
    };
    let value = DealContact {
        is_primary: true,
        ..next.value.clone()
    };
    links.change(&next, value)?;
    Ok(())
}

/// A place in a deal as it comes back: the deal has changed hands since, or has another primary contact.
fn returning(
    work: &mut Work<'_, '_>,
    grant: Grant<DealContact, Delete>,
    was: &DealContact,
    deal: &Record<Deal>,
) -> Result<DealContact, Refusal> {
    Ok(DealContact {
        is_primary: !depose(work, grant.also(), deal.id, false)?,
        owner_id: deal.value.owner_id,
        ..was.clone()
    })
}

fn primary(deal: Id) -> Vec<Cond> {
    let of = is::<DealContact>("deal_id", deal);
    vec![of, is::<DealContact>("is_primary", Value::Bool(true))]
}
