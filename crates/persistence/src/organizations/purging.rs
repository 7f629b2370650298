//! An organization that was deleted goes for good: marked first, so that nothing brings it back while its rows go.

use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{LogEnd, Note, Tx};
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use firma_auth::access::Disposing;
use firma_domain::organizations::Organization;
use firma_domain::{Entity, Id, Instant};

/// How an organization stands, for who may purge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    pub id: Id,
    /// When it was deleted; none where it wasn't
    pub deleted_at: Option<Instant>,
    /// Since when it is being purged
    pub purging_at: Option<Instant>,
}

type Row = (Uid, Option<At>, Option<At>);

/// What the system's log says at the end of a purge.
const PURGED: &str = "purged";

impl Tx<'_> {
    /// The organization of that slug. A deleted one keeps its slug until it is purged.
    pub fn closed(&mut self, slug: &str) -> Result<Option<Closed>, Fault> {
        let found = Sql::<(IdType, Nullable<AtType>, Nullable<AtType>)>::text(
            "SELECT id, deleted_at, purging_at FROM tenants WHERE slug = ",
        )
        .bind(slug)
        .maybe::<Row>(self)?;
        Ok(found.map(|(id, deleted, purging)| Closed {
            id: id.0,
            deleted_at: deleted.map(|at| at.0),
            purging_at: purging.map(|at| at.0),
        }))
    }

    /// The slugs of those whose purge has begun and isn't over.
    pub fn purging(&mut self) -> Result<Vec<String>, Fault> {
        Sql::<Text>::text("SELECT slug FROM tenants WHERE purging_at IS NOT NULL ORDER BY slug").rows(self)
    }

    /// Whether an organization is there, deleted or not, and no purge of it has begun.
    pub fn has_tenant(&mut self, organization: Id) -> Result<bool, Fault> {
        self.tenant_where(organization, "")
    }

    /// The same, and none begins before the transaction ends.
    pub(crate) fn holds_tenant(&mut self, organization: Id) -> Result<bool, Fault> {
        let hold = if self.is_postgres() { " FOR KEY SHARE" } else { "" };
        self.tenant_where(organization, hold)
    }

    fn tenant_where(&mut self, organization: Id, hold: &'static str) -> Result<bool, Fault> {
        let stands = Sql::<Bool>::text("SELECT purging_at IS NULL FROM tenants WHERE id = ")
            .bind(organization)
            .then(hold);
        Ok(stands.maybe::<bool>(self)? == Some(true))
    }

    /// Whether an organization was there and its rows are going, or are gone: the first its own row says, the second
    /// the system's log.
    pub fn is_purged(&mut self, organization: Id) -> Result<bool, Fault> {
        let going = Sql::<Bool>::text("SELECT purging_at IS NOT NULL FROM tenants WHERE id = ")
            .bind(organization)
            .maybe::<bool>(self)?;
        if let Some(going) = going {
            return Ok(going);
        }
        self.fenced(Id::NIL)?;
        let gone = Sql::<IdType>::text("SELECT entity_id FROM audit_entries WHERE organization_id = ")
            .bind(Id::NIL)
            .then(" AND entity_type = ")
            .bind(Organization::NAME)
            .then(" AND entity_id = ")
            .bind(organization)
            .then(" AND action = ")
            .bind(Value::Text(format!("{}.{PURGED}", Organization::NAME)))
            .then(" LIMIT 1")
            .maybe::<Uid>(self)?;
        Ok(gone.is_some())
    }

    /// Begins the purge of an organization that is deleted, and about which nothing was written down since it was
    /// exported: from now on nothing can be, for its log has no head any more. Recorded in the system's own log.
    ///
    /// # Errors
    /// [`Fault::Missing`] where it isn't deleted, or its purge has begun already; [`Fault::Changed`] where its log
    /// ends elsewhere.
    pub fn begin_purge(&mut self, disposing: Disposing, exported: &LogEnd) -> Result<(), Fault> {
        self.unit()?;
        let organization = disposing.organization();
        self.fenced(organization)?;
        // Who notes what concerns safety holds the row, and is waited for. Who changes the log takes its head last.
        Sql::<IdType>::text("SELECT id FROM tenants WHERE id = ")
            .bind(organization)
            .then_either(" FOR UPDATE", "")
            .one::<Uid>(self)?;
        let now = self.now();
        let marked = Sql::<()>::text("UPDATE tenants SET purging_at = ")
            .bind(now)
            .then(" WHERE id = ")
            .bind(organization)
            .then(" AND deleted_at IS NOT NULL AND purging_at IS NULL")
            .run(self)?;
        if marked == 0 {
            return Err(Fault::Missing);
        }
        if self.end_of_log(organization)? != *exported {
            return Err(Fault::Changed);
        }
        let headless = Sql::<()>::text("DELETE FROM heads WHERE organization_id = ")
            .bind(organization)
            .then(" AND last_number = ")
            .bind(Value::Big(exported.number))
            .run(self)?;
        if headless == 0 {
            return Err(Fault::Changed);
        }
        let version = Sql::<Integer>::text("SELECT version FROM organizations WHERE organization_id = ")
            .bind(organization)
            .then(" AND id = ")
            .bind(organization)
            .maybe::<i32>(self)?
            .unwrap_or(0);
        let log = serde_json::json!({ "log": [exported, null] });
        self.note_disposal(organization, version.saturating_add(1), "purge_begun", log)
    }

    /// The last of a purge: nothing is left in the organization, and it isn't one any more. Recorded as that.
    ///
    /// # Errors
    /// [`Fault::Missing`] where no purge of it has begun; [`Fault::Reference`] where something is left in it.
    pub fn end_purge(&mut self, disposing: Disposing) -> Result<(), Fault> {
        self.unit()?;
        let organization = disposing.organization();
        let gone = Sql::<()>::text("DELETE FROM tenants WHERE id = ")
            .bind(organization)
            .then(" AND purging_at IS NOT NULL")
            .run(self)?;
        if gone == 0 {
            return Err(Fault::Missing);
        }
        self.fenced(Id::NIL)?;
        let begun = Sql::<Nullable<Integer>>::text(
            "SELECT MAX(entity_version) FROM audit_entries WHERE organization_id = ",
        )
        .bind(Id::NIL)
        .then(" AND entity_type = ")
        .bind(Organization::NAME)
        .then(" AND entity_id = ")
        .bind(organization)
        .one::<Option<i32>>(self)?
        .unwrap_or(0);
        self.note_disposal(
            organization,
            begun.saturating_add(1),
            PURGED,
            serde_json::json!({}),
        )
    }

    /// In the system's log, which stays.
    fn note_disposal(
        &mut self,
        organization: Id,
        version: i32,
        verb: &str,
        changes: serde_json::Value,
    ) -> Result<(), Fault> {
        self.note(
            Id::NIL,
            Note {
                actor: None,
                key: None,
                entity: Organization::NAME,
                id: organization,
                version,
                verb,
                changes: changes.to_string(),
            },
        )
    }
}
