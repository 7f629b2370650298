use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{Tx, text_or_null};
use diesel::sql_types::{Binary, Bool, Integer, Nullable, Text};
use firma_domain::{Id, Instant};

/// A session to be made.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: Id,
    pub user: Id,
    pub refresh_hash: [u8; 32],
    /// Until when it lives without being refreshed
    pub expires_at: Instant,
    /// The last instant to which refreshing may carry it
    pub ends_at: Instant,
}

/// A session as refreshing needs it.
#[derive(Debug, Clone)]
pub struct Session {
    pub refresh_hash: Vec<u8>,
    pub rotated_at: Instant,
    pub expires_at: Instant,
    pub ends_at: Instant,
    pub revoked_at: Option<Instant>,
}

/// A session as its user sees it.
#[derive(Debug, Clone)]
pub struct LiveSession {
    pub id: Id,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
    pub expires_at: Instant,
}

type LiveColumns = (IdType, Nullable<Text>, Nullable<Text>, AtType, AtType, AtType);
type Live = (Uid, Option<String>, Option<String>, At, At, At);

/// The next refresh token of a session.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub refresh_hash: [u8; 32],
    pub expires_at: Instant,
}

impl Tx<'_> {
    /// Makes a session, unless the user isn't active: whether there is one. The user is held until it is stored, so who
    /// deactivates or erases them, and ends their sessions with it, ends this one too.
    pub fn add_session(&mut self, new: NewSession) -> Result<bool, Fault> {
        self.identify(new.user)?;
        let origin = self.unit()?.origin().clone();
        let now = self.now();
        Sql::<()>::text(
            "INSERT INTO sessions (id, user_id, ip, user_agent, created_at, last_used_at, expires_at, ends_at, \
             refresh_hash, rotated_at, country) SELECT ",
        )
        .binds(vec![
            new.id.into(),
            new.user.into(),
            text_or_null(origin.ip.as_deref()),
            text_or_null(origin.user_agent.as_deref()),
            now.into(),
            now.into(),
            new.expires_at.into(),
            new.ends_at.into(),
            Value::Bytes(new.refresh_hash.to_vec()),
            now.into(),
            text_or_null(origin.country.as_deref()),
        ])
        .then(" FROM users WHERE is_active AND deleted_at IS NULL AND id = ")
        .bind(new.user)
        .then_either(" FOR NO KEY UPDATE", "")
        .run(self)
        .map(|made| made > 0)
    }

    /// A session of an active user that is about to be refreshed: locked.
    pub fn session_for_refresh(&mut self, user: Id, session: Id) -> Result<Option<Session>, Fault> {
        self.identify(user)?;
        let found = Sql::<(Binary, AtType, AtType, AtType, Nullable<AtType>)>::text(
            "SELECT s.refresh_hash, s.rotated_at, s.expires_at, s.ends_at, s.revoked_at FROM sessions s \
             JOIN users u ON u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL WHERE s.id = ",
        )
        .bind(session)
        .then(" AND s.user_id = ")
        .bind(user)
        .then_either(" FOR UPDATE OF s", "")
        .maybe::<(Vec<u8>, At, At, At, Option<At>)>(self)?;
        Ok(
            found.map(|(refresh_hash, rotated, expires, ends, revoked)| Session {
                refresh_hash,
                rotated_at: rotated.0,
                expires_at: expires.0,
                ends_at: ends.0,
                revoked_at: revoked.map(|at| at.0),
            }),
        )
    }

    /// Gives a session its next refresh token.
    pub fn rotate_session(&mut self, session: Id, rotation: &Rotation) -> Result<(), Fault> {
        let now = self.now();
        Sql::<()>::text("UPDATE sessions SET refresh_hash = ")
            .bind(Value::Bytes(rotation.refresh_hash.to_vec()))
            .then(", rotated_at = ")
            .bind(now)
            .then(", last_used_at = ")
            .bind(now)
            .then(", expires_at = ")
            .bind(rotation.expires_at)
            .then(" WHERE id = ")
            .bind(session)
            .run(self)?;
        Ok(())
    }

    /// The user's sessions that live, the newest first: up to `limit` before one of them.
    pub fn live_sessions(
        &mut self,
        user: Id,
        before: Option<Id>,
        limit: i64,
    ) -> Result<Vec<LiveSession>, Fault> {
        self.identify(user)?;
        let rows = self.living(user).before(before, limit).rows::<Live>(self)?;
        let session = |(id, ip, user_agent, created, used, expires): Live| LiveSession {
            id: id.0,
            ip,
            user_agent,
            created_at: created.0,
            last_used_at: used.0,
            expires_at: expires.0,
        };
        Ok(rows.into_iter().map(session).collect())
    }

    /// How many there are of these.
    pub fn count_live_sessions(&mut self, user: Id) -> Result<i64, Fault> {
        self.identify(user)?;
        self.living(user).counted().one::<i64>(self)
    }

    fn living(&self, user: Id) -> Sql<LiveColumns> {
        Sql::text(
            "SELECT id, ip, user_agent, created_at, last_used_at, expires_at FROM sessions \
             WHERE revoked_at IS NULL AND expires_at > ",
        )
        .bind(self.now())
        .then(" AND user_id = ")
        .bind(user)
    }

    /// Notes that a session is in use, unless that was noted less than `seconds` ago.
    pub fn note_session_used(&mut self, user: Id, session: Id, seconds: i64) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE sessions SET last_used_at = ")
            .bind(now)
            .then(" WHERE revoked_at IS NULL AND id = ")
            .bind(session)
            .then(" AND user_id = ")
            .bind(user)
            .then(" AND expires_at > ")
            .bind(now)
            .then(" AND last_used_at <= ")
            .bind(now.plus_seconds(-seconds))
            .run(self)?;
        Ok(())
    }

    /// When the password was last given in a session that lives.
    pub fn authenticated_at(&mut self, user: Id, session: Id) -> Result<Option<Instant>, Fault> {
        self.identify(user)?;
        let now = self.now();
        let found =
            Sql::<AtType>::text("SELECT COALESCE(s.authenticated_at, s.created_at) FROM sessions s WHERE ")
                .of_living_session(user, session, now)
                .maybe::<At>(self)?;
        Ok(found.map(|at| at.0))
    }

    /// Notes when, in a session, somebody last showed who they are.
    pub fn note_authenticated(&mut self, user: Id, session: Id, at: Instant) -> Result<(), Fault> {
        self.identify(user)?;
        Sql::<()>::text("UPDATE sessions SET authenticated_at = ")
            .bind(at)
            .then(" WHERE id = ")
            .bind(session)
            .then(" AND user_id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// Whether the user had a session from the same address with the same user agent since an instant.
    pub fn had_session_like_this(&mut self, user: Id, since: Instant) -> Result<bool, Fault> {
        self.identify(user)?;
        let origin = self.unit()?.origin().clone();
        let found = Sql::<Bool>::text("SELECT TRUE FROM sessions WHERE COALESCE(ip, '') = ")
            .bind(Value::Text(origin.ip.unwrap_or_default()))
            .then(" AND COALESCE(user_agent, '') = ")
            .bind(Value::Text(origin.user_agent.unwrap_or_default()))
            .then(" AND user_id = ")
            .bind(user)
            .then(" AND created_at > ")
            .bind(since)
            .then(" LIMIT 1")
            .maybe::<bool>(self)?;
        Ok(found.is_some())
    }

    /// Whether no sign-in of the user's came from that country since then, though it is known of some from where they
    /// came.
    pub fn is_new_country(&mut self, user: Id, country: &str, since: Instant) -> Result<bool, Fault> {
        self.identify(user)?;
        let seen = Sql::<Nullable<Integer>>::text("SELECT MAX(CASE WHEN country = ")
            .bind(country)
            .then(" THEN 1 ELSE 0 END) FROM sessions WHERE country IS NOT NULL AND user_id = ")
            .bind(user)
            .then(" AND created_at > ")
            .bind(since)
            .one::<Option<i32>>(self)?;
        Ok(seen == Some(0))
    }

    /// Ends a session; a call that is signed in with it is refused from now on. Whether there was one.
    pub fn revoke_session(&mut self, user: Id, session: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let now = self.now();
        let ended = Sql::<()>::text("UPDATE sessions SET revoked_at = ")
            .bind(now)
            .then(" WHERE revoked_at IS NULL AND expires_at > ")
            .bind(now)
            .then(" AND id = ")
            .bind(session)
            .then(" AND user_id = ")
            .bind(user)
            .run(self)?;
        Ok(ended > 0)
    }

    /// Ends all of a user's sessions but the one to keep, if there is one.
    pub fn revoke_sessions(&mut self, user: Id, keep: Option<Id>) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE sessions SET revoked_at = ")
            .bind(now)
            .then(" WHERE revoked_at IS NULL AND user_id = ")
            .bind(user)
            .then(" AND id <> ")
            .bind(keep.unwrap_or(Id::NIL))
            .run(self)?;
        Ok(())
    }
}
