use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{Tx, text_or_null};
use diesel::sql_types::{Nullable, Text};
use firma_domain::identity::TokenKind;
use firma_domain::{Email, Id, Instant};

/// A token that a mail will show.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub hash: [u8; 32],
    pub kind: TokenKind,
    /// Whose it is, or who is to become a user by it
    pub user: Id,
    /// The address that it proves
    pub email: Email,
    /// What is to be done then, as JSON
    pub payload: Option<String>,
    /// When it is over, where not at the end of its kind's life
    pub expires_at: Option<Instant>,
}

/// One that was sent.
#[derive(Debug, Clone)]
pub struct Token {
    pub email: String,
    pub payload: Option<String>,
    pub expires_at: Instant,
    pub used_at: Option<Instant>,
}

impl Tx<'_> {
    /// Keeps a token.
    pub fn add_token(&mut self, new: NewToken) -> Result<(), Fault> {
        self.identify(new.user)?;
        let now = self.now();
        let end = new
            .expires_at
            .unwrap_or_else(|| now.plus_seconds(new.kind.life()));
        Sql::<()>::text(
            "INSERT INTO verification_tokens (hash, kind, user_id, email, payload, created_at, expires_at) VALUES (",
        )
        .binds(vec![
            Value::Bytes(new.hash.to_vec()),
            new.kind.as_str().into(),
            new.user.into(),
            new.email.as_str().into(),
            text_or_null(new.payload.as_deref()),
            now.into(),
            end.into(),
        ])
        .then(")")
        .run(self)?;
        Ok(())
    }

    /// A token of a user, used or not; held until a call that writes ends.
    pub fn token(&mut self, user: Id, kind: TokenKind, hash: [u8; 32]) -> Result<Option<Token>, Fault> {
        self.identify(user)?;
        let hold = self.hold();
        let found = Sql::<(Text, Nullable<Text>, AtType, Nullable<AtType>)>::text(
            "SELECT email, payload, expires_at, used_at FROM verification_tokens WHERE hash = ",
        )
        .bind(Value::Bytes(hash.to_vec()))
        .then(" AND user_id = ")
        .bind(user)
        .then(" AND kind = ")
        .bind(kind.as_str())
        .then_either(hold, "")
        .maybe::<(String, Option<String>, At, Option<At>)>(self)?;
        Ok(found.map(|(email, payload, expires, used)| Token {
            email,
            payload,
            expires_at: expires.0,
            used_at: used.map(|at| at.0),
        }))
    }

    /// Voids all tokens of a user of one kind: none is good any more, though nobody showed them. What they would have
    /// done is erased.
    pub fn void_tokens(&mut self, user: Id, kind: TokenKind) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE verification_tokens SET payload = NULL, used_at = ")
            .bind(now)
            .then(" WHERE used_at IS NULL AND user_id = ")
            .bind(user)
            .then(" AND kind = ")
            .bind(kind.as_str())
            .run(self)?;
        Ok(())
    }

    /// Uses up one token that was shown: who did reads the mail of its address.
    pub fn redeem_token(&mut self, user: Id, hash: [u8; 32]) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE verification_tokens SET payload = NULL, used_at = ")
            .bind(now)
            .then(", redeemed_at = ")
            .bind(now)
            .then(" WHERE user_id = ")
            .bind(user)
            .then(" AND hash = ")
            .bind(Value::Bytes(hash.to_vec()))
            .run(self)?;
        Ok(())
    }
}
