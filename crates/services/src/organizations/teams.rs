use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Delete, Grant, Read};
use firma_domain::organizations::{Member, Team, TeamMember};
use firma_domain::{Id, Record};
use firma_persistence::{Col, Cond, Op, Stored};

impl Keeping for Team {
    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        let team = Col {
            table: TeamMember::TABLE,
            name: "team_id",
        };
        let mut members = work.open(grant.also::<TeamMember, Delete>())?;
        for member in members.some(vec![Cond::Is(team, Op::Eq, before.id.into())], i64::MAX)? {
            members.delete(&member, deletion)?;
        }
        Ok(())
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        _: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        let mut members = work.open(grant.also::<TeamMember, Delete>())?;
        for member in members.taken_by(deletion)? {
            members.restore(&member)?;
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
        let teams = work
            .open(grant.also::<Team, Read>())?
            .by_ids(&[after.value.team_id])?;
        match teams.is_empty() {
            false => Ok(()),
            true => Err(Refusal::conflict("referred_to", "the team is deleted")),
        }
    }
}
