use super::TermSearch;
use crate::fault::Fault;
use crate::identity::users::{COLUMNS, Columns, Row, found};
use crate::sql::{Sql, Value};
use crate::store::{Tx, below};
use firma_auth::access::{PlatformGrant, Read, Update};
use firma_domain::identity::User;
use firma_domain::{Id, Record};

/// Which users.
#[derive(Debug, Clone, Default)]
pub struct UserSearch {
    /// Each has to begin a word of the name or of a login
    pub words: Vec<String>,
    /// An e-mail or a username in lower case
    pub login: Option<String>,
    pub is_active: Option<bool>,
    /// What the profile has to say, each of them
    pub terms: Vec<TermSearch>,
    /// The one before the page
    pub before: Option<Id>,
    pub oldest_first: bool,
    pub rows: i64,
}

impl UserSearch {
    /// The whole of it, behind `SELECT`.
    fn of<R>(&self, statement: Sql<R>) -> Sql<R> {
        self.all(statement)
            .beyond(self.before, !self.oldest_first, self.rows)
    }

    /// The same for all pages.
    fn all<R>(&self, statement: Sql<R>) -> Sql<R> {
        let statement = statement
            .then(COLUMNS)
            .then(" FROM users WHERE deleted_at IS NULL");
        let mut statement = match self.is_active {
            Some(true) => statement.then(" AND is_active"),
            Some(false) => statement.then(" AND NOT is_active"),
            None => statement,
        };
        if let Some(login) = &self.login {
            statement = statement
                .then(" AND id IN (SELECT user_id FROM user_logins WHERE login = ")
                .bind(login.as_str())
                .then(")");
        }
        for word in &self.words {
            statement = statement
                .then(" AND id IN (SELECT user_id FROM user_words WHERE word >= ")
                .bind(word.as_str())
                .then(" AND word < ")
                .bind(below(word))
                .then(")");
        }
        for term in &self.terms {
            statement = term.among(statement);
        }
        statement
    }
}

impl Tx<'_> {
    /// The users that fit: a page in the order of their ids.
    pub fn list_users(
        &mut self,
        grant: PlatformGrant<User, Read>,
        search: &UserSearch,
    ) -> Result<Vec<Record<User>>, Fault> {
        self.on_platform(grant)?;
        let rows = search.of(Sql::<Columns>::text("SELECT ")).rows::<Row>(self)?;
        rows.into_iter().map(found).collect()
    }

    /// How many fit.
    pub fn count_users(
        &mut self,
        grant: PlatformGrant<User, Read>,
        search: &UserSearch,
    ) -> Result<i64, Fault> {
        self.on_platform(grant)?;
        let all = search.all(Sql::<Columns>::text("SELECT "));
        all.counted().one::<i64>(self)
    }

    /// How the database would look for them: for the test that it looks by an index.
    #[cfg(feature = "testing")]
    pub fn plan_of_users(
        &mut self,
        grant: PlatformGrant<User, Read>,
        search: &UserSearch,
    ) -> Result<Vec<String>, Fault> {
        self.on_platform(grant)?;
        search.of(Sql::<()>::text("SELECT ")).plan(self)
    }

    /// Lets a user sign in, or no longer: then all sessions end.
    pub fn set_user_active(
        &mut self,
        grant: PlatformGrant<User, Update>,
        user: Id,
        is_active: bool,
    ) -> Result<(), Fault> {
        let _ = grant;
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE users SET is_active = ")
            .bind(Value::Bool(is_active))
            .then(", version = version + 1, updated_at = ")
            .bind(now)
            .then(" WHERE id = ")
            .bind(user)
            .run(self)?;
        match is_active {
            true => Ok(()),
            false => self.revoke_sessions(user, None),
        }
    }
}
