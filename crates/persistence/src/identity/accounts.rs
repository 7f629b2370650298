//! Accounts at providers, by which users sign in.

use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{Tx, text_or_null};
use diesel::sql_types::{Bool, Nullable, Text};
use firma_domain::{Id, Instant};

/// An account that is linked to a user.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub id: Id,
    pub user: Id,
    pub provider: String,
    pub subject: String,
    pub issuer: String,
    /// What the provider says; for the user to know it by
    pub email: Option<String>,
    /// Sealed
    pub refresh_token: Option<String>,
    pub scope: Option<String>,
}

/// One that is.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: Id,
    pub provider: String,
    pub issuer: String,
    pub email: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Option<Instant>,
}

type Columns = (IdType, Text, Text, Nullable<Text>, AtType, Nullable<AtType>);
type Row = (Uid, String, String, Option<String>, At, Option<At>);

const SELECT: &str =
    "SELECT id, provider, issuer, email, created_at, last_used_at FROM accounts WHERE user_id = ";

impl Tx<'_> {
    /// Whose account at a provider that is.
    pub fn user_of_account(&mut self, provider: &str, subject: &str) -> Result<Option<Id>, Fault> {
        let found = Sql::<IdType>::text("SELECT user_id FROM account_logins WHERE provider = ")
            .bind(provider)
            .then(" AND subject = ")
            .bind(subject)
            .maybe::<Uid>(self)?;
        Ok(found.map(|id| id.0))
    }

    /// A user's account at a provider.
    pub fn account(&mut self, user: Id, provider: &str, subject: &str) -> Result<Option<Account>, Fault> {
        self.identify(user)?;
        let found = Sql::<Columns>::text(SELECT)
            .bind(user)
            .then(" AND provider = ")
            .bind(provider)
            .then(" AND subject = ")
            .bind(subject)
            .maybe::<Row>(self)?;
        Ok(found.map(read))
    }

    /// The same by its id.
    pub fn account_of(&mut self, user: Id, account: Id) -> Result<Option<Account>, Fault> {
        self.identify(user)?;
        let found = Sql::<Columns>::text(SELECT)
            .bind(user)
            .then(" AND id = ")
            .bind(account)
            .maybe::<Row>(self)?;
        Ok(found.map(read))
    }

    /// A user's accounts, the newest first: up to `limit` before one of them.
    pub fn accounts_of(&mut self, user: Id, before: Option<Id>, limit: i64) -> Result<Vec<Account>, Fault> {
        self.identify(user)?;
        let rows = Sql::<Columns>::text(SELECT)
            .bind(user)
            .before(before, limit)
            .rows::<Row>(self)?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// How many there are of these.
    pub fn count_accounts_of(&mut self, user: Id) -> Result<i64, Fault> {
        self.identify(user)?;
        Sql::<Columns>::text(SELECT).bind(user).counted().one::<i64>(self)
    }

    /// Whether the user has any.
    pub fn has_account(&mut self, user: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let found = Sql::<Bool>::text("SELECT TRUE FROM accounts WHERE user_id = ")
            .bind(user)
            .then(" LIMIT 1")
            .maybe::<bool>(self)?;
        Ok(found.is_some())
    }

    /// Whether the user has one at that provider, as it is known by its issuer.
    pub fn has_account_at(&mut self, user: Id, provider: &str, issuer: &str) -> Result<bool, Fault> {
        self.identify(user)?;
        let found = Sql::<Bool>::text("SELECT TRUE FROM accounts WHERE user_id = ")
            .bind(user)
            .then(" AND provider = ")
            .bind(provider)
            .then(" AND issuer = ")
            .bind(issuer)
            .then(" LIMIT 1")
            .maybe::<bool>(self)?;
        Ok(found.is_some())
    }

    /// Links an account. One that is linked already is a conflict.
    pub fn add_account(&mut self, new: &NewAccount) -> Result<(), Fault> {
        self.identify(new.user)?;
        let now = self.now();
        Sql::<()>::text("INSERT INTO account_logins (provider, subject, user_id) VALUES (")
            .binds(vec![
                new.provider.as_str().into(),
                new.subject.as_str().into(),
                new.user.into(),
            ])
            .then(")")
            .run(self)?;
        Sql::<()>::text(
            "INSERT INTO accounts (id, user_id, provider, subject, issuer, email, refresh_token, scope, created_at) \
             VALUES (",
        )
        .binds(vec![
            new.id.into(),
            new.user.into(),
            new.provider.as_str().into(),
            new.subject.as_str().into(),
            new.issuer.as_str().into(),
            text_or_null(new.email.as_deref()),
            text_or_null(new.refresh_token.as_deref()),
            text_or_null(new.scope.as_deref()),
            now.into(),
        ])
        .then(")")
        .run(self)?;
        Ok(())
    }

    /// Notes a sign-in by an account, and what was given with it: a sealed token and what it is good for.
    pub fn note_account_used(
        &mut self,
        user: Id,
        account: Id,
        email: Option<&str>,
        token: Option<(&str, Option<&str>)>,
    ) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        let mut statement = Sql::<()>::text("UPDATE accounts SET last_used_at = ")
            .bind(now)
            .then(", email = ")
            .bind(text_or_null(email));
        if let Some((sealed, scope)) = token {
            statement = statement
                .then(", refresh_token = ")
                .bind(sealed)
                .then(", scope = ")
                .bind(text_or_null(scope));
        }
        statement
            .then(" WHERE id = ")
            .bind(account)
            .then(" AND user_id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// Takes an account away from a user, with its token; the provider that it was at, if there was one.
    pub fn remove_account(&mut self, user: Id, account: Id) -> Result<Option<String>, Fault> {
        self.identify(user)?;
        let gone = Sql::<(Text, Text)>::text("DELETE FROM accounts WHERE id = ")
            .bind(account)
            .then(" AND user_id = ")
            .bind(user)
            .then(" RETURNING provider, subject")
            .maybe::<(String, String)>(self)?;
        let Some((provider, subject)) = gone else {
            return Ok(None);
        };
        Sql::<()>::text("DELETE FROM account_logins WHERE provider = ")
            .bind(provider.as_str())
            .then(" AND subject = ")
            .bind(Value::Text(subject))
            .then(" AND user_id = ")
            .bind(user)
            .run(self)?;
        Ok(Some(provider))
    }
}

fn read((id, provider, issuer, email, created, used): Row) -> Account {
    Account {
        id: id.0,
        provider,
        issuer,
        email,
        created_at: created.0,
        last_used_at: used.map(|at| at.0),
    }
}
