use crate::access::Segment;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::operating::ENTITIES;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::Nullable;
use firma_domain::platform::Job;
use firma_domain::{Entity, Id};

impl Tx<'_> {
    /// The organization of that name, if there is one and the user has no business there: is no member, or no longer.
    pub fn foreign_organization(&mut self, user: Id, segment: &Segment) -> Result<Option<Id>, Fault> {
        self.identify(user)?;
        let statement = Sql::<IdType>::text(
            "SELECT t.id FROM tenants t LEFT JOIN memberships m ON m.organization_id = t.id AND m.id = ",
        )
        .bind(user)
        .then(" WHERE (m.id IS NULL OR NOT m.is_active) AND t.id <> ")
        .bind(Id::NIL);
        let found = statement.then(" AND ").named(segment).maybe::<Uid>(self)?;
        Ok(found.map(|id| id.0))
    }

    /// The organization of that name, if there is one and it isn't this one.
    pub fn other_organization(&mut self, own: Id, segment: &Segment) -> Result<Option<Id>, Fault> {
        let found = Sql::<IdType>::text("SELECT t.id FROM tenants t WHERE t.id <> ")
            .bind(own)
            .then(" AND t.id <> ")
            .bind(Id::NIL)
            .then(" AND ")
            .named(segment)
            .maybe::<Uid>(self)?;
        Ok(found.map(|id| id.0))
    }

    /// Who owns an organization that is there, if anybody does.
    pub fn owner_of_organization(&mut self, organization: Id) -> Result<Option<Id>, Fault> {
        self.fenced(organization)?;
        let owner = Sql::<Nullable<IdType>>::text(
            "SELECT owner_id FROM organizations WHERE deleted_at IS NULL AND organization_id = ",
        )
        .bind(organization)
        .maybe::<Option<Uid>>(self)?;
        Ok(owner.flatten().map(|owner| owner.0))
    }

    /// The organization of which that row is, or was, as far as a log goes back; none where nobody knows it. Looked up in
    /// each organization by itself, and on PostgreSQL by functions that tell nothing but this.
    pub fn organization_of_row(&mut self, collection: &str, row: Id) -> Result<Option<Id>, Fault> {
        let of = ENTITIES.iter().find(|of| of.collection == collection);
        let there = match of {
            Some(of) => self.organization_with_row(of.table, row)?,
            None => None,
        };
        // A job is in no such table, but what was done to it is in the log.
        let name = of
            .map(|of| of.name)
            .or((collection == Job::COLLECTION).then_some(Job::NAME));
        match (there, name) {
            (None, Some(name)) => self.organization_that_logged(name, row),
            (there, _) => Ok(there),
        }
    }

    fn organization_with_row(&mut self, table: &'static str, row: Id) -> Result<Option<Id>, Fault> {
        let found = if self.is_postgres() {
            Sql::<IdType>::text("SELECT organization_id FROM organization_with_row(")
                .bind(table)
                .then(", ")
                .bind(row)
                .then(") f (organization_id) WHERE organization_id IS NOT NULL")
        } else {
            Sql::<IdType>::text("SELECT t.id FROM tenants t WHERE EXISTS (SELECT 1 FROM ")
                .then(table)
                .then(" r WHERE r.organization_id = t.id AND r.id = ")
                .bind(row)
                .then(")")
        };
        Ok(found.maybe::<Uid>(self)?.map(|id| id.0))
    }

    fn organization_that_logged(&mut self, entity_type: &str, row: Id) -> Result<Option<Id>, Fault> {
        let found = Sql::<IdType>::either(
            "SELECT organization_id FROM organization_of_row(",
            "SELECT t.id FROM tenants t WHERE EXISTS (SELECT 1 FROM audit_entries a WHERE a.organization_id = t.id \
             AND a.entity_type = ",
        )
        .bind(entity_type)
        .then_either(", ", " AND a.entity_id = ")
        .bind(row)
        .then_either(")", ")")
        .then_either(" f (organization_id) WHERE organization_id IS NOT NULL", "")
        .maybe::<Uid>(self)?;
        Ok(found.map(|id| id.0))
    }
}
