//! An API key's own limits.

use super::{Asked, Reason};
use crate::access::by_key::{self, Why};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{ByKey, Permission, Permissions, Read, Scope};
use firma_domain::access::ApiKey;
use firma_domain::{Id, Instant, IpRange, Record};
use serde::Serialize;
use std::sync::Arc;

/// What a key was given of what is asked, until when and from where: beyond that it does nothing, whoever made it.
#[derive(Debug, Clone, Serialize)]
pub struct KeyLimits {
    pub id: Id,
    /// How far it was given; none where it wasn't
    pub scope: Option<&'static str>,
    pub expires_at: Option<Instant>,
    pub allowed_ip_ranges: Vec<IpRange>,
}

/// The key, for who may read it; the member that is named with it has to be the one who made it.
pub(super) fn asked(work: &mut Work<'_, '_>, key: Id, user: Option<Id>) -> Result<Record<ApiKey>, Refusal> {
    let grant = work.grant::<ApiKey, Read>()?;
    let key = crate::crud::find(work, grant, key)?;
    match user.is_none_or(|user| key.created_by == Some(user)) {
        true => Ok(key),
        false => Err(Refusal::parameter(
            "user",
            "invalid_value",
            "did not make this key",
        )),
    }
}

/// The key as it would call.
pub(super) fn as_called(key: &Record<ApiKey>) -> ByKey {
    ByKey {
        id: key.id,
        permissions: Arc::new(given(key)),
    }
}

fn given(key: &Record<ApiKey>) -> Permissions {
    let names = key.value.permissions.iter();
    names.filter_map(|name| Permission::parse(name)).collect()
}

/// Whether it isn't taken any more.
pub(super) fn over(key: &Record<ApiKey>, now: Instant) -> Option<Reason> {
    let why = by_key::over(key.value.revoked_at, key.value.expires_at, now)?;
    Some(match why {
        Why::Revoked => Reason::KeyRevoked,
        _ => Reason::KeyExpired,
    })
}

impl KeyLimits {
    pub(super) fn of(key: Record<ApiKey>, asked: &Asked) -> KeyLimits {
        KeyLimits {
            id: key.id,
            scope: given(&key).scope(asked.resource, asked.verb).map(Scope::as_str),
            expires_at: key.value.expires_at,
            allowed_ip_ranges: key.value.allowed_ip_ranges,
        }
    }
}
