//! Calls by an API key, in the place of the member who made it.

use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::Refused;
use firma_auth::api_key::ApiKeyToken;
use firma_domain::Instant;
use firma_domain::access::ApiKey;
use firma_domain::identity::SecurityKind;
use firma_persistence::Tx;
use firma_persistence::access::{Known, KnownKey, Segment};
use firma_persistence::identity::SecurityEvent;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

/// Who calls by a key, as the request says.
pub struct KeyCaller {
    pub token: ApiKeyToken,
    /// From where, as far as that is known
    pub address: Option<IpAddr>,
}

/// Why a key was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Secret,
    Revoked,
    Expired,
    Address,
    /// The member who made it left, or was deactivated
    Creator,
    /// The path names another organization
    Foreign,
    Suspended,
    Archived,
}

impl Why {
    /// As the security event says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Secret => "wrong secret",
            Why::Revoked => "revoked",
            Why::Expired => "expired",
            Why::Address => "foreign address",
            Why::Creator => "its creator is no active member",
            Why::Foreign => "foreign organization",
            Why::Suspended => "the organization is suspended",
            Why::Archived => "the organization is archived",
        }
    }
}

/// A call by a key that there is, refused. It is written down once the call is undone: see [`note_key_refused`].
#[derive(Debug, Clone)]
pub struct RefusedKey {
    pub key: Arc<KnownKey>,
    pub why: Why,
}

impl RefusedKey {
    /// What the caller is told: of a key that isn't taken no more than of one that there isn't.
    pub fn told(&self) -> Refusal {
        match self.why {
            Why::Foreign | Why::Archived => Refusal::OrganizationNotFound,
            Why::Suspended => Refusal::Suspended,
            _ => Refusal::Unauthenticated,
        }
    }
}

/// How long an address is known from which a key was used, in seconds: as a device is.
const KNOWN: i64 = 90 * 86_400;
/// How often the use of a key is noted, in seconds.
const NOTED: i64 = 60;

impl KeyCaller {
    /// The key, if this is it.
    fn key(&self, tx: &mut Tx<'_>) -> Result<Arc<KnownKey>, Refusal> {
        let key = tx
            .key_named(&self.token.prefix)?
            .ok_or(Refusal::Unauthenticated)?;
        match self.token.is(&key.hash) {
            true => Ok(key),
            false => Err(refused(&key, Why::Secret)),
        }
    }

    /// For calls about no organization: 401 where the key isn't taken, and 403 where it is. They are for people.
    pub fn refuse(&self, tx: &mut Tx<'_>) -> Result<Infallible, Refusal> {
        let own = Segment::Id(self.key(tx)?.organization);
        Work::enter_by_key(tx, self, &own)?;
        Err(Refusal::KeyNotAllowed)
    }
}

impl<'t, 'c> Work<'t, 'c> {
    /// The same as [`Work::enter`] by a key: with the rights that its creator has now, cut with its own.
    pub fn enter_by_key(
        tx: &'t mut Tx<'c>,
        caller: &KeyCaller,
        segment: &Segment,
    ) -> Result<(Self, Arc<KnownKey>), Refusal> {
        let key = caller.key(tx)?;
        let Some(facts) = tx.facts_by_key(&key, segment)? else {
            return Err(refused(&key, Why::Creator));
        };
        let is_taken = ApiKey::is_taken_from(&facts.allowed_ip_ranges, caller.address);
        let over = over(facts.revoked_at, facts.expires_at, tx.now());
        let why = match (over, facts.known) {
            (Some(over), _) => over,
            _ if !is_taken => Why::Address,
            _ if !facts.is_at_home => match renamed(tx, &key, segment)? {
                Some(slug) => return Err(Refusal::Renamed(slug)),
                None => Why::Foreign,
            },
            _ if !facts.has_creator => Why::Creator,
            (_, Known::Member(facts, currency, zone)) => match facts.enter() {
                Ok(()) => return Ok((Work::of(tx, facts, currency, zone), key)),
                Err(Refused::Suspended) => Why::Suspended,
                Err(Refused::Archived) => Why::Archived,
                // What its maker may not do, the key may not either.
                Err(other) => return Err(other.into()),
            },
            (_, Known::Nobody | Known::Stranger) => Why::Foreign,
        };
        Err(refused(&key, why))
    }
}

/// Why a key isn't taken any more, from wherever it is used.
pub(super) fn over(revoked_at: Option<Instant>, expires_at: Option<Instant>, now: Instant) -> Option<Why> {
    match (revoked_at, expires_at) {
        (Some(_), _) => Some(Why::Revoked),
        (_, Some(end)) if end <= now => Some(Why::Expired),
        _ => None,
    }
}

/// The slug that the key's own organization has now, if this was one of its.
fn renamed(tx: &mut Tx<'_>, key: &KnownKey, segment: &Segment) -> Result<Option<String>, Refusal> {
    let Segment::Slug(former) = segment else {
        return Ok(None);
    };
    let found = tx.slug_of_former(key.user, former)?;
    Ok(found
        .filter(|(organization, _)| *organization == key.organization)
        .map(|(_, slug)| slug))
}

fn refused(key: &Arc<KnownKey>, why: Why) -> Refusal {
    Refusal::Key(RefusedKey {
        key: key.clone(),
        why,
    })
}

/// Writes down that a key was refused.
pub fn note_key_refused(tx: &mut Tx<'_>, refused: &RefusedKey) -> Result<(), Refusal> {
    let words = format!("{}: {}", refused.key.prefix, refused.why.as_str());
    told(tx, &refused.key, SecurityKind::ApiKeyRefused, words)
}

/// Notes that a key is in use; a place from which it wasn't used for long is written down.
pub fn note_key_used(tx: &mut Tx<'_>, key: &KnownKey, place: Option<&str>) -> Result<(), Refusal> {
    tx.note_key_used(key, NOTED)?;
    let Some(place) = place else { return Ok(()) };
    let words = format!("{} from {place}", key.prefix);
    let since = tx.now().plus_seconds(-KNOWN);
    match tx.was_key_told(key, &words, since)? {
        true => Ok(()),
        false => told(tx, key, SecurityKind::ApiKeyNewAddress, words),
    }
}

fn told(tx: &mut Tx<'_>, key: &KnownKey, kind: SecurityKind, details: String) -> Result<(), Refusal> {
    Ok(tx.security_event(SecurityEvent {
        organization: Some(key.organization),
        user: Some(key.user),
        kind,
        details: Some(details),
    })?)
}
