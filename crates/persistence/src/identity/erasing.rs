//! A user who goes, and one whose e-mail changes.

use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{Bool, Text};
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
        let changed = self.user(user)?.value;
        self.rename_user(user, &changed)
    }

    /// The slugs of the organizations that are there and that the user owns.
    pub fn owned_by(&mut self, user: Id) -> Result<Vec<String>, Fault> {
        self.identify(user)?;
        Sql::<Text>::text(
            "SELECT o.slug FROM organizations o JOIN memberships m ON m.organization_id = o.organization_id \
             AND m.id = o.owner_id WHERE o.deleted_at IS NULL AND m.id = ",
        )
        .bind(user)
        .then(" ORDER BY o.slug")
        .rows(self)
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

    /// Whether the user was erased.
    pub fn is_erased(&mut self, user: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let erased = Sql::<Bool>::text("SELECT deleted_at IS NOT NULL FROM users WHERE id = ")
            .bind(user)
            .maybe::<bool>(self)?;
        Ok(erased == Some(true))
    }

    /// The user's address, and those that mails with tokens went to.
    pub fn addresses_of(&mut self, user: Id, email: &Email) -> Result<Vec<Email>, Fault> {
        self.identify(user)?;
        let more = Sql::<Text>::text("SELECT DISTINCT email FROM verification_tokens WHERE user_id = ")
            .bind(user)
            .rows::<String>(self)?;
        let mut all = vec![email.clone()];
        for address in more.iter().filter_map(|text| Email::parse(text)) {
            if all.iter().all(|known| known.key() != address.key()) {
                all.push(address);
            }
        }
        Ok(all)
    }

    /// Takes away what is the user's alone, and leaves the pseudonym where rows refer to it.
    pub fn erase_user(&mut self, user: Id, before: &Email, pseudonym: &User) -> Result<(), Fault> {
        self.delete_own(user)?;
        let now = self.now();
        Sql::<()>::text(
            "UPDATE users SET version = version + 1, username = NULL, given_name = NULL, family_name = NULL, \
             is_active = FALSE, is_configured = FALSE, email_verified_at = NULL, last_login_at = NULL, \
             image_file_id = NULL, email = ",
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
        self.erase_own_events(user)?;
        self.erase_tokens(user, before)
    }

    /// What happened stays; from where, and what it was about, goes.
    fn erase_own_events(&mut self, user: Id) -> Result<(), Fault> {
        if self.is_postgres() {
            return self.call_erasing(
                Sql::text("SELECT erase_security_events(")
                    .bind(user)
                    .then(")::text"),
            );
        }
        Sql::<()>::text(
            "UPDATE security_events SET ip = NULL, user_agent = NULL, details = NULL WHERE user_id = ",
        )
        .bind(user)
        .run(self)?;
        Ok(())
    }

    /// The same for what the user did to others in an organization: it says so, or was written down at the instant of an
    /// entry.
    pub fn erase_events_by(&mut self, user: Id, organization: Id) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(organization)?;
        if self.is_postgres() {
            return self.call_erasing(
                Sql::text("SELECT erase_security_events_by(")
                    .binds(vec![user.into(), organization.into()])
                    .then(")::text"),
            );
        }
        Sql::<()>::text(
            "UPDATE security_events SET ip = NULL, user_agent = NULL WHERE (ip IS NOT NULL OR user_agent IS NOT NULL) \
             AND organization_id = ",
        )
        .bind(organization)
        .then(" AND (actor_id = ")
        .bind(user)
        .then(" OR occurred_at IN (SELECT a.occurred_at FROM audit_entries a WHERE a.organization_id = ")
        .bind(organization)
        .then(" AND a.actor_id = ")
        .bind(user)
        .then("))")
        .run(self)?;
        Ok(())
    }

    /// Tokens that went to the address before it was anybody's.
    fn erase_tokens(&mut self, user: Id, address: &Email) -> Result<(), Fault> {
        let address = Value::Text(address.key());
        if self.is_postgres() {
            return self.call_erasing(
                Sql::text("SELECT erase_tokens(")
                    .binds(vec![user.into(), address])
                    .then(")::text"),
            );
        }
        Sql::<()>::text("DELETE FROM verification_tokens WHERE lower(email) = ")
            .bind(address)
            .run(self)?;
        Ok(())
    }

    /// A function of the schema's owner, which does it beyond what `firma_app` may.
    fn call_erasing(&mut self, call: Sql<diesel::sql_types::Nullable<Text>>) -> Result<(), Fault> {
        call.rows::<Option<String>>(self).map(drop)
    }

    /// Deletes the stored answers that the user got in an organization, and those that tell of the user.
    pub fn erase_answers(&mut self, user: Id, organization: Id) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(organization)?;
        Sql::<()>::text("DELETE FROM idempotency_keys WHERE organization_id = ")
            .bind(organization)
            .then(" AND (actor_id = ")
            .bind(user)
            .then_either(" OR position(", " OR instr(body, ")
            .bind(Value::Text(user.to_string()))
            .then_either(" IN body) > 0)", ") > 0)")
            .run(self)?;
        Ok(())
    }
}
