use super::notices::noted;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::keys::Keys;
use firma_auth::token::{AccessTokens, RefreshToken};
use firma_domain::identity::{SecurityKind, User};
use firma_domain::source::Entropy;
use firma_domain::{Id, Instant, Record};
use firma_persistence::identity::{NewSession, Rotation};
use firma_persistence::{Fault, Tx};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What signs in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The e-mail, or the username
    pub email: String,
    pub password: String,
    #[serde(default, deserialize_with = "firma_domain::input::word")]
    pub transport: Transport,
}

/// How the tokens of a session travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// In bodies and `Authorization`, for programs
    #[default]
    Bearer,
    /// In cookies that no script can read, for browsers
    Cookie,
}

/// How long tokens live, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    pub access: i64,
    /// From each use
    pub refresh: i64,
    /// From the sign-in, however often it is refreshed
    pub session: i64,
}

/// Makes tokens.
#[derive(Clone)]
pub struct Signer {
    pub keys: Arc<Keys>,
    pub access: Arc<AccessTokens>,
    pub lifetimes: Lifetimes,
    pub entropy: Arc<dyn Entropy>,
}

/// The answer to a sign-in and to a refresh.
#[derive(Debug, Clone, Serialize)]
pub struct SignedIn {
    #[serde(skip)]
    pub session: Id,
    pub access_token: String,
    pub refresh_token: String,
    pub token_type: &'static str,
    pub expires_in: i64,
    /// What makes this device known at the next sign-in; only a sign-in gives it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
    pub user: Record<User>,
}

/// A refresh token that was used before is reuse, but for so many seconds only late.
const LATE: i64 = 10;

impl Signer {
    /// Whose session a refresh token of ours is for.
    pub fn session_of(&self, refresh_token: &str) -> Option<Id> {
        let token = RefreshToken::read(refresh_token, &self.keys.refresh)?;
        Some(token.session)
    }

    fn refresh_token(&self, user: Id, session: Id) -> (String, RefreshToken) {
        let mut random = [0; 32];
        self.entropy.fill(&mut random);
        RefreshToken::issue(user, session, &random, &self.keys.refresh)
    }

    fn signed_in(
        &self,
        session: Id,
        now: Instant,
        refresh_token: String,
        user: Record<User>,
    ) -> Result<SignedIn, Refusal> {
        let access = self.access.issue(user.id, session, now, self.lifetimes.access);
        let access_token = access.ok_or_else(|| Fault::Internal("a token could not be signed".into()))?;
        Ok(SignedIn {
            session,
            access_token,
            refresh_token,
            token_type: "Bearer",
            expires_in: self.lifetimes.access,
            device_token: None,
            user,
        })
    }
}

/// Writes down what concerns a person and no organization.
pub(super) fn about(
    tx: &mut Tx<'_>,
    user: Option<Id>,
    kind: SecurityKind,
    details: Option<String>,
) -> Result<(), Refusal> {
    noted(tx, None, user, kind, details)
}

pub(super) fn open(tx: &mut Tx<'_>, signer: &Signer, user: Id) -> Result<SignedIn, Refusal> {
    let (now, session) = (tx.now(), tx.new_id());
    let (text, token) = signer.refresh_token(user, session);
    let made = tx.add_session(NewSession {
        id: session,
        user,
        refresh_hash: token.hash,
        expires_at: now.plus_seconds(signer.lifetimes.refresh.min(signer.lifetimes.session)),
        ends_at: now.plus_seconds(signer.lifetimes.session),
    })?;
    if !made {
        // Deactivated since the sign-in looked: it looks again, and refuses in its own words.
        return Err(Fault::Again.into());
    }
    tx.signed_in(user)?;
    let record = tx.user(user)?;
    signer.signed_in(session, now, text, record)
}

/// The next pair of tokens for a refresh token. An old one that is used again ends its session.
pub fn refresh(tx: &mut Tx<'_>, signer: &Signer, token: &str) -> Result<Option<SignedIn>, Refusal> {
    let Some(token) = RefreshToken::read(token, &signer.keys.refresh) else {
        return Ok(None);
    };
    let now = tx.now();
    let Some(session) = tx.session_for_refresh(token.user, token.session)? else {
        return Ok(None);
    };
    if session.revoked_at.is_some() || session.expires_at <= now {
        return Ok(None);
    }
    if session.refresh_hash != token.hash {
        if session.rotated_at.plus_seconds(LATE) < now {
            tx.revoke_session(token.user, token.session)?;
            let session = token.session.to_string();
            about(
                tx,
                Some(token.user),
                SecurityKind::RefreshTokenReused,
                Some(session),
            )?;
        }
        return Ok(None);
    }
    let (text, next) = signer.refresh_token(token.user, token.session);
    let expires_at = now.plus_seconds(signer.lifetimes.refresh).min(session.ends_at);
    tx.rotate_session(
        token.session,
        &Rotation {
            refresh_hash: next.hash,
            expires_at,
        },
    )?;
    let record = tx.user(token.user)?;
    signer.signed_in(token.session, now, text, record).map(Some)
}

/// Ends the caller's session.
pub fn logout(tx: &mut Tx<'_>, caller: Caller) -> Result<(), Refusal> {
    tx.revoke_session(caller.user, caller.session)?;
    Ok(())
}
