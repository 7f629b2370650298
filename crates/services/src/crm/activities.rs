use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::{self, is, is_one_of};
use crate::work::Work;
use firma_auth::access::{Action, Create, Delete, Grant, Touches, Update};
use firma_domain::crm::{Activity, Company, Contact, Deal};
use firma_domain::organizations::Member;
use firma_domain::{Id, Record};
use firma_persistence::{Fault, Stored};

impl Keeping for Activity {
    const NAMED_BY: &'static [&'static str] = &["external_id"];

    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Activity>] = &[
            Link::to::<Company>("company_id", "company", |activity| activity.company_id),
            Link::to::<Contact>("contact_id", "contact", |activity| activity.contact_id),
            Link::to::<Deal>("deal_id", "deal", |activity| activity.deal_id),
            Link::to::<Member>("owner_id", "owner", |activity| activity.owner_id),
        ];
        LINKS
    }

    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        kept(work, grant, None, value)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        kept(work, grant, Some(&before.value), value)
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        after: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        let [company, contact, deal] = living(work, grant, about(&after.value), true)?;
        let stands = match after.value.company_id {
            Some(_) => company,
            None => contact || deal,
        };
        match stands {
            true => Ok(()),
            false => Err(Refusal::conflict("referred_to", "what it is about is deleted")),
        }
    }
}

/// Whose activities are taken.
#[derive(Clone, Copy)]
pub(super) enum Of<'i> {
    Company(Id),
    Contacts(&'i [Id]),
    Deal(Id),
}

/// The activities of a company go with it; those of a contact or a deal where they are about nothing else
/// that is there. Each is held before it is looked at: of two deletes at once, the second sees what the
/// first one took.
pub(super) fn take(
    work: &mut Work<'_, '_>,
    grant: Grant<Activity, Delete>,
    of: Of<'_>,
    deletion: Id,
) -> Result<(), Refusal> {
    let fits: Vec<_> = match of {
        Of::Company(id) => vec![is::<Activity>("company_id", id)],
        Of::Contacts(ids) => is_one_of::<Activity>("contact_id", ids).collect(),
        Of::Deal(id) => vec![is::<Activity>("deal_id", id)],
    };
    let mut found = Vec::new();
    for fits in fits {
        found.extend(work.open(grant)?.some_for_delete(vec![fits])?);
    }
    let others = |activity: &Activity| match of {
        Of::Company(_) => [None; 3],
        Of::Contacts(_) => [activity.company_id, None, activity.deal_id],
        Of::Deal(_) => [activity.company_id, activity.contact_id, None],
    };
    let named = |of: fn([Option<Id>; 3]) -> Option<Id>| -> Vec<Id> {
        found.iter().filter_map(|row| of(others(&row.value))).collect()
    };
    let living = [
        rows::living::<Company, _>(work, grant.also::<_, Update>(), named(|[company, ..]| company))?,
        rows::living::<Contact, _>(work, grant.also::<_, Update>(), named(|[_, contact, _]| contact))?,
        rows::living::<Deal, _>(work, grant.also::<_, Update>(), named(|[.., deal]| deal))?,
    ];
    found.retain(|row| {
        let mut left = others(&row.value).into_iter().zip(&living);
        !left.any(|(id, living)| id.is_some_and(|id| living.contains(&id)))
    });
    Ok(work.open(grant)?.delete_all(&found, deletion)?)
}

/// The activity as it is stored. What it is about from now on was found among its links, and is held since: a delete
/// at once then takes it too, or has been before. A delete of what it is about already waits for the activity itself.
fn kept<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Activity, A>,
    before: Option<&Activity>,
    value: Activity,
) -> Result<Activity, Refusal>
where
    (Activity, A): Touches<Company, Update> + Touches<Contact, Update> + Touches<Deal, Update>,
{
    let value = value.settled(before, work.now())?;
    let (is, was) = (about(&value), before.map_or([None; 3], about));
    let is_new = is.iter().zip(was).any(|(is, was)| is.is_some() && *is != was);
    if is_new || is == was || living(work, grant, is, false)?.contains(&true) {
        return Ok(value);
    }
    Err(Activity::about_nothing().into())
}

fn about(activity: &Activity) -> [Option<Id>; 3] {
    [activity.company_id, activity.contact_id, activity.deal_id]
}

/// Which of a company, a contact and a deal live, each held until the end or not.
fn living<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Activity, A>,
    [company, contact, deal]: [Option<Id>; 3],
    hold: bool,
) -> Result<[bool; 3], Refusal>
where
    (Activity, A): Touches<Company, Update> + Touches<Contact, Update> + Touches<Deal, Update>,
{
    Ok([
        lives::<Company>(work, grant.also(), company, hold)?,
        lives::<Contact>(work, grant.also(), contact, hold)?,
        lives::<Deal>(work, grant.also(), deal, hold)?,
    ])
}

fn lives<E: Stored>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Update>,
    id: Option<Id>,
    hold: bool,
) -> Result<bool, Refusal> {
    let Some(id) = id else { return Ok(false) };
    let mut rows = work.open(grant)?;
    let found = if hold {
        rows.lock(id)
    } else {
        rows.find(id).map(drop)
    };
    match found {
        Err(Fault::Missing) => Ok(false),
        found => Ok(found.map(|()| true)?),
    }
}
