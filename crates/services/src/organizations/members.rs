use super::invitations::{distinct, unless_invited};
use super::places::{hold, is_for_client, room_for};
use crate::access;
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::rows::{is, there};
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant, Read, Update};
use firma_domain::access::RoleAssignment;
use firma_domain::identity::User;
use firma_domain::organizations::{Member, Organization, TeamMember};
use firma_domain::{Email, Id, Record};
use firma_persistence::Tx;
use serde::Deserialize;
use validator::Validate;

/// Who is to become a member.
#[derive(Debug, Clone, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    pub email: Email,
    pub name: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub department: Option<String>,
    /// Roles to give; none unless asked
    #[serde(default)]
    #[validate(length(max = 20))]
    pub role_ids: Vec<Id>,
}

/// Adds a member. The answer has the same form for a known and an unknown address (its id is the user's): who has an
/// account accepts first, who hasn't claims it first.
pub fn add_member(
    work: &mut Work<'_, '_>,
    grant: Grant<Member, Create>,
    new: NewMember,
) -> Result<Record<Member>, Refusal> {
    new.validate().map_err(|e| firma_domain::input::invalid(&e))?;
    let role_ids = distinct(new.role_ids);
    let member = Member {
        title: new.title,
        department: new.department,
        ..Member::added(new.email.clone(), new.name.clone(), Some(work.user()))
    };
    member.validate().map_err(|e| firma_domain::input::invalid(&e))?;
    access::may_give_all(work, grant.also(), &role_ids, None)?;
    let organization = hold(work.tx, grant.also())?;
    // The open invitation has a place already.
    unless_invited(work, grant.also(), &new.email)?;
    let more = i64::from(!is_for_client(&role_ids)?);
    room_for(work.tx, grant.also(), &organization, more)?;
    let user = match work.tx.user_of_login_for_change(&new.email.key())? {
        Some(user) => user.id,
        None => {
            let user = work.tx.new_id();
            let by = work.user();
            work.tx
                .add_user(user, &User::unclaimed(new.email, new.name), Some(by))?;
            user
        }
    };
    if !work.open(grant)?.by_ids(&[user])?.is_empty() {
        return Err(Refusal::Conflict {
            code: "not_unique",
            field: Some("email".into()),
            detail: "there is a member with this e-mail".into(),
        });
    }
    let record = work.open(grant)?.add_as(user, member)?;
    for role in role_ids {
        access::give(work, grant.also(), user, role, None)?;
    }
    Ok(record)
}

/// Who is no longer active is in no team: the others don't reach those rows by it, nor the other way round.
pub(super) fn leave_teams(tx: &mut Tx<'_>, grant: Grant<Member, Update>, user: Id) -> Result<(), Refusal> {
    let deletion = tx.new_id();
    let mut places = tx.open(grant.also::<TeamMember, Delete>())?;
    let left = places.some_for_delete(vec![is::<TeamMember>("user_id", user)])?;
    Ok(places.delete_all(&left, deletion)?)
}

/// The roles that a member was given, and that give something now as soon as the member is active.
pub(super) fn live_roles(
    work: &mut Work<'_, '_>,
    grant: Grant<RoleAssignment, Read>,
    user: Id,
) -> Result<Vec<RoleAssignment>, Refusal> {
    let now = work.now();
    let held = work
        .open(grant)?
        .some(vec![is::<RoleAssignment>("user_id", user)], i64::MAX)?;
    let held = held.into_iter().map(|known| known.value);
    Ok(held.filter(|value| value.gives(now)).collect())
}

impl Keeping for Member {
    const NAMED_BY: &'static [&'static str] = &["email", "name"];

    // A member is never deleted.
    const MAY_REST: bool = true;
    fn rests(&self) -> bool {
        !self.is_active
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        if !before.value.is_active && value.is_active {
            // Nobody is behind a membership whose person is erased.
            if there(work.tx.user(before.id))?.is_none() {
                return Err(Refusal::conflict("referred_to", "the person is erased"));
            }
            // The roles come back with the member: whoever does that gives them.
            for held in live_roles(work, grant.also(), before.id)? {
                let giving = grant.also::<RoleAssignment, Read>();
                access::may_give(work, giving, held.role_id, held.expires_at)?;
            }
            let organization = hold(work.tx, grant.also())?;
            let roles: Vec<_> = live_roles(work, grant.also(), before.id)?
                .iter()
                .map(|held| held.role_id)
                .collect();
            if !is_for_client(&roles)? {
                room_for(work.tx, grant.also(), &organization, 1)?;
            }
        }
        if before.value.is_active && !value.is_active {
            let organization = work.organization();
            // Held, so that the member doesn't become the owner at once.
            let parent = work
                .open(grant.also::<Organization, Update>())?
                .find_for_change(organization)?;
            if parent.value.owner_id == Some(before.id) {
                return Err(Refusal::conflict("last_owner", "the owner can't be deactivated"));
            }
            // Who isn't active holds nothing: a role is taken by those alone who may give it.
            for held in live_roles(work, grant.also(), before.id)? {
                let end = Some(work.now());
                access::may_give(work, grant.also::<RoleAssignment, Read>(), held.role_id, end)?;
            }
            leave_teams(work.tx, grant, before.id)?;
        }
        Ok(value)
    }
}
