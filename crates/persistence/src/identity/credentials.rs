use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{Bool, Nullable, Text};
use firma_domain::{Id, Instant};

/// What a password is compared with.
#[derive(Debug, Clone)]
pub struct Credential {
    pub hash: String,
    pub changed_at: Instant,
    /// Whether the password is too short to stand without a second factor
    pub needs_factor: bool,
}

impl Tx<'_> {
    /// What the user's password is compared with; none for who never had one.
    pub fn credential(&mut self, user: Id) -> Result<Option<Credential>, Fault> {
        self.identify(user)?;
        let found = Sql::<(Text, AtType, Nullable<Bool>)>::text(
            "SELECT password_hash, changed_at, needs_factor FROM user_credentials WHERE user_id = ",
        )
        .bind(user)
        .maybe::<(String, At, Option<bool>)>(self)?;
        Ok(found.map(|(hash, changed, needs_factor)| Credential {
            hash,
            changed_at: changed.0,
            needs_factor: needs_factor.unwrap_or(false),
        }))
    }

    /// Sets the password's hash, and holds the e-mail as proved: who sets it reads that mail, or runs the server.
    pub fn set_password(&mut self, user: Id, hash: &str, needs_factor: bool) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text(
            "INSERT INTO user_credentials (user_id, password_hash, changed_at, needs_factor) VALUES (",
        )
        .binds(vec![
            user.into(),
            hash.into(),
            now.into(),
            Value::Bool(needs_factor),
        ])
        .then(
            ") ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, \
             changed_at = excluded.changed_at, needs_factor = excluded.needs_factor",
        )
        .run(self)?;
        Sql::<()>::text("UPDATE users SET version = version + 1, updated_at = ")
            .bind(now)
            .then(", email_verified_at = COALESCE(email_verified_at, ")
            .bind(now)
            .then(") WHERE id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// Puts another hash of the same password in the place of the one that it was compared with.
    pub fn replace_hash(&mut self, user: Id, old: &str, new: &str) -> Result<(), Fault> {
        self.identify(user)?;
        Sql::<()>::text("UPDATE user_credentials SET password_hash = ")
            .bind(new)
            .then(" WHERE user_id = ")
            .bind(user)
            .then(" AND password_hash = ")
            .bind(old)
            .run(self)?;
        Ok(())
    }
}
