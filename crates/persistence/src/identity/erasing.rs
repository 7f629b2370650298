//! A user who goes, and one whose e-mail changes.

use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{Bool, Text};
use firma_domain::identity::User;
use firma_domain::{Email, Id};
use std::collections::BTreeSet;

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
        let rows = Sql::<IdType>::text("SELECT m.organization_id FROM memberships m WHERE m.id = ")
            .bind(user)
            .then(
                " AND EXISTS (SELECT 1 FROM tenants t WHERE t.id = m.organization_id AND t.purging_at IS NULL) \
                 ORDER BY m.organization_id",
            )
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

    /// The user's address, and those whose mail the user was shown to read, in lower case. What a mail was only asked to
    /// may be anybody's.
    pub fn addresses_of(&mut self, user: Id, email: &Email) -> Result<BTreeSet<String>, Fault> {
        self.identify(user)?;
        let more = Sql::<Text>::text(
            "SELECT email FROM verification_tokens WHERE redeemed_at IS NOT NULL AND user_id = ",
        )
        .bind(user)
        .rows::<String>(self)?;
        let shown = more.iter().filter_map(|address| Email::parse(address));
        Ok(shown.map(|address| address.key()).chain([email.key()]).collect())
    }

    /// The organizations that have an address, in lower case, in an invitation: one that is nobody's any more, since its
    /// user was erased. On PostgreSQL by a function that tells nothing else.
    pub fn places_that_invited(&mut self, erased: Id, address: &str) -> Result<Vec<Id>, Fault> {
        self.unit()?;
        let (user, address) = (erased, Value::Text(address.to_owned()));
        let places = Sql::<IdType>::either(
            "SELECT p.id FROM tenants p JOIN organizations_that_invited(",
            "SELECT DISTINCT p.id FROM users u JOIN invitations i JOIN tenants p ON p.id = i.organization_id \
             AND p.purging_at IS NULL AND NOT EXISTS (SELECT 1 FROM user_logins l WHERE l.login = i.email) WHERE u.deleted_at IS NOT NULL AND u.id = ",
        )
        .bind(user)
        .then_either(", ", " AND i.email = ")
        .bind(address)
        .then_either(") f (id) ON f.id = p.id WHERE p.purging_at IS NULL", "")
        .then(" ORDER BY p.id")
        .rows::<Uid>(self)?;
        Ok(places.into_iter().map(|id| id.0).collect())
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

    /// Deletes the stored answers that the user got in an organization, and those that tell of the user: by the id, or by
    /// one of these addresses in lower case.
    pub fn erase_answers<'a>(
        &mut self,
        user: Id,
        organization: Id,
        addresses: impl Iterator<Item = &'a String>,
    ) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(organization)?;
        // As a whole text of the answer's JSON: an address may be the end of another one.
        let addresses = addresses.map(|address| format!("\"{address}\""));
        let mut statement = Sql::<()>::text("DELETE FROM idempotency_keys WHERE organization_id = ")
            .bind(organization)
            .then(" AND (actor_id = ")
            .bind(user);
        for named in addresses.chain([user.to_string()]) {
            statement = statement
                .then_either(" OR position(", " OR instr(lower(body), ")
                .bind(Value::Text(named))
                .then_either(" IN lower(body)) > 0", ") > 0");
        }
        statement.then(")").run(self)?;
        Ok(())
    }
}
