use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{Tx, text_or_null};
use diesel::sql_types::{Binary, Nullable};
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

/// The next refresh token of a session.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub refresh_hash: [u8; 32],
    pub expires_at: Instant,
}

impl Tx<'_> {
    /// Makes a session.
    pub fn add_session(&mut self, new: NewSession) -> Result<(), Fault> {
        self.identify(new.user)?;
        let origin = self.unit()?.origin().clone();
        let now = self.now();
        Sql::<()>::text(
            "INSERT INTO sessions (id, user_id, ip, user_agent, created_at, last_used_at, expires_at, ends_at, \
             refresh_hash, rotated_at) VALUES (",
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
        ])
        .then(")")
        .run(self)?;
        Ok(())
    }

    /// A session that is about to be refreshed: locked.
    pub fn session_for_refresh(&mut self, user: Id, session: Id) -> Result<Option<Session>, Fault> {
        self.identify(user)?;
        let found = Sql::<(Binary, AtType, AtType, AtType, Nullable<AtType>)>::text(
            "SELECT refresh_hash, rotated_at, expires_at, ends_at, revoked_at FROM sessions WHERE id = ",
        )
        .bind(session)
        .then(" AND user_id = ")
        .bind(user)
        .then_either(" FOR UPDATE", "")
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

    /// Ends a session; a call that is signed in with it is refused from now on.
    pub fn revoke_session(&mut self, user: Id, session: Id) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE sessions SET revoked_at = ")
            .bind(now)
            .then(" WHERE revoked_at IS NULL AND id = ")
            .bind(session)
            .run(self)?;
        Ok(())
    }
}
