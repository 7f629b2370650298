use super::activities::Of;
use super::{activities, contacts, phones};
use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::{is, restore_parts, there, unless_any};
use crate::work::Work;
use firma_auth::access::{Action, Create, Delete, Grant, Read, Touches, Update};
use firma_domain::crm::{Activity, Company, Deal, DealStatus};
use firma_domain::organizations::{Member, Organization};
use firma_domain::{Id, Record};

/// So many companies may stand above one, in a row: a bulk follows a thousand such chains.
const GENERATIONS: usize = 100;

impl Keeping for Company {
    const NAMED_BY: &'static [&'static str] = &["external_id", "tax_number", "name"];

    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Company>] = &[
            Link::to::<Company>("parent_id", "parent", |company| company.parent_id),
            Link::to::<Member>("owner_id", "owner", |company| company.owner_id),
        ];
        LINKS
    }

    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        well_placed(work, grant, None, value.parent_id)?;
        reachable(work, grant, None, value)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        if value.parent_id != before.value.parent_id {
            well_placed(work, grant, Some(before.id), value.parent_id)?;
        }
        reachable(work, grant, Some(&before.value), value)
    }

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        let open = vec![
            is::<Deal>("company_id", before.id),
            is::<Deal>("status", DealStatus::Open.as_str()),
        ];
        unless_any(work, grant.also::<Deal, _>(), open, "the company has open deals")?;
        // First, so that no activity of a contact seems to have a company that stays.
        activities::take(work, grant.also(), Of::Company(before.id), deletion)?;
        contacts::take(work, grant.also(), before.id, deletion)
    }

    fn restoring(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
    ) -> Result<Self, Refusal> {
        // What was deleted stood in nobody's way: it may have been put under its own children.
        match misplaced(work, grant, Some(before.id), before.value.parent_id)? {
            Some((_, why)) => Err(Refusal::conflict("transition", why)),
            None => Ok(before.value.clone()),
        }
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        _: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        contacts::bring_back(work, grant.also(), deletion)?;
        restore_parts(work, grant.also::<Activity, _>(), deletion)
    }
}

/// The company with its phone as it is dialled.
fn reachable<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Company, A>,
    before: Option<&Company>,
    mut company: Company,
) -> Result<Company, Refusal>
where
    (Company, A): Touches<Organization, Read>,
{
    if before.is_none_or(|was| was.phone != company.phone) {
        let typed = company.phone.as_deref().map(|typed| ("phone".to_owned(), typed));
        let typed: Vec<_> = typed.into_iter().collect();
        company.phone_e164 = phones::e164(work, grant, &typed)?.pop();
    }
    Ok(company)
}

/// Refuses a parent that a company, or a new one, can't stand below.
fn well_placed<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Company, A>,
    id: Option<Id>,
    parent: Option<Id>,
) -> Result<(), Refusal>
where
    (Company, A): Touches<Company, Read>,
{
    match misplaced(work, grant, id, parent)? {
        Some((code, why)) => Err(Refusal::field("parent_id", code, why)),
        None => Ok(()),
    }
}

/// Why a company can't stand below another one: it would be above itself, or is too deep to know. Those above stay as
/// they are until this is stored: else two that are put below each other at once would each see the other still free.
/// Above a new one there is no circle.
fn misplaced<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Company, A>,
    id: Option<Id>,
    parent: Option<Id>,
) -> Result<Option<(&'static str, &'static str)>, Refusal>
where
    (Company, A): Touches<Company, Read>,
{
    let mut next = parent;
    for _ in 0..=GENERATIONS {
        match next {
            None => return Ok(None),
            Some(above) if id == Some(above) => {
                return Ok(Some(("circle", "the company would be above itself")));
            }
            Some(above) => {
                let mut companies = work.open(grant.also::<Company, Read>())?;
                let above = match id {
                    Some(_) => companies.find_to_rely_on(above)?,
                    None => there(companies.find(above))?,
                };
                next = above.and_then(|company| company.value.parent_id);
            }
        }
    }
    Ok(Some(("too_deep", "more than 100 companies would be above it")))
}
