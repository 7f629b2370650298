use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{Tx, id_or_null, instant_or_null, text_or_null};
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use firma_domain::identity::{User, Username};
use firma_domain::{Email, Id, Instant, Record};

pub(crate) type Columns = (
    (IdType, Integer, AtType, Nullable<IdType>, AtType),
    (
        Text,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Text,
        Bool,
        Bool,
        Nullable<AtType>,
        Nullable<AtType>,
        Nullable<IdType>,
    ),
);
pub(crate) type Row = (
    (Uid, i32, At, Option<Uid>, At),
    (
        String,
        Option<String>,
        Option<String>,
        Option<String>,
        String,
        bool,
        bool,
        Option<At>,
        Option<At>,
        Option<Uid>,
    ),
);

/// What a [`Row`] is read from.
pub(crate) const COLUMNS: &str = "id, version, created_at, created_by, updated_at, email, username, given_name, \
     family_name, name, is_active, is_configured, email_verified_at, last_login_at, image_file_id";

impl Tx<'_> {
    /// Whether nobody has an account yet. Of all the calls that ask, one goes on at a time, to its end.
    pub fn nobody_is_here(&mut self) -> Result<bool, Fault> {
        // The nil organization's row is the lock; a key that refers to it may still be written beside.
        Sql::<IdType>::text("SELECT id FROM tenants WHERE id = ")
            .bind(Id::NIL)
            .then_either(" FOR NO KEY UPDATE", "")
            .one::<Uid>(self)?;
        self.has_no_user()
    }

    /// Whether nobody has an account yet, as far as can be seen now.
    pub fn has_no_user(&mut self) -> Result<bool, Fault> {
        let found = Sql::<IdType>::text("SELECT user_id FROM user_logins LIMIT 1").maybe::<Uid>(self)?;
        Ok(found.is_none())
    }

    /// Whose login that is: an e-mail or a username in lower case.
    pub fn user_of_login(&mut self, login: &str) -> Result<Option<Id>, Fault> {
        // Nobody is called that, and PostgreSQL takes no text with a zero in it; asked all the same, as for anybody.
        let login = if login.contains('\0') { "" } else { login };
        let found = Sql::<IdType>::text("SELECT user_id FROM user_logins WHERE login = ")
            .bind(login)
            .maybe::<Uid>(self)?;
        Ok(found.map(|id| id.0))
    }

    /// The user's own row.
    pub fn user(&mut self, user: Id) -> Result<Record<User>, Fault> {
        self.read_user(user, "")
    }

    /// The same, held until the call ends.
    pub fn user_for_change(&mut self, user: Id) -> Result<Record<User>, Fault> {
        self.read_user(user, " FOR UPDATE")
    }

    /// The user that a login is of, held until the call ends. Who is erased at this instant is looked for once more.
    pub fn user_of_login_for_change(&mut self, login: &str) -> Result<Option<Record<User>>, Fault> {
        let Some(user) = self.user_of_login(login)? else {
            return Ok(None);
        };
        match self.user_for_change(user) {
            Err(Fault::Missing) => Err(Fault::Again),
            held => held.map(Some),
        }
    }

    fn read_user(&mut self, user: Id, hold: &'static str) -> Result<Record<User>, Fault> {
        self.identify(user)?;
        let row = Sql::<Columns>::text("SELECT ")
            .then(COLUMNS)
            .then(" FROM users WHERE deleted_at IS NULL AND id = ")
            .bind(user)
            .then_either(hold, "")
            .one::<Row>(self)?;
        found(row)
    }

    /// Makes a user, and the logins it signs in with.
    pub fn add_user(&mut self, id: Id, value: &User, by: Option<Id>) -> Result<(), Fault> {
        let now = self.now();
        Sql::<()>::text(
            "INSERT INTO users (id, version, created_at, created_by, updated_at, email, username, given_name, \
             family_name, name, is_active, is_configured, email_verified_at) VALUES (",
        )
        .binds(vec![
            id.into(),
            Value::Int(1),
            now.into(),
            id_or_null(by),
            now.into(),
            value.email.as_str().into(),
            text_or_null(value.username.as_ref().map(Username::as_str)),
            text_or_null(value.given_name.as_deref()),
            text_or_null(value.family_name.as_deref()),
            value.name.as_str().into(),
            Value::Bool(value.is_active),
            Value::Bool(value.is_configured),
            instant_or_null(value.email_verified_at),
        ])
        .then(")")
        .run(self)?;
        let names = [
            Some(value.email.key()),
            value.username.as_ref().map(|name| name.as_str().to_lowercase()),
        ];
        for login in names.into_iter().flatten() {
            // Who asks has looked: it was added at once by another, and is found by the next attempt.
            Sql::<()>::text("INSERT INTO user_logins (login, user_id) VALUES (")
                .binds(vec![Value::Text(login), id.into()])
                .then(")")
                .run(self)
                .map_err(|fault| match fault {
                    Fault::Conflict(_) => Fault::Again,
                    other => other,
                })?;
        }
        self.name_user(id, value)
    }

    /// Stores what a person changed of their own account, the next version of the one that was read for it.
    pub fn change_user(&mut self, before: &Record<User>, value: User) -> Result<Record<User>, Fault> {
        let user = before.id;
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE users SET version = version + 1, updated_at = ")
            .bind(now)
            .then(", username = ")
            .bind(text_or_null(value.username.as_ref().map(Username::as_str)))
            .then(", given_name = ")
            .bind(text_or_null(value.given_name.as_deref()))
            .then(", family_name = ")
            .bind(text_or_null(value.family_name.as_deref()))
            .then(", name = ")
            .bind(value.name.as_str())
            .then(" WHERE id = ")
            .bind(user)
            .run(self)?;
        let login = |user: &User| user.username.as_ref().map(|name| name.as_str().to_lowercase());
        let (old, new) = (login(&before.value), login(&value));
        if old != new {
            if let Some(old) = old {
                Sql::<()>::text("DELETE FROM user_logins WHERE login = ")
                    .bind(Value::Text(old))
                    .then(" AND user_id = ")
                    .bind(user)
                    .run(self)?;
            }
            if let Some(new) = new {
                Sql::<()>::text("INSERT INTO user_logins (login, user_id) VALUES (")
                    .binds(vec![Value::Text(new), user.into()])
                    .then(")")
                    .run(self)?;
            }
        }
        self.rename_user(user, &value)?;
        Ok(Record {
            version: before.version + 1,
            updated_at: now,
            value,
            ..before.clone()
        })
    }

    /// Notes who has done the first steps: a name, a language, a time zone and an organization.
    pub fn note_configured(&mut self, user: Id) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE users SET is_configured = TRUE, version = version + 1, updated_at = ")
            .bind(now)
            .then(
                " WHERE NOT is_configured AND name <> '' AND name <> email AND EXISTS (SELECT 1 FROM user_profiles p \
                 WHERE p.user_id = users.id AND p.locale IS NOT NULL AND p.timezone IS NOT NULL) AND EXISTS \
                 (SELECT 1 FROM memberships m WHERE m.id = users.id AND m.is_active AND m.joined_at IS NOT NULL \
                 AND m.organization_id <> ",
            )
            .bind(Id::NIL)
            .then(") AND id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// Holds the e-mail as proved.
    pub fn note_verified(&mut self, user: Id) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE users SET version = version + 1, updated_at = ")
            .bind(now)
            .then(", email_verified_at = ")
            .bind(now)
            .then(" WHERE email_verified_at IS NULL AND id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// Names the file with the user's image, or none.
    pub fn set_image(&mut self, user: Id, file: Option<Id>) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        Sql::<()>::text("UPDATE users SET version = version + 1, updated_at = ")
            .bind(now)
            .then(", image_file_id = ")
            .bind(id_or_null(file))
            .then(" WHERE id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// The file with the image of a user whom the caller may see: oneself, or a member of the organization at hand.
    pub fn image_of(&mut self, user: Id) -> Result<Option<Id>, Fault> {
        let found = Sql::<Nullable<IdType>>::text(
            "SELECT image_file_id FROM users WHERE deleted_at IS NULL AND id = ",
        )
        .bind(user)
        .maybe::<Option<Uid>>(self)?;
        Ok(found.flatten().map(|id| id.0))
    }

    /// Notes a sign-in.
    pub fn signed_in(&mut self, user: Id) -> Result<(), Fault> {
        let now = self.now();
        Sql::<()>::text("UPDATE users SET last_login_at = ")
            .bind(now)
            .then(" WHERE id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }
}

pub(crate) fn found(row: Row) -> Result<Record<User>, Fault> {
    read(row).ok_or_else(|| Fault::internal("users holds what no rule would store"))
}

fn read(((id, version, created, by, updated), rest): Row) -> Option<Record<User>> {
    let (email, username, given_name, family_name, name, is_active, is_configured, verified, login, image) =
        rest;
    let instant = |at: Option<At>| -> Option<Instant> { at.map(|at| at.0) };
    Some(Record {
        id: id.0,
        version,
        created_at: created.0,
        created_by: by.map(|by| by.0),
        updated_at: updated.0,
        deleted_at: None,
        deletion_id: None,
        value: User {
            email: Email::parse(&email)?,
            username: username.as_deref().and_then(Username::parse),
            given_name,
            family_name,
            name,
            is_active,
            is_configured,
            email_verified_at: instant(verified),
            last_login_at: instant(login),
            image_file_id: image.map(|id| id.0),
        },
    })
}
