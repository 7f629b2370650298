//! The other side of an invitation: who got the mail looks at it, accepts it or declines. All tokens that are no good
//! are answered alike, and written down.

use super::joined::{Joined, take_up};
use crate::access;
use crate::identity::{Door, LinkToken, claim, clean_name, good, is_claimed, judge, no_token, refused};
use crate::refusal::Refusal;
use crate::rows::there;
use crate::work::{Caller, Work};
use firma_auth::access::{Create, Grant, Invited, Read, Update};
use firma_domain::access::RoleAssignment;
use firma_domain::identity::{SecurityKind, TokenKind};
use firma_domain::organizations::{Invitation, Member, Organization, Status};
use firma_domain::{Email, Id, Instant, Record};
use firma_persistence::identity::SecurityEvent;
use firma_persistence::{Fault, Tx};
use serde::{Deserialize, Serialize};

/// What the token of an invitation is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub organization: Id,
    pub invitation: Id,
    /// Which of its mails; only the newest is good
    pub sent: i32,
}

/// An invitation as who holds its token sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// The organization's name
    pub organization: String,
    pub slug: String,
    /// Where the mail went to: who accepts has this address, or gets an account with it
    pub email: String,
    pub name: Option<String>,
    /// The name of the member who invited
    pub invited_by: Option<String>,
    pub message: Option<String>,
    /// Names of the roles to be given
    pub roles: Vec<String>,
    pub expires_at: Option<Instant>,
    /// Whether the address has an account: who has one signs in and accepts
    pub has_account: bool,
}

/// Who accepts without an account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitedPerson {
    pub token: String,
    pub name: String,
    pub password: String,
}

/// A token that is good, and what stands behind it.
pub(super) struct Held {
    pub link: LinkToken,
    pub email: Email,
    /// The organization's id
    pub tenant: Id,
    pub record: Record<Invitation>,
    pub organization: Organization,
}

/// What is told once what was done, or refused, is stored.
type Told<T> = Result<Result<T, Refusal>, Refusal>;

/// An invitation that can be answered, and its organization; held until the call ends where it is about to be. None
/// where the organization is closed, or who invited isn't a member any more.
pub(crate) fn standing(
    tx: &mut Tx<'_>,
    of: &Standing,
    hold: bool,
) -> Result<Option<(Record<Invitation>, Organization)>, Refusal> {
    let grant = Invited::of(of.organization, Id::NIL).grant();
    let mut organizations = tx.open(grant.also::<Organization, Update>())?;
    let organization = match hold {
        true => organizations.find_for_change(of.organization),
        false => organizations.find(of.organization),
    };
    let is_open = |known: &Record<Organization>| known.value.status != Status::Archived;
    let Some(organization) = there(organization)?.filter(is_open) else {
        return Ok(None);
    };
    let mut invitations = tx.open(grant)?;
    let record = match hold {
        true => invitations.find_for_change(of.invitation),
        false => invitations.find(of.invitation),
    };
    let now = tx.now();
    let is_good =
        |record: &Record<Invitation>| record.value.is_open(now) && record.value.sent_count == of.sent;
    let Some(record) = there(record)?.filter(is_good) else {
        return Ok(None);
    };
    // Who left invites nobody any more.
    let by = record.value.invited_by.unwrap_or(Id::NIL);
    match Work::resume(tx, of.organization, by) {
        Ok(_) => Ok(Some((record, organization.value))),
        Err(Refusal::OrganizationNotFound) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// What a token stands for, if it is good. Else that it was tried is written down.
fn held(tx: &mut Tx<'_>, text: &str, hold: bool) -> Result<Option<Held>, Refusal> {
    let Some((link, token)) = good(tx, TokenKind::Invitation, text)? else {
        return Ok(None);
    };
    let of: Standing = serde_json::from_str(token.payload.as_deref().unwrap_or_default())
        .map_err(|_| Fault::Internal("a token lost what it is for".into()))?;
    let email = Email::parse(&token.email).ok_or(Refusal::NotFound)?;
    match standing(tx, &of, hold)? {
        Some((record, organization)) => Ok(Some(Held {
            link,
            email,
            tenant: of.organization,
            record,
            organization,
        })),
        None => {
            refused(tx, Some(link.user), TokenKind::Invitation)?;
            Ok(None)
        }
    }
}

/// Looks at an invitation.
pub fn look_at_invitation(tx: &mut Tx<'_>, text: &str) -> Told<Look> {
    let Some(held) = held(tx, text, false)? else {
        return Ok(Err(no_token()));
    };
    let grant = Invited::of(held.tenant, Id::NIL).grant();
    let Invitation {
        name,
        message,
        role_ids,
        expires_at,
        invited_by,
        ..
    } = held.record.value;
    Ok(Ok(Look {
        organization: held.organization.name,
        slug: held.organization.slug.to_string(),
        invited_by: inviter(tx, grant, invited_by)?,
        roles: access::names(tx, grant.also::<RoleAssignment, Create>(), &role_ids)?,
        has_account: user_of(tx, &held.email)?.is_some_and(|(_, claimed)| claimed),
        email: held.email.to_string(),
        name,
        message,
        expires_at,
    }))
}

/// The name of who invites, as the organization shows it.
pub(crate) fn inviter(
    tx: &mut Tx<'_>,
    grant: Grant<Invitation, Update>,
    member: Option<Id>,
) -> Result<Option<String>, Refusal> {
    let members = member.map(|id| vec![id]).unwrap_or_default();
    let found = tx.open(grant.also::<Member, Read>())?.by_ids(&members)?.pop();
    Ok(found.map(|member| member.value.name))
}

/// The user of an address, and whether somebody has claimed the account.
fn user_of(tx: &mut Tx<'_>, email: &Email) -> Result<Option<(Id, bool)>, Refusal> {
    match tx.user_of_login(&email.key())? {
        Some(user) => Ok(Some((user, is_claimed(tx, user)?))),
        None => Ok(None),
    }
}

/// Accepts with the account that has the address that the mail went to.
pub fn accept_invitation(tx: &mut Tx<'_>, caller: Caller, text: &str) -> Told<Joined> {
    let Some(held) = held(tx, text, true)? else {
        return Ok(Err(no_token()));
    };
    let person = tx.user_for_change(caller.user)?.value;
    if person.email.key() != held.email.key() {
        refused(tx, Some(caller.user), TokenKind::Invitation)?;
        return Ok(Err(no_token()));
    }
    if was_put_out(tx, &held, caller.user)? {
        return Ok(Err(no_token()));
    }
    if person.email_verified_at.is_none() {
        return Ok(Err(Refusal::Unverified));
    }
    Ok(Ok(take_up(tx, &held, caller.user, person.name)?))
}

/// Accepts without an account, which is made by it: who has the token reads the mail.
pub async fn register_invited(door: &Door<'_>, new: InvitedPerson) -> Result<Joined, Refusal> {
    let name = clean_name(&new.name)?;
    let text = new.token.clone();
    // A call that writes: a token that is refused is written down.
    let look = move |tx: &mut Tx<'_>| match held(tx, &text, false)? {
        Some(held) => {
            let claimed = user_of(tx, &held.email)?.is_some_and(|(_, claimed)| claimed);
            Ok(Some((claimed, held.email)))
        }
        None => Ok(None),
    };
    let (claimed, email) = door.write(look).await?.ok_or_else(no_token)?;
    if claimed {
        return Err(has_account());
    }
    judge(&new.password, false, &[email.as_str(), &name])?;
    let hash = door.hash(&new.password).await?;
    let join = move |tx: &mut Tx<'_>| -> Told<Joined> {
        let Some(held) = held(tx, &new.token, true)? else {
            return Ok(Err(no_token()));
        };
        let user = match user_of(tx, &held.email)? {
            Some((_, true)) => return Ok(Err(has_account())),
            Some((user, false)) if was_put_out(tx, &held, user)? => return Ok(Err(no_token())),
            other => other.map(|(user, _)| user),
        };
        let user = claim(tx, user, (held.link.user, &held.email), &name, &hash)?;
        Ok(Ok(take_up(tx, &held, user, name.clone())?))
    };
    door.write(join).await?
}

fn has_account() -> Refusal {
    Refusal::conflict(
        "has_account",
        "the address has an account: sign in, and accept with it",
    )
}

/// Whether the user was a member there and was deactivated: that is for an administrator to take back.
fn was_put_out(tx: &mut Tx<'_>, held: &Held, user: Id) -> Result<bool, Refusal> {
    let grant = Invited::of(held.tenant, user).grant();
    let found = tx.open(grant.also::<Member, Read>())?.by_ids(&[user])?;
    let is_out = found.iter().any(|member| !member.value.is_active);
    if is_out {
        refused(tx, Some(user), TokenKind::Invitation)?;
    }
    Ok(is_out)
}

/// Declines.
pub fn decline_invitation(tx: &mut Tx<'_>, text: &str) -> Told<()> {
    let Some(held) = held(tx, text, true)? else {
        return Ok(Err(no_token()));
    };
    let grant = Invited::of(held.tenant, Id::NIL).grant();
    let value = held.record.value.clone().declined(tx.now());
    let after = tx.open(grant)?.change(&held.record, value)?;
    tx.redeem_token(held.link.user, held.link.hash)?;
    tx.security_event(SecurityEvent {
        organization: Some(held.tenant),
        user: after.value.invited_by,
        kind: SecurityKind::InvitationDeclined,
        // The address is of somebody else than the event, and would stay when that person is erased.
        details: None,
    })?;
    Ok(Ok(()))
}
