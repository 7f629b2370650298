use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::columns::*;
use crate::store::{Tx, stored};
use firma_auth::access::{Grant, Joining, Writes};
use firma_domain::Entity;
use firma_domain::Instant as At;
use firma_domain::organizations::{Invitation, Organization};

stored! {
    Invitation in invitations,
    columns {
        email: Text, name: Nullable<Text>, role_ids: Text, roles_expire_at: Nullable<Instant>, team_ids: Text, message: Nullable<Text>,
        expires_at: Nullable<Instant>, status: Text, invited_by: Id, sent_at: Nullable<Instant>, sent_count: Integer,
        takes_place: Bool, accepted_at: Nullable<Instant>, accepted_by: Nullable<Id>, declined_at: Nullable<Instant>,
        revoked_at: Nullable<Instant>, withheld_role_ids: Text, withheld_team_ids: Text,
    }
    filter { email: Text, status: Text, invited_by: Id, expires_at: Nullable<Instant> }
    sort { expires_at: Nullable<Instant> }
}

/// A member counts, but not one who holds the client's role and no other; an open invitation counts if it says so.
const TAKEN: [&str; 5] = [
    "SELECT (SELECT COUNT(*) FROM memberships m WHERE m.is_active AND m.deleted_at IS NULL AND m.organization_id = ",
    " AND (NOT EXISTS (SELECT 1 FROM role_assignments a WHERE a.organization_id = m.organization_id AND a.user_id = m.id \
     AND a.is_active AND a.deleted_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > ",
    ")) OR EXISTS (SELECT 1 FROM role_assignments a WHERE a.organization_id = m.organization_id AND a.user_id = m.id \
     AND a.is_active AND a.deleted_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > ",
    ") AND a.role_id <> ",
    "))) + (SELECT COUNT(*) FROM invitations i WHERE i.status = 'open' AND i.takes_place AND i.deleted_at IS NULL \
     AND i.organization_id = ",
];

impl Tx<'_> {
    /// How many of its places an organization has given away: to members and to those who are invited.
    pub fn places_taken<A: Writes>(
        &mut self,
        grant: Grant<Organization, A>,
        client: firma_domain::Id,
    ) -> Result<i64, Fault> {
        let (organization, now) = (grant.organization(), self.now());
        let [members, held, other, but, invited] = TAKEN;
        self.fenced(organization)?;
        Sql::<BigInt>::text(members)
            .bind(organization)
            .then(held)
            .bind(now)
            .then(other)
            .bind(now)
            .then(but)
            .bind(client)
            .then(invited)
            .bind(organization)
            .then(" AND i.expires_at > ")
            .bind(now)
            .then(")")
            .one(self)
    }

    /// Takes an address, in lower case, out of an organization's invitations, and out of those that the user accepted,
    /// and what the log says of them: the pseudonym stands there then.
    pub fn forget_invitations(
        &mut self,
        joining: &Joining,
        address: &str,
        pseudonym: &str,
    ) -> Result<(), Fault> {
        self.unit()?;
        let organization = joining.organization();
        self.fenced(organization)?;
        Sql::<()>::text(
            "DELETE FROM audit_payloads WHERE entry_id IN (SELECT a.id FROM audit_entries a JOIN invitations i \
             ON i.organization_id = a.organization_id AND i.id = a.entity_id WHERE a.entity_type = ",
        )
        .bind(Invitation::NAME)
        .then(" AND a.organization_id = ")
        .bind(organization)
        .then(" AND (i.email = ")
        .bind(address)
        .then(" OR i.accepted_by = ")
        .bind(joining.user())
        .then(")) AND organization_id = ")
        .bind(organization)
        .run(self)?;
        Sql::<()>::text("UPDATE invitations SET name = NULL, message = NULL, email = ")
            .bind(pseudonym)
            .then(" WHERE organization_id = ")
            .bind(organization)
            .then(" AND (email = ")
            .bind(address)
            .then(" OR accepted_by = ")
            .bind(joining.user())
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Whether any organization waits for that address, in lower case, to join.
    pub fn is_invited(&mut self, email: &str) -> Result<bool, Fault> {
        let now = self.now();
        // Which organization it is stays behind its fence.
        if self.is_postgres() {
            return Sql::<Bool>::text("SELECT is_invited(")
                .bind(email)
                .then(", ")
                .bind(now)
                .then(")")
                .one(self);
        }
        let found = Sql::<Bool>::text(
            "SELECT TRUE FROM invitations WHERE status = 'open' AND deleted_at IS NULL AND expires_at > ",
        )
        .bind(now)
        .then(" AND email = ")
        .bind(email)
        .then(" LIMIT 1")
        .maybe::<bool>(self)?;
        Ok(found.is_some())
    }

    /// Invitations that were answered or taken back, or are over, since then, and what the log says of them; how many
    /// went.
    pub fn sweep_invitations(&mut self, before: At, most: i64) -> Result<i64, Fault> {
        self.unit()?;
        if self.is_postgres() {
            return Sql::<BigInt>::text("SELECT sweep_invitations(")
                .bind(before)
                .then(", ")
                .bind(Value::Big(most))
                .then(")")
                .one(self);
        }
        // In an order, so that both are about the same ones.
        let over = |statement: Sql<()>| {
            statement
                .then("rowid IN (SELECT rowid FROM invitations WHERE status <> 'open' AND updated_at < ")
                .bind(before)
                .then(" UNION ALL SELECT rowid FROM invitations WHERE status = 'open' AND expires_at < ")
                .bind(before)
                .then(" ORDER BY 1 LIMIT ")
                .bind(Value::Big(most))
                .then(")")
        };
        let said = Sql::<()>::text(
            "DELETE FROM audit_payloads WHERE (organization_id, entry_id) IN (SELECT a.organization_id, a.id \
             FROM invitations i JOIN audit_entries a ON a.organization_id = i.organization_id AND a.entity_id = i.id \
             AND a.entity_type = ",
        )
        .bind(Invitation::NAME)
        .then(" WHERE i.");
        over(said).then(")").run(self)?;
        let gone = over(Sql::<()>::text("DELETE FROM invitations WHERE ")).run(self)?;
        Ok(i64::try_from(gone).unwrap_or(i64::MAX))
    }
}
