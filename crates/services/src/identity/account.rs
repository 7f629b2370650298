use super::sessions::about;
use crate::crud::Listed;
use crate::installation::is_owned;
use crate::listing::Parameters;
use crate::organizations::{found, join_all, own_platform};
use crate::pages::{self, listed};
use crate::refusal::Refusal;
use crate::rows::there;
use crate::work::Caller;
use firma_auth::keys::Key;
use firma_domain::identity::{SecurityKind, TokenKind, User};
use firma_domain::organizations::{Organization, Status};
use firma_domain::{Email, Id, Instant, Record};
use firma_persistence::{Position, Tx, Value};
use serde::Serialize;

/// Who is signed in, and where they are a member.
#[derive(Debug, Clone, Serialize)]
pub struct Me {
    pub user: Record<User>,
    pub memberships: Vec<Place>,
}

/// An organization that the user is a member of, or was asked into.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    pub organization_id: Id,
    pub name: String,
    pub slug: String,
    pub status: String,
    pub is_active: bool,
    /// None until the membership is accepted
    pub joined_at: Option<Instant>,
}

/// The caller's own account.
pub fn me(tx: &mut Tx<'_>, caller: Caller) -> Result<Me, Refusal> {
    let user = tx.user(caller.user)?;
    let place = |m: firma_persistence::organizations::Membership| Place {
        organization_id: m.organization,
        name: m.name,
        slug: m.slug,
        status: m.status,
        is_active: m.is_active,
        joined_at: m.joined_at,
    };
    // One that is archived is closed to all but its owner.
    let known = tx.memberships_of(caller.user)?.into_iter();
    let open = known.filter(|of| of.is_owner || of.status != Status::Archived.as_str());
    Ok(Me {
        user,
        memberships: open.map(place).collect(),
    })
}

listed! {
    Place { "organization_id", "name", "slug", "status", "is_active", "joined_at" }
}

/// The caller's organizations, by their names.
pub fn places(
    tx: &mut Tx<'_>,
    caller: Caller,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let page = pages::page::<Place>(parameters, caller.user, "organizations", key)?;
    let all = me(tx, caller)?.memberships;
    let at = |place: &Place| Position {
        key: Some(place.name.as_str().into()),
        id: place.organization_id,
    };
    page.cut(all, at, |place, after| match &after.key {
        Some(Value::Text(name)) => (place.name.as_str(), place.organization_id) > (name.as_str(), after.id),
        _ => true,
    })
}

/// The first owner of an organization, made by who runs the server.
#[derive(Debug, Clone)]
pub struct NewOwner {
    /// Without one, what stands before the `@`
    pub name: Option<String>,
    pub email: Email,
    pub organization: Organization,
}

/// Whether there is a user with that e-mail.
pub fn is_known(tx: &mut Tx<'_>, email: &Email) -> Result<bool, Refusal> {
    Ok(tx.user_of_login(&email.key())?.is_some())
}

/// Makes the organization, and its owner with a password of that hash, unless there is a user with that
/// e-mail already, whose password stays.
pub fn create_owner(
    tx: &mut Tx<'_>,
    new: NewOwner,
    hash: Option<&str>,
) -> Result<Record<Organization>, Refusal> {
    // Somebody may have registered before, or be of the demo.
    let is_first = !is_owned(tx)?;
    make_owner(tx, new, hash, is_first)
}

/// The first owner of an installation owns the platform too.
pub(super) fn make_owner(
    tx: &mut Tx<'_>,
    new: NewOwner,
    hash: Option<&str>,
    is_first: bool,
) -> Result<Record<Organization>, Refusal> {
    let owner = match tx.user_of_login(&new.email.key())? {
        Some(owner) => owner,
        None => {
            let owner = tx.new_id();
            let local = || {
                new.email
                    .as_str()
                    .split('@')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            let name = new.name.unwrap_or_else(local);
            tx.add_user(owner, &User::unclaimed(new.email.clone(), name), None)?;
            if let Some(hash) = hash {
                tx.set_password(owner, hash, false)?;
            }
            owner
        }
    };
    if is_first {
        own_platform(tx, owner)?;
    }
    found(tx, owner, new.organization)
}

/// Sets a person's password, and ends all sessions. Who had none claims the account with it, and the memberships that wait.
pub fn set_password(tx: &mut Tx<'_>, email: &Email, hash: &str) -> Result<(), Refusal> {
    let user = tx.user_of_login(&email.key())?.ok_or(Refusal::NotFound)?;
    give_password(tx, user, hash, false)
}

/// Whether somebody can sign in as that user.
pub(crate) fn is_claimed(tx: &mut Tx<'_>, user: Id) -> Result<bool, Refusal> {
    Ok(tx.credential(user)?.is_some() || tx.has_account(user)?)
}

/// A user who may sign in; none of who is locked, or erased.
pub(crate) fn active(tx: &mut Tx<'_>, user: Id) -> Result<Option<User>, Refusal> {
    let found = there(tx.user(user))?.map(|user| user.value);
    Ok(found.filter(|user| user.is_active))
}

/// The same, held until the call ends.
pub(crate) fn active_for_change(tx: &mut Tx<'_>, user: Id) -> Result<Option<User>, Refusal> {
    let held = there(tx.user_for_change(user))?.map(|user| user.value);
    Ok(held.filter(|user| user.is_active))
}

/// Ends all of a person's sessions, for who runs the server.
pub fn sign_out(tx: &mut Tx<'_>, email: &Email) -> Result<(), Refusal> {
    let user = tx.user_of_login(&email.key())?.ok_or(Refusal::NotFound)?;
    tx.revoke_sessions(user, None)?;
    let by = Some("by who runs the server".to_owned());
    about(tx, Some(user), SecurityKind::SignedOutEverywhere, by)
}

/// The same as [`set_password`] for a user who is known.
pub(super) fn give_password(
    tx: &mut Tx<'_>,
    user: Id,
    hash: &str,
    needs_factor: bool,
) -> Result<(), Refusal> {
    let claimed = is_claimed(tx, user)?;
    tx.set_password(user, hash, needs_factor)?;
    // Whoever is signed in may be why it is set.
    tx.revoke_sessions(user, None)?;
    tx.void_tokens(user, TokenKind::ResetPassword)?;
    about(tx, Some(user), SecurityKind::PasswordChanged, None)?;
    if claimed { Ok(()) } else { join_all(tx, user) }
}
