use crate::keeping::Keeping;
use crate::link::{Link, not_found};
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Action, Create, Delete, Grant, Touches, Update};
use firma_domain::crm::{Activity, Company, Contact, Deal};
use firma_domain::organizations::Member;
use firma_domain::{Id, Invalid, Record};
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
        let [company, contact, deal] = living(work, grant, about(&after.value), [true; 3])?;
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
pub(super) enum Of {
    Company(Id),
    Contact(Id),
    Deal(Id),
}

/// The activities of a company go with it; those of a contact or a deal where they are about nothing else
/// that is there. Each is held before it is looked at: of two deletes at once, the second sees what the
/// first one took.
pub(super) fn take(
    work: &mut Work<'_, '_>,
    grant: Grant<Activity, Delete>,
    of: Of,
    deletion: Id,
) -> Result<(), Refusal> {
    let fits = match of {
        Of::Company(id) => is::<Activity>("company_id", id),
        Of::Contact(id) => is::<Activity>("contact_id", id),
        Of::Deal(id) => is::<Activity>("deal_id", id),
    };
    for activity in work.open(grant)?.some_for_delete(vec![fits])? {
        let others = match of {
            Of::Company(_) => [None; 3],
            Of::Contact(_) => [activity.value.company_id, None, activity.value.deal_id],
            Of::Deal(_) => [activity.value.company_id, activity.value.contact_id, None],
        };
        if !living(work, grant, others, [false; 3])?.contains(&true) {
            work.open(grant)?.delete(&activity, deletion)?;
        }
    }
    Ok(())
}

/// The activity as it is stored. What it is about from now on is held: a delete at once then takes it too,
/// or has been before. A delete of what it is about already waits for the activity itself.
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
    let ([company, contact, deal], was) = (about(&value), before.map_or([None; 3], about));
    if [company, contact, deal] == was {
        return Ok(value);
    }
    let [was_company, was_contact, was_deal] = was;
    let new = [
        company.is_some() && company != was_company,
        contact.is_some() && contact != was_contact,
        deal.is_some() && deal != was_deal,
    ];
    let lives = living(work, grant, about(&value), new)?;
    let fields = ["company_id", "contact_id", "deal_id"];
    let lost = fields.into_iter().zip(new).zip(lives);
    let lost = lost.filter(|((_, new), lives)| *new && !lives);
    Invalid::unless_empty(lost.map(|((field, _), _)| not_found(field)).collect())?;
    match lives.contains(&true) {
        true => Ok(value),
        false => Err(Activity::about_nothing().into()),
    }
}

fn about(activity: &Activity) -> [Option<Id>; 3] {
    [activity.company_id, activity.contact_id, activity.deal_id]
}

/// Which of a company, a contact and a deal live, each held until the end or not.
fn living<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Activity, A>,
    [company, contact, deal]: [Option<Id>; 3],
    [hold_company, hold_contact, hold_deal]: [bool; 3],
) -> Result<[bool; 3], Refusal>
where
    (Activity, A): Touches<Company, Update> + Touches<Contact, Update> + Touches<Deal, Update>,
{
    Ok([
        lives::<Company>(work, grant.also(), company, hold_company)?,
        lives::<Contact>(work, grant.also(), contact, hold_contact)?,
        lives::<Deal>(work, grant.also(), deal, hold_deal)?,
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
