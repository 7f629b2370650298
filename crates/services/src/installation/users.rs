use super::roles::{holds_owner, unless_last_owner};
use super::{Desk, terms};
use crate::crud::{Expected, Listed};
use crate::listing::{self, Parameters};
use crate::pages::{self, Row, by_id, oldest_first};
use crate::refusal::Refusal;
use firma_auth::access::{PlatformGrant, Read, Update, role_by_name};
use firma_auth::keys::Key;
use firma_domain::identity::{SecurityKind, User};
use firma_domain::{Id, Record};
use firma_persistence::installation::UserSearch;

impl Row for Record<User> {
    fn has(field: &str) -> bool {
        let own = [
            "email",
            "username",
            "given_name",
            "family_name",
            "name",
            "is_active",
            "is_configured",
            "email_verified_at",
            "last_login_at",
            "image_file_id",
        ];
        listing::is_common(field) || own.contains(&field)
    }
}

/// People with an account, the newest first.
pub fn users(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<User, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let mut search = UserSearch::default();
    let page = pages::filtered::<Record<User>>(parameters, Id::NIL, "users", key, |name, value| {
        match name {
            "q" => search.words = listing::words(value)?,
            "sort" => search.oldest_first = oldest_first(value)?,
            "login" => search.login = Some(value.trim().to_lowercase()),
            "is_active" => search.is_active = Some(listing::flag(name, value)?),
            _ => match terms::read(name, value)? {
                Some(_) if search.terms.len() == terms::MOST => {
                    let detail = format!("asks for more than {} things of a profile", terms::MOST);
                    return Err(Refusal::parameter(name, "invalid_value", detail));
                }
                Some(term) => search.terms.push(term),
                None => return Ok(false),
            },
        }
        Ok(true)
    })?;
    unless_of_one(&search)?;
    let search = UserSearch {
        before: page.before(),
        rows: page.rows(),
        ..search
    };
    let total = page.total(|| desk.tx.count_users(grant, &search))?;
    let found = desk.tx.list_users(grant, &search)?;
    page.of(found, total, |user| by_id(user.id))
}

/// Who is looked for by what a profile says isn't named beside: the answer would tell what the profile of one says.
fn unless_of_one(search: &UserSearch) -> Result<(), Refusal> {
    let named = match (&search.login, search.words.is_empty()) {
        _ if search.terms.is_empty() => return Ok(()),
        (Some(_), _) => "login",
        (None, false) => "q",
        (None, true) => return Ok(()),
    };
    let detail = "isn't asked beside what a profile says";
    Err(Refusal::parameter(named, "invalid_value", detail))
}

/// One of them.
pub fn user(desk: &mut Desk<'_, '_>, _: PlatformGrant<User, Read>, id: Id) -> Result<Record<User>, Refusal> {
    Ok(desk.tx.user(id)?)
}

/// Lets a person sign in, or no longer: then all sessions end.
pub fn set_active(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<User, Update>,
    id: Id,
    is_active: bool,
    expected: &Expected,
) -> Result<Record<User>, Refusal> {
    desk.tx.hold_platform()?;
    let before = desk.tx.user_for_change(id)?;
    expected.check(&before)?;
    if before.value.is_active == is_active {
        return Ok(before);
    }
    if holds_owner(desk.tx, grant.system(), id)? {
        // Else an administrator would take a role away that only owners take.
        let owner = role_by_name("website_owner").is_some_and(|role| desk.facts().holds_role(role.id));
        if !owner {
            return Err(Refusal::RoleNotHeld {
                role: "website_owner".into(),
                permission: None,
            });
        }
        if !is_active {
            unless_last_owner(desk.tx, grant.system(), id)?;
        }
    }
    desk.tx.set_user_active(grant, id, is_active)?;
    let kind = match is_active {
        true => SecurityKind::UserReactivated,
        false => SecurityKind::UserDeactivated,
    };
    let by = desk.user();
    desk.tell(kind, id, &format!("by {by}"))?;
    Ok(desk.tx.user(id)?)
}
