use super::activities::{self, Of};
use super::deal_contacts;
use super::phones::e164;
use crate::crud;
use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::{is, needs, restore_parts};
use crate::work::Work;
use firma_auth::access::{Action, Create, Delete, Grant, Read, Touches, Update};
use firma_domain::crm::{Activity, Company, Contact};
use firma_domain::organizations::{Member, Organization};
use firma_domain::{Id, Record};
use firma_persistence::{Cond, Fault, Value};

impl Keeping for Contact {
    const NAMED_BY: &'static [&'static str] = &["external_id", "emails", "name"];

    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Contact>] = &[
            Link::to::<Company>("company_id", "company", |contact| contact.company_id),
            Link::to::<Member>("owner_id", "owner", |contact| contact.owner_id),
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

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        emptied(work, grant, &[before.id], deletion)
    }

    fn restoring(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
    ) -> Result<Self, Refusal> {
        let mut value = before.value.clone();
        if let Some(company) = value.company_id.filter(|_| value.is_primary) {
            needs(work, grant.also::<Company, _>(), company)?;
            // Held first, as by who makes another the primary one.
            work.open(grant.also::<Company, Read>())?.find_to_hold(company)?;
            let now = work
                .open(grant.also::<Contact, Read>())?
                .first(primary(company))?;
            value.is_primary = now.is_none();
        }
        Ok(value)
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        after: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        if let Some(company) = after.value.company_id {
            needs(work, grant.also::<Company, _>(), company)?;
        }
        restore_parts(work, grant.also::<Activity, _>(), deletion)?;
        let deals = deal_contacts::bring_back(work, grant.also(), deletion)?;
        deal_contacts::raise(work, grant.also(), &deals)
    }
}

/// The contacts of a company go with it, and with them their places in deals and their activities.
pub(super) fn take(
    work: &mut Work<'_, '_>,
    grant: Grant<Contact, Delete>,
    company: Id,
    deletion: Id,
) -> Result<(), Refusal> {
    let of = is::<Contact>("company_id", company);
    let contacts = work.open(grant)?.some_for_delete(vec![of])?;
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    emptied(work, grant, &ids, deletion)?;
    Ok(work.open(grant)?.delete_all(&contacts, deletion)?)
}

/// What goes with contacts.
fn emptied(
    work: &mut Work<'_, '_>,
    grant: Grant<Contact, Delete>,
    contacts: &[Id],
    deletion: Id,
) -> Result<(), Refusal> {
    deal_contacts::take(work, grant.also(), contacts, deletion)?;
    activities::take(work, grant.also(), Of::Contacts(contacts), deletion)
}

/// The contacts that went with their company come back with it.
pub(super) fn bring_back(
    work: &mut Work<'_, '_>,
    grant: Grant<Contact, Delete>,
    deletion: Id,
) -> Result<(), Refusal> {
    restore_parts(work, grant, deletion)?;
    let deals = deal_contacts::bring_back(work, grant.also(), deletion)?;
    deal_contacts::raise(work, grant.also(), &deals)
}

fn kept<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Contact, A>,
    before: Option<&Contact>,
    value: Contact,
) -> Result<Contact, Refusal>
where
    (Contact, A): Touches<Organization, Read> + Touches<Contact, Read> + Touches<Company, Update>,
{
    let mut contact = value.settled(before, work.now())?;
    if before.is_none_or(|was| was.phones != contact.phones) {
        let phones = contact.phones.iter().enumerate();
        let phones: Vec<_> = phones
            .map(|(n, typed)| (format!("phones/{n}"), typed.as_str()))
            .collect();
        contact.phones_e164 = e164(work, grant, &phones)?;
    }
    let already = before.is_some_and(|was| was.is_primary);
    if let Some(company) = contact.company_id.filter(|_| contact.is_primary && !already) {
        // Two who would both be it come one after the other.
        work.open(grant.also::<Company, Update>())?.lock(company)?;
        let mut contacts = work.open(grant.also::<Contact, Read>())?;
        let old = contacts.first(primary(company))?;
        let held = old
            .map(|old| contacts.find_to_hold(old.id))
            .transpose()?
            .flatten();
        // Who was deleted or moved away at once isn't in the way.
        if let Some(old) = held.filter(|old| old.value.is_primary && old.value.company_id == Some(company)) {
            depose(work, old.id)?;
        }
    }
    Ok(contact)
}

/// A contact is the primary one no longer: a change of it, which who makes way for another may make.
fn depose(work: &mut Work<'_, '_>, id: Id) -> Result<(), Refusal> {
    let grant = work.grant::<Contact, Update>()?;
    let mut contacts = work.open(grant)?;
    let old = contacts.find_for_change(id).map_err(|fault| match fault {
        // Who doesn't even see it learns no more than that.
        Fault::Missing | Fault::Forbidden => crud::out_of_reach(grant),
        other => other.into(),
    })?;
    let value = Contact {
        is_primary: false,
        ..old.value.clone()
    };
    contacts.change(&old, value)?;
    Ok(())
}

/// The primary contact of a company.
fn primary(company: Id) -> Vec<Cond> {
    let of = is::<Contact>("company_id", company);
    vec![of, is::<Contact>("is_primary", Value::Bool(true))]
}
