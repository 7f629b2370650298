use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::{delete_parts, is, needs, restore_parts};
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
        restore_parts(work, grant.also::<TeamMember, _>(), deletion)
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
        needs(work, grant.also::<Team, _>(), after.value.team_id)
    }
}
