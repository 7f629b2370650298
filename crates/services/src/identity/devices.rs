//! A person's sessions: where they are signed in, and ending that.

use super::sessions::about;
use crate::crud::{Expected, Listed};
use crate::listing::Parameters;
use crate::pages::{self, by_id, listed};
use crate::refusal::Refusal;
use crate::remembered::remembered;
use crate::work::Caller;
use firma_auth::keys::Key;
use firma_domain::identity::{SecurityKind, device};
use firma_domain::{Id, Instant};
use firma_persistence::Tx;
use firma_persistence::identity::LiveSession;
use moka::sync::Cache;
use serde::Serialize;

/// A place where a person is signed in.
#[derive(Debug, Clone, Serialize)]
pub struct Session {
    pub id: Id,
    /// What the user agent calls itself, in short
    pub device: Option<String>,
    pub user_agent: Option<String>,
    pub ip: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
    /// Until when it lives without being refreshed
    pub expires_at: Instant,
    /// Whether it is the one that asks
    pub is_current: bool,
}

listed! {
    Session { "id", "device", "user_agent", "ip", "created_at", "last_used_at", "expires_at", "is_current" }
}

/// The caller's sessions that live.
pub fn sessions(
    tx: &mut Tx<'_>,
    caller: Caller,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let page = pages::page::<Session>(parameters, caller.user, "sessions", key)?;
    let total = page.total(|| tx.count_live_sessions(caller.user))?;
    let found = tx.live_sessions(caller.user, page.before(), page.rows())?;
    let shown = |session: LiveSession| Session {
        id: session.id,
        device: session.user_agent.as_deref().map(device),
        user_agent: session.user_agent,
        ip: session.ip,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        is_current: session.id == caller.session,
    };
    page.of(found.into_iter().map(shown).collect(), total, |session| {
        by_id(session.id)
    })
}

/// Ends one of the caller's sessions, at once. Another one than that of the call needs a step-up.
pub fn revoke(tx: &mut Tx<'_>, caller: Caller, session: Id, expected: &Expected) -> Result<(), Refusal> {
    if session != caller.session {
        caller.step_up(tx)?;
    }
    if !tx.revoke_session(caller.user, session)? {
        return Err(Refusal::NotFound);
    }
    expected.check_unversioned()?;
    let session = Some(session.to_string());
    about(tx, Some(caller.user), SecurityKind::SessionRevoked, session)
}

/// Ends all of the caller's sessions, this one too.
pub fn logout_all(tx: &mut Tx<'_>, caller: Caller) -> Result<(), Refusal> {
    caller.step_up(tx)?;
    tx.revoke_sessions(caller.user, None)?;
    about(tx, Some(caller.user), SecurityKind::SignedOutEverywhere, None)
}

/// How often the use of a session is noted, in seconds.
const NOTED: i64 = 60;
/// So many uses are remembered; with more within a minute some are noted once more.
const REMEMBERED: u64 = 10_000;

/// When this server last noted that a session or a key is in use: so that a call needs no statement to find out.
pub struct LastUsed(Cache<(Id, String), i64>);

impl Default for LastUsed {
    fn default() -> LastUsed {
        LastUsed(remembered(REMEMBERED))
    }
}

impl LastUsed {
    /// Whether the use of a session has to be noted. `issued` is when its access token was made, in seconds: then
    /// the session was in use too.
    pub fn is_due(&self, session: Id, issued: i64, now: Instant) -> bool {
        now.seconds().saturating_sub(issued) >= NOTED && self.is_new((session, String::new()), now)
    }

    /// Whether what a key was used for from a place has to be noted.
    pub fn is_key_due(&self, key: Id, what: &str, place: Option<&str>, now: Instant) -> bool {
        self.is_new((key, format!("{what} {}", place.unwrap_or_default())), now)
    }

    fn is_new(&self, what: (Id, String), now: Instant) -> bool {
        let now = now.seconds();
        let is_old = |at: &i64| now.saturating_sub(*at) >= NOTED;
        self.0.entry(what).or_insert_with_if(|| now, is_old).is_fresh()
    }
}

/// Notes that the caller's session is in use, if it lives.
pub fn note_used(tx: &mut Tx<'_>, caller: Caller) -> Result<(), Refusal> {
    Ok(tx.note_session_used(caller.user, caller.session, NOTED)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let used = LastUsed::default();
        let start = Instant::from_micros(1_700_000_000_000_000).unwrap();
        let due = |session: u16, seconds: i64| {
            used.is_due(
                Id::fixed(1, session),
                start.seconds(),
                start.plus_seconds(seconds),
            )
        };
        assert!(!due(1, 0) && !due(1, 59));
        assert!(due(1, 60) && !due(1, 61) && !due(1, 119) && due(1, 120));
        assert!(due(2, 121));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let used = LastUsed::default();
        let start = Instant::from_micros(1_700_000_000_000_000).unwrap();
        for n in 0..REMEMBERED + 500 {
            let session = Id::fixed(u16::try_from(n >> 8).unwrap(), u16::try_from(n & 0xff).unwrap());
            assert!(used.is_due(session, 0, start));
        }
        used.0.run_pending_tasks();
        assert!(used.0.entry_count() <= REMEMBERED);
    }
}
