//! What is looked at when an organization is changed by those in it.

use crate::keeping::Keeping;
use crate::link::{Link, not_found};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Grant, Read, Update};
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Organization, RetentionSettings};
use firma_domain::platform::{File, FileKind};
use firma_domain::{Id, Invalid, Record, Slug};
use firma_persistence::identity::SecurityEvent;
use firma_persistence::{Fault, Tx};

/// So many former slugs lead to an organization at once: nobody keeps a whole list of names from others.
const MOST_SLUGS: i64 = 10;

impl Keeping for Organization {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Organization>] = &[Link::ruled::<File>("logo_id", "logo", |organization| {
            organization.logo_id
        })];
        LINKS
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        mut value: Self,
    ) -> Result<Self, Refusal> {
        if value.domain != before.value.domain {
            value.domain_verified_at = None;
        }
        if value.logo_id != before.value.logo_id {
            is_image(work, value.logo_id)?;
        }
        let was_required = before.value.settings.second_factor_required;
        let is_required = value.settings.second_factor_required;
        if is_required && !was_required {
            let user = work.user();
            has_second_factor(work.tx, user)?;
        }
        let (was_kept, is_kept) = (&before.value.settings.retention, &value.settings.retention);
        let is_kept_otherwise = was_kept != is_kept;
        if is_kept_otherwise || was_required && !is_required {
            work.not_by_key()?;
        }
        // What goes earlier can't be brought back. Without a number it's kept for ever.
        let days = |of: &RetentionSettings| of.audit_days.unwrap_or(i32::MAX);
        if days(is_kept) < days(was_kept) {
            work.step_up()?;
        }
        let small = |of: &Self| {
            (
                of.slug.clone(),
                of.default_currency,
                of.timezone,
                of.settings.clone(),
                of.verified_domain().cloned(),
            )
        };
        if small(&value) != small(&before.value) {
            work.tx.update_tenant(grant, &value).map_err(slug_taken)?;
        }
        if value.slug != before.value.slug {
            not_kept(work.tx, grant.organization(), &value.slug)?;
            if work.tx.former_slugs(grant, &value.slug)? >= MOST_SLUGS {
                return Err(too_many_slugs());
            }
            let end = work.now().plus_seconds(Organization::SLUG_KEPT);
            work.tx.keep_slug(grant, &before.value.slug, &value.slug, end)?;
        }
        match (was_required, is_required) {
            (false, true) => told(work.tx, grant, SecurityKind::SecondFactorDemanded, None)?,
            (true, false) => told(work.tx, grant, SecurityKind::SecondFactorWaived, None)?,
            _ => {}
        }
        if is_kept_otherwise {
            let days = |days: Option<i32>| days.map_or("for ever".into(), |days| format!("{days} days"));
            let details = format!(
                "{}, before {}",
                days(is_kept.audit_days),
                days(was_kept.audit_days)
            );
            told(work.tx, grant, SecurityKind::AuditRetentionChanged, Some(details))?;
        }
        Ok(value)
    }
}

/// The row of the organization's logo.
pub fn logo(work: &mut Work<'_, '_>, grant: Grant<Organization, Read>) -> Result<Record<File>, Refusal> {
    let organization = work.organization();
    let logo = work.open(grant)?.find(organization)?.value.logo_id;
    let logo = logo.ok_or(Refusal::NotFound)?;
    Ok(work.open(grant.also::<File, Read>())?.find(logo)?)
}

/// A logo is an image that the caller may see.
fn is_image(work: &mut Work<'_, '_>, logo: Option<Id>) -> Result<(), Refusal> {
    let Some(logo) = logo else { return Ok(()) };
    let nowhere = || Refusal::Invalid(Invalid(vec![not_found("logo_id")]));
    let grant = work.facts().may_read::<File>().ok_or_else(nowhere)?;
    let file = work.open(grant)?.find_to_refer(logo)?.ok_or_else(nowhere)?;
    match FileKind::of(&file.value.media_type) {
        Some(FileKind::Image) => Ok(()),
        _ => Err(Refusal::field("logo_id", "file_type", "has to be an image")),
    }
}

/// Nobody asks of others what they haven't done themselves, and so nobody shuts themselves out.
pub(super) fn has_second_factor(tx: &mut Tx<'_>, user: Id) -> Result<(), Refusal> {
    match tx.factor(user)?.and_then(|factor| factor.confirmed_at) {
        Some(_) => Ok(()),
        None => Err(Refusal::field(
            "settings/second_factor_required",
            "second_factor",
            "needs a second factor of your own first",
        )),
    }
}

/// Refuses a slug that leads to another organization, which had it not long ago.
pub(super) fn not_kept(tx: &mut Tx<'_>, organization: Id, slug: &Slug) -> Result<(), Refusal> {
    match tx.slug_leads_elsewhere(slug, organization)? {
        true => Err(slug_taken(Fault::Conflict("slug".into()))),
        false => Ok(()),
    }
}

fn too_many_slugs() -> Refusal {
    Refusal::Conflict {
        code: "slug_limit",
        field: Some("slug".into()),
        detail: format!("{MOST_SLUGS} former slugs lead to the organization already"),
    }
}

pub(super) fn slug_taken(fault: Fault) -> Refusal {
    match fault {
        Fault::Conflict(_) => Refusal::Conflict {
            code: "not_unique",
            field: Some("slug".into()),
            detail: "another organization has the same slug".into(),
        },
        other => other.into(),
    }
}

/// Writes down what became of the organization, and by whom.
pub(super) fn told<A: firma_auth::access::Action>(
    tx: &mut Tx<'_>,
    grant: Grant<Organization, A>,
    kind: SecurityKind,
    details: Option<String>,
) -> Result<(), Refusal> {
    let event = SecurityEvent {
        organization: Some(grant.organization()),
        user: Some(grant.actor()).filter(|actor| *actor != Id::NIL),
        kind,
        details,
    };
    Ok(tx.security_event(event)?)
}
