use crate::keeping::Keeping;
use crate::link::{Link, is_in_use};
use crate::refusal::Refusal;
use crate::rows::{delete_parts, is, needs};
use crate::work::Work;
use firma_auth::access::{Delete, Grant};
use firma_domain::organizations::{Member, Team, TeamMember};
use firma_domain::{Id, Record};

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
        for place in work.open(places)?.taken_by(deletion)? {
            // Who is no longer active is in no team.
            if is_in_use::<Member>(work, places.also(), place.value.user_id)? {
                work.open(places)?.restore(&place, place.value.clone())?;
            }
        }
        Ok(())
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
