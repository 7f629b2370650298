//! A user who goes, and one whose e-mail changes.

use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::Bool;
use firma_domain::identity::User;
use firma_domain::{Email, Id};

impl Tx<'_> {
    /// Gives a user another e-mail, which is proved. Another user's is a conflict.
    pub fn change_email(&mut self, user: Id, before: &Email, email: &Email) -> Result<(), Fault> {
        self.identify(user)?;
        let now = self.now();
        if before.key() != email.key() {
            Sql::<()>::text("DELETE FROM user_logins WHERE login = ")
                .bind(Value::Text(before.key()))
                .then(" AND user_id = ")
                .bind(user)
                .run(self)?;
            Sql::<()>::text("INSERT INTO user_logins (login, user_id) VALUES (")
                .binds(vec![Value::Text(email.key()), user.into()])
                .then(")")
                .run(self)?;
        }
        Sql::<()>::text("UPDATE users SET version = version + 1, email = ")
            .bind(email.as_str())
            .then(", updated_at = ")
            .bind(now)
            .then(", email_verified_at = ")
            .bind(now)
            .then(" WHERE id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }

    /// Whether the user owns an organization that is there.
    pub fn owns_organization(&mut self, user: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let found = Sql::<Bool>::text(
            "SELECT TRUE FROM organizations o JOIN memberships m ON m.organization_id = o.organization_id \
             AND m.id = o.owner_id WHERE o.deleted_at IS NULL AND m.id = ",
        )
        .bind(user)
        .then(" LIMIT 1")
        .maybe::<bool>(self)?;
        Ok(found.is_some())
    }

    /// The organizations where the user has a membership, the nil one and those that are closed among them.
    pub fn places_of(&mut self, user: Id) -> Result<Vec<Id>, Fault> {
        self.identify(user)?;
        let rows = Sql::<IdType>::text("SELECT organization_id FROM memberships WHERE id = ")
            .bind(user)
            .then(" ORDER BY organization_id")
            .rows::<Uid>(self)?;
        Ok(rows.into_iter().map(|id| id.0).collect())
    }

    /// Takes away what is the user's alone, and leaves the pseudonym where rows refer to it.
    pub fn erase_user(&mut self, user: Id, pseudonym: &User) -> Result<(), Fault> {
        self.identify(user)?;
        for statement in [
            "DELETE FROM user_logins WHERE user_id = ",
            "DELETE FROM user_credentials WHERE user_id = ",
            "DELETE FROM provider_attempts WHERE user_id = ",
            "DELETE FROM account_logins WHERE user_id = ",
            "DELETE FROM accounts WHERE user_id = ",
            "DELETE FROM sessions WHERE user_id = ",
            "DELETE FROM verification_tokens WHERE user_id = ",
            "DELETE FROM recovery_codes WHERE user_id = ",
            "DELETE FROM second_factors WHERE user_id = ",
            "DELETE FROM user_profile_terms WHERE user_id = ",
            "DELETE FROM user_profiles WHERE user_id = ",
        ] {
            Sql::<()>::text(statement).bind(user).run(self)?;
        }
        let now = self.now();
        Sql::<()>::text(
            "UPDATE users SET version = version + 1, username = NULL, given_name = NULL, family_name = NULL, \
             is_active = FALSE, is_configured = FALSE, email_verified_at = NULL, last_login_at = NULL, email = ",
        )
        .bind(pseudonym.email.as_str())
        .then(", name = ")
        .bind(pseudonym.name.as_str())
        .then(", updated_at = ")
        .bind(now)
        .then(", deleted_at = ")
        .bind(now)
        .then(" WHERE id = ")
        .bind(user)
        .run(self)?;
        Ok(())
    }
}
