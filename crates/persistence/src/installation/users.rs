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
    /// The newest before this one
    pub before: Option<Id>,
    pub rows: i64,
}

impl Tx<'_> {
    /// The users that fit, the newest first.
    pub fn list_users(
        &mut self,
        grant: PlatformGrant<User, Read>,
        search: &UserSearch,
    ) -> Result<Vec<Record<User>>, Fault> {
        self.on_platform(grant)?;
        let mut statement = Sql::<Columns>::text("SELECT ")
            .then(COLUMNS)
            .then(" FROM users WHERE deleted_at IS NULL");
        statement = match search.is_active {
            Some(true) => statement.then(" AND is_active"),
            Some(false) => statement.then(" AND NOT is_active"),
            None => statement,
        };
        if let Some(login) = &search.login {
            statement = statement
                .then(" AND id IN (SELECT user_id FROM user_logins WHERE login = ")
                .bind(login.as_str())
                .then(")");
        }
        for word in &search.words {
            statement = statement
                .then(" AND id IN (SELECT user_id FROM user_words WHERE word >= ")
                .bind(word.as_str())
                .then(" AND word < ")
                .bind(below(word))
                .then(")");
        }
        let rows = statement.before(search.before, search.rows).rows::<Row>(self)?;
        rows.into_iter().map(found).collect()
    }

    /// Lets a user sign in, or no longer.
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
        Ok(())
    }
}
