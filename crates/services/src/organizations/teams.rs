use crate::keeping::Keeping;
use crate::link::{Link, is_in_use, not_found};
use crate::refusal::Refusal;
use crate::rows::{delete_parts, is, needs, restore_some_parts};
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant, Read, Update};
use firma_domain::organizations::{Member, Team, TeamMember};
use firma_domain::{Id, Invalid, Record};

impl Keeping for Team {
    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        delete_parts(
            work,
            grant.also::<TeamMember, _>(),
            is::<TeamMember>("team_id", before.id),
            deletion,
        )
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        _: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        let places = grant.also::<TeamMember, Delete>();
        // Who is no longer active is in no team.
        restore_some_parts(work, places, deletion, |work, place| {
            is_in_use::<Member>(work, places.also(), place.user_id)
        })
    }
}

impl Keeping for TeamMember {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<TeamMember>] = &[
            Link::to::<Team>("team_id", "team", |member| Some(member.team_id)),
            Link::to::<Member>("user_id", "member", |member| Some(member.user_id)),
        ];
        LINKS
    }

    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        stays(work, grant.also(), value.user_id)?;
        Ok(value)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        if value.user_id != before.value.user_id {
            stays(work, grant.also(), value.user_id)?;
        }
        Ok(value)
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        after: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        needs(work, grant.also::<Team, _>(), after.value.team_id)?;
        match is_in_use::<Member>(work, grant.also(), after.value.user_id)? {
            true => Ok(()),
            false => Err(Refusal::conflict("referred_to", "its member isn't active")),
        }
    }
}

/// Who calls is known to be active, and held by nothing: deactivated at once, they would stay in the team.
fn stays(work: &mut Work<'_, '_>, members: Grant<Member, Read>, user: Id) -> Result<(), Refusal> {
    match user != work.user() || is_in_use::<Member>(work, members, user)? {
        true => Ok(()),
        false => Err(Invalid(vec![not_found("user_id")]).into()),
    }
}
