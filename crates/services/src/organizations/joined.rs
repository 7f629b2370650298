//! What comes of an invitation that is accepted: a member, with the roles and teams that who invited may give now.

use super::invited::Held;
use super::own::join;
use super::places::least;
use crate::access;
use crate::crud::{self, Expected};
use crate::identity::no_token;
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Grant, Invited, Joining, Read, Update};
use firma_domain::access::RoleAssignment;
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::{Invitation, Member, Status, Team, TeamMember};
use firma_domain::{Id, Instant, Record};
use firma_persistence::Tx;
use firma_persistence::identity::SecurityEvent;
use serde::Serialize;

/// What an invitation gave.
#[derive(Debug, Clone, Serialize)]
pub struct Joined {
    pub organization_id: Id,
    pub name: String,
    pub slug: String,
    /// Roles that were given
    pub role_ids: Vec<Id>,
    /// Roles that weren't: who invited can't give them any more
    pub withheld_role_ids: Vec<Id>,
    /// Teams that were joined
    pub team_ids: Vec<Id>,
    /// Teams that weren't: they are gone, or who invited can't add to them any more
    pub withheld_team_ids: Vec<Id>,
}

type Answering = Grant<Invitation, Update>;

/// Makes the user a member, with what who invited may give now.
pub(super) fn take_up(tx: &mut Tx<'_>, held: &Held, user: Id, name: String) -> Result<Joined, Refusal> {
    if held.organization.status == Status::Suspended {
        return Err(Refusal::Suspended);
    }
    let grant = Invited::of(held.tenant, user).grant();
    let invitation = &held.record.value;
    let by = invitation.invited_by.unwrap_or(Id::NIL);
    let is_let_in = !tx.lacks_factor(by, held.tenant)?;
    let mut work = Work::resume(tx, held.tenant, by)?;
    enter(&mut work, grant, held, user, name)?;
    let ((mut role_ids, withheld_role_ids), (team_ids, withheld_team_ids)) = match is_let_in {
        true => (
            roles(&mut work, grant, invitation)?,
            teams(&mut work, grant, invitation)?,
        ),
        // Who invited lacks the second factor that was asked for since, and so may do nothing there.
        false => {
            let (roles, teams) = (invitation.role_ids.clone(), invitation.team_ids.clone());
            ((vec![], roles), (vec![], teams))
        }
    };
    let now = work.now();
    let value = invitation
        .clone()
        .accepted(now, user, withheld_role_ids.clone(), withheld_team_ids.clone());
    let after = work.open(grant)?.change(&held.record, value)?;
    work.tx.redeem_token(held.link.user, held.link.hash)?;
    for role in &role_ids {
        access::give(&mut work, grant.also(), user, *role, invitation.roles_expire_at)?;
    }
    // For good, so who invited has to hold it for good.
    if role_ids.is_empty() && is_let_in && may_give(&mut work, grant, least()?, None)? {
        role_ids.extend(access::give_least(&mut work, grant.also(), user)?);
    }
    for team in &team_ids {
        add_to(&mut work, grant.also(), *team, user)?;
    }
    tell(&mut work, grant, user, &after)?;
    work.tx.note_configured(user)?;
    Ok(Joined {
        organization_id: held.tenant,
        name: held.organization.name.clone(),
        slug: held.organization.slug.to_string(),
        role_ids,
        withheld_role_ids,
        team_ids,
        withheld_team_ids,
    })
}

/// Makes the membership, or takes up the one that waits.
fn enter(
    work: &mut Work<'_, '_>,
    grant: Answering,
    held: &Held,
    user: Id,
    name: String,
) -> Result<(), Refusal> {
    let known = work.open(grant.also::<Member, Read>())?.by_ids(&[user])?.pop();
    match known {
        Some(_) => {
            let joining = Joining::of(held.tenant, user);
            match join(work.tx, &joining, &Expected::default()) {
                // Deactivated since that was looked at.
                Err(Refusal::NotFound) => Err(no_token()),
                joined => joined.map(drop),
            }
        }
        None => {
            let invitation = &held.record.value;
            let shown = invitation.name.clone().unwrap_or(name);
            let member = Member {
                joined_at: Some(work.now()),
                ..Member::added(held.email.clone(), shown, invitation.invited_by)
            };
            work.open(grant.also::<Member, Create>())?.add_as(user, member)?;
            Ok(())
        }
    }
}

/// The roles that who invited may give now, and those that they may not, or that would have ended.
fn roles(
    work: &mut Work<'_, '_>,
    grant: Answering,
    invitation: &Invitation,
) -> Result<(Vec<Id>, Vec<Id>), Refusal> {
    let (mut given, mut withheld) = (vec![], vec![]);
    if invitation.roles_are_over(work.now()) {
        return Ok((given, invitation.role_ids.clone()));
    }
    for role in &invitation.role_ids {
        match may_give(work, grant, *role, invitation.roles_expire_at)? {
            true => given.push(*role),
            false => withheld.push(*role),
        }
    }
    Ok((given, withheld))
}

fn may_give(
    work: &mut Work<'_, '_>,
    grant: Answering,
    role: Id,
    end: Option<Instant>,
) -> Result<bool, Refusal> {
    match access::may_give(work, grant.also::<RoleAssignment, Create>(), role, end) {
        Ok(_) => Ok(true),
        Err(Refusal::Fault(fault)) => Err(Refusal::Fault(fault)),
        Err(_) => Ok(false),
    }
}

/// The teams that who invited may add to now, and those that they may not, or that are gone.
fn teams(
    work: &mut Work<'_, '_>,
    grant: Answering,
    invitation: &Invitation,
) -> Result<(Vec<Id>, Vec<Id>), Refusal> {
    let (mut live, mut gone) = (vec![], vec![]);
    let may_add = work.grant::<TeamMember, Create>().is_ok();
    for team in &invitation.team_ids {
        let mut lives = || {
            work.open(grant.also::<Team, Read>())?
                .may_be_referred_to(*team)
                .map_err(Refusal::from)
        };
        match may_add && lives()? {
            true => live.push(*team),
            false => gone.push(*team),
        }
    }
    Ok((live, gone))
}

fn add_to(
    work: &mut Work<'_, '_>,
    grant: Grant<TeamMember, Create>,
    team: Id,
    user: Id,
) -> Result<(), Refusal> {
    let value = TeamMember {
        team_id: team,
        user_id: user,
        is_lead: false,
        since: None,
    };
    // Both were looked at, under the invitation's own grant. Who waited as a member may be in it already.
    match work.part(|work| {
        let value = TeamMember::creating(work, grant, value)?;
        let added = work.open(grant)?.add(value);
        added.map_err(|fault| crud::refused(grant, fault))
    }) {
        Ok(_)
        | Err(Refusal::Conflict {
            code: "not_unique", ..
        }) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// Writes it down for those who look after safety.
fn tell(
    work: &mut Work<'_, '_>,
    grant: Answering,
    user: Id,
    accepted: &Record<Invitation>,
) -> Result<(), Refusal> {
    let organization = Some(work.organization());
    let event = |kind, details: String| SecurityEvent {
        organization,
        user: Some(user),
        kind,
        details: Some(details),
    };
    let email = accepted.value.email.to_string();
    work.tx
        .security_event(event(SecurityKind::InvitationAccepted, email))?;
    let given = grant.also::<RoleAssignment, Create>();
    for role in access::names(work.tx, given, &accepted.value.withheld_role_ids)? {
        work.tx.security_event(event(SecurityKind::RoleWithheld, role))?;
    }
    Ok(())
}
