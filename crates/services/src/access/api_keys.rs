//! API keys: made, changed and revoked by members, never by keys.

use super::roles::no_permission;
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Facts, Grant, Permission, Permissions, Update};
use firma_auth::api_key::{ApiKeyToken, RANDOM};
use firma_domain::access::ApiKey;
use firma_domain::identity::SecurityKind;
use firma_domain::input::{self, Invalid};
use firma_domain::source::Entropy;
use firma_domain::{Id, Instant, Record};
use serde::Serialize;
use serde_json::Value;

/// A key that was made.
#[derive(Serialize)]
pub struct MadeKey {
    /// The whole of it: shown now and never again
    pub key: String,
    #[serde(flatten)]
    pub record: Record<ApiKey>,
}

/// Makes a key. Nobody gives one more than they hold, and it is asked whether it is really them.
pub fn make_key(
    work: &mut Work<'_, '_>,
    grant: Grant<ApiKey, Create>,
    body: impl FnOnce() -> Result<Value, Refusal>,
    entropy: &dyn Entropy,
) -> Result<MadeKey, Refusal> {
    work.step_up()?;
    let mut value: ApiKey = input::read(body()?)?;
    let mut random = [0; RANDOM];
    entropy.fill(&mut random);
    let (key, token) = ApiKeyToken::issue(&random);
    value.prefix.clone_from(&token.prefix);
    let record = crate::crud::add(work, grant, value, false)?;
    work.tx.add_key(grant, record.id, &token.prefix, &token.hash())?;
    Ok(MadeKey { key, record })
}

/// Revokes a key, for good and from the very next call on. One that was revoked stays as it is.
pub fn revoke_key(
    work: &mut Work<'_, '_>,
    grant: Grant<ApiKey, Update>,
    id: Id,
    expected: &crate::crud::Expected,
) -> Result<Record<ApiKey>, Refusal> {
    let before = crate::crud::held(work, grant, expected, |rows| rows.find_for_change(id))?;
    if before.value.revoked_at.is_some() {
        return Ok(before);
    }
    let value = ApiKey {
        revoked_at: Some(work.now()),
        ..before.value.clone()
    };
    let after = work.open(grant)?.change(&before, value)?;
    tell(work, SecurityKind::ApiKeyRevoked, &after)?;
    Ok(after)
}

impl Keeping for ApiKey {
    fn creating(work: &mut Work<'_, '_>, _: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        let permissions = named(&value.permissions)?;
        not_past(work, value.expires_at)?;
        held(work.facts(), &permissions)?;
        Ok(ApiKey {
            permissions: names(&permissions),
            ..value
        })
    }

    fn created(work: &mut Work<'_, '_>, _: Grant<Self, Create>, made: &Record<Self>) -> Result<(), Refusal> {
        tell(work, SecurityKind::ApiKeyCreated, made)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        if before.value.revoked_at.is_some() {
            return Err(Refusal::conflict(
                "transition",
                "a revoked key isn't changed any more",
            ));
        }
        let permissions = named(&value.permissions)?;
        if value.expires_at != before.value.expires_at {
            not_past(work, value.expires_at)?;
        }
        may_widen(work, before, &value, &permissions)?;
        Ok(ApiKey {
            permissions: names(&permissions),
            ..value
        })
    }

    fn changed(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Update>,
        _: &Record<Self>,
        after: &Record<Self>,
    ) -> Result<(), Refusal> {
        tell(work, SecurityKind::ApiKeyChanged, after)
    }
}

/// Who lets a key do more, for longer or from elsewhere has to hold all that it will give. What it is given anew its
/// creator has to hold, too: it would be cut away otherwise, until the creator holds it one day.
fn may_widen(
    work: &mut Work<'_, '_>,
    before: &Record<ApiKey>,
    value: &ApiKey,
    permissions: &Permissions,
) -> Result<(), Refusal> {
    let had: Permissions = before
        .value
        .permissions
        .iter()
        .filter_map(|name| Permission::parse(name))
        .collect();
    let new = permissions
        .iter()
        .filter(|p| had.scope(p.resource, p.verb) < Some(p.scope));
    let new: Permissions = new.collect();
    let lasts = |end: Option<Instant>| end.map_or(i64::MAX, Instant::micros);
    let is_wider = new.iter().next().is_some()
        || lasts(value.expires_at) > lasts(before.value.expires_at)
        || value.allowed_ip_ranges != before.value.allowed_ip_ranges;
    if !is_wider {
        return Ok(());
    }
    // As for a new one: of who found a session open, or a key that lost its worth, it would make a good one.
    work.step_up()?;
    held(work.facts(), permissions)?;
    let creator = before.created_by.unwrap_or(Id::NIL);
    if creator == work.user() || new.iter().next().is_none() {
        return Ok(());
    }
    let organization = work.organization();
    match work.tx.facts_of_owner(organization, creator)? {
        Some((facts, ..)) => held(&facts, &new),
        None => Err(Refusal::PermissionNotHeld(names(&new))),
    }
}

fn held(facts: &Facts, permissions: &Permissions) -> Result<(), Refusal> {
    let missing: Vec<_> = facts.lacks(permissions).map(|p| p.name()).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Refusal::PermissionNotHeld(missing)),
    }
}

/// The permissions of these names.
fn named(names: &[String]) -> Result<Permissions, Refusal> {
    let (mut known, mut errors) = (Permissions::default(), Vec::new());
    for (n, name) in names.iter().enumerate() {
        let (code, detail) = match Permission::parse(name) {
            Some(permission) if permission.resource.is_for_keys() => {
                known.put(permission);
                continue;
            }
            Some(_) => ("not_for_keys", "is nothing that a key may ever do"),
            None => ("unknown_permission", "is not a permission of the catalogue"),
        };
        errors.push(no_permission(n, code, detail));
    }
    Invalid::unless_empty(errors)?;
    Ok(known)
}

fn names(permissions: &Permissions) -> Vec<String> {
    permissions.iter().map(|p| p.name()).collect()
}

fn not_past(work: &Work<'_, '_>, end: Option<Instant>) -> Result<(), Refusal> {
    match end {
        Some(end) if end <= work.now() => Err(Refusal::field("expires_at", "past", "is in the past")),
        _ => Ok(()),
    }
}

fn tell(work: &mut Work<'_, '_>, kind: SecurityKind, key: &Record<ApiKey>) -> Result<(), Refusal> {
    work.tell(kind, key.created_by, &key.value.prefix)
}
