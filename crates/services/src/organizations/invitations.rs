//! Inviting by mail. The mail, and whether its address has an account, is a job's affair: the answer is the same for
//! every address.

use super::members::live_roles;
use super::places::{hold, is_for_client, least, room_for};
use crate::access;
use crate::crud::Expected;
use crate::identity::ask_to_invite;
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Action, Create, Grant, Read, Touches, Update};
use firma_domain::access::RoleAssignment;
use firma_domain::identity::SecurityKind;
use firma_domain::input::{FieldError, Invalid};
use firma_domain::organizations::{Invitation, InvitationStatus, Member, Team, TeamMember};
use firma_domain::{Email, Id, Record};
use firma_persistence::identity::SecurityEvent;

impl Keeping for Invitation {
    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        let lower = Email::parse(&value.email.key());
        let email = lower.ok_or_else(|| Invalid::field("email", "email", "is not an e-mail address"))?;
        let mut role_ids = value.role_ids;
        if role_ids.is_empty() {
            role_ids.push(least()?);
        }
        let end = value.expires_at;
        let value = Invitation {
            email,
            role_ids,
            ..value
        };
        let value = value.sent(work.now(), work.user(), end)?;
        may_invite(work, grant, &value)?;
        let organization = hold(work.tx, grant.also())?;
        unless_invited(work, grant.also(), &value.email)?;
        let takes_place = takes_place(work, grant, &value)?;
        room_for(work.tx, grant.also(), &organization, i64::from(takes_place))?;
        Ok(Invitation {
            role_ids: distinct(value.role_ids),
            team_ids: distinct(value.team_ids),
            takes_place,
            ..value
        })
    }

    fn created(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Create>,
        record: &Record<Self>,
    ) -> Result<(), Refusal> {
        send(work, grant, record)
    }
}

/// Sends it once more, good for seven days again: whoever does that now is who invites. The mail of before is void.
pub fn resend(
    work: &mut Work<'_, '_>,
    grant: Grant<Invitation, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Invitation>, Refusal> {
    let organization = hold(work.tx, grant.also())?;
    let before = find_open(work, grant, id, expected)?;
    let is_good = before.value.is_open(work.now());
    let value = before.value.clone().sent(work.now(), work.user(), None)?;
    may_invite(work, grant, &value)?;
    if !is_good {
        unless_invited(work, grant.also(), &value.email)?;
    }
    let takes_place = takes_place(work, grant, &value)?;
    let has_place = is_good && before.value.takes_place;
    if takes_place && !has_place {
        room_for(work.tx, grant.also(), &organization, 1)?;
    }
    let after = work
        .open(grant)?
        .change(&before, Invitation { takes_place, ..value })?;
    send(work, grant, &after)?;
    Ok(after)
}

/// Takes it back: its mail is void.
pub fn revoke(
    work: &mut Work<'_, '_>,
    grant: Grant<Invitation, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Invitation>, Refusal> {
    let before = find_open(work, grant, id, expected)?;
    let value = before.value.clone().revoked(work.now());
    let after = work.open(grant)?.change(&before, value)?;
    tell(work, grant.also(), SecurityKind::InvitationRevoked, &after.value)?;
    Ok(after)
}

fn find_open(
    work: &mut Work<'_, '_>,
    grant: Grant<Invitation, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Invitation>, Refusal> {
    let found = work.open(grant)?.find_for_change(id)?;
    expected.check(&found)?;
    match found.value.status {
        InvitationStatus::Open => Ok(found),
        other => Err(Refusal::conflict(
            "transition",
            format!(
                "the invitation is {}: only an open one is sent again or taken back",
                other.as_str()
            ),
        )),
    }
}

/// Refuses who would invite to more than they may give.
fn may_invite<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Invitation, A>,
    value: &Invitation,
) -> Result<(), Refusal>
where
    (Invitation, A): Touches<Team, Read> + Touches<RoleAssignment, Create>,
{
    let giving = grant.also::<RoleAssignment, Create>();
    access::may_give_all(work, giving, &value.role_ids, value.roles_expire_at)?;
    if value.team_ids.is_empty() {
        return Ok(());
    }
    work.grant::<TeamMember, Create>()?;
    let live = match work.facts().may_read::<Team>() {
        Some(_) => work.open(grant.also::<Team, Read>())?.by_ids(&value.team_ids)?,
        None => vec![],
    };
    let missing = |(n, team): (usize, &Id)| {
        let is_live = live.iter().any(|known| known.id == *team);
        (!is_live).then(|| FieldError {
            pointer: format!("#/team_ids/{n}"),
            code: "not_found".into(),
            detail: "there is no such resource".into(),
        })
    };
    let errors = value.team_ids.iter().enumerate().filter_map(missing);
    Ok(Invalid::unless_empty(errors.collect())?)
}

/// Refuses where somebody waits for that address to answer already.
pub(super) fn unless_invited(
    work: &mut Work<'_, '_>,
    grant: Grant<Invitation, Read>,
    email: &Email,
) -> Result<(), Refusal> {
    let same = vec![
        is::<Invitation>("email", email.key().as_str()),
        is::<Invitation>("status", InvitationStatus::Open.as_str()),
    ];
    let now = work.now();
    let open = work.open(grant)?.some(same, i64::MAX)?;
    match open.iter().any(|known| known.value.is_open(now)) {
        false => Ok(()),
        true => Err(taken("there is an open invitation to this e-mail")),
    }
}

/// Whether it takes a place: not for a client, nor for who has one as a member who hasn't joined yet.
fn takes_place<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Invitation, A>,
    value: &Invitation,
) -> Result<bool, Refusal>
where
    (Invitation, A): Touches<Member, Read> + Touches<RoleAssignment, Create>,
{
    let known = work.tx.user_of_login(&value.email.key())?;
    // As much is asked for an address without an account.
    let user = known.unwrap_or_else(|| work.tx.new_id());
    let members = work.open(grant.also::<Member, Read>())?.by_ids(&[user])?;
    match members.first() {
        None => Ok(!is_for_client(&value.role_ids)?),
        Some(waits) if waits.value.is_active && waits.value.joined_at.is_none() => {
            let has = grant
                .also::<RoleAssignment, Create>()
                .also::<RoleAssignment, Read>();
            let roles = live_roles(work, has, user)?;
            let has: Vec<_> = roles.iter().map(|held| held.role_id).collect();
            Ok(is_for_client(&has)? && !is_for_client(&value.role_ids)?)
        }
        Some(_) => Err(taken("there is a member with this e-mail")),
    }
}

fn taken(detail: &str) -> Refusal {
    Refusal::Conflict {
        code: "not_unique",
        field: Some("email".into()),
        detail: detail.into(),
    }
}

fn send<A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<Invitation, A>,
    record: &Record<Invitation>,
) -> Result<(), Refusal>
where
    (Invitation, A): Touches<RoleAssignment, Create>,
{
    tell(work, grant.also(), SecurityKind::InvitationSent, &record.value)?;
    ask_to_invite(work.tx, grant.organization(), record.id, record.value.sent_count)
}

/// Writes it down for those who look after safety: roles come with it.
fn tell(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Create>,
    kind: SecurityKind,
    value: &Invitation,
) -> Result<(), Refusal> {
    let roles = access::names(work.tx, grant, &value.role_ids)?.join(", ");
    let event = SecurityEvent {
        organization: Some(work.organization()),
        user: Some(work.user()),
        kind,
        // Whom it is for, the log says: this is kept longer than the person may be.
        details: Some(roles),
    };
    Ok(work.tx.security_event(event)?)
}

/// Each once, where it came first.
pub(super) fn distinct(ids: Vec<Id>) -> Vec<Id> {
    let mut once = Vec::with_capacity(ids.len());
    for id in ids {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    once
}
