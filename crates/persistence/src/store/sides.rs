//! The side tables by which rows are found by any of several values.

use super::tx::Tx;
use crate::fault::Fault;
use crate::sql::{Side, Sql};
use firma_domain::{Email, Entity, Id};

impl Tx<'_> {
    /// Brings the tags and addresses of a row to what they are now.
    pub(super) fn file<E: Entity>(
        &mut self,
        organization: Id,
        id: Id,
        before: Option<&E>,
        after: &E,
    ) -> Result<(), Fault> {
        let tags = |value: &E| value.tags().to_vec();
        let emails = |value: &E| value.emails().iter().map(Email::key).collect();
        self.relist::<E>(Side::Tags, organization, id, before.map(tags), tags(after))?;
        self.relist::<E>(Side::Emails, organization, id, before.map(emails), emails(after))
    }

    fn relist<E: Entity>(
        &mut self,
        side: Side,
        organization: Id,
        id: Id,
        before: Option<Vec<String>>,
        after: Vec<String>,
    ) -> Result<(), Fault> {
        let before = before.unwrap_or_default();
        for gone in before.iter().filter(|value| !after.contains(value)) {
            Sql::<()>::text("DELETE FROM ")
                .then(side.table())
                .then(" WHERE organization_id = ")
                .bind(organization)
                .then(" AND entity_type = ")
                .bind(E::NAME)
                .then(" AND ")
                .then(side.column())
                .then(" = ")
                .bind(gone.as_str())
                .then(" AND entity_id = ")
                .bind(id)
                .run(self)?;
        }
        for new in after.iter().filter(|value| !before.contains(value)) {
            Sql::<()>::text("INSERT INTO ")
                .then(side.table())
                .then(" (organization_id, entity_type, ")
                .then(side.column())
                .then(", entity_id) VALUES (")
                .binds(vec![
                    organization.into(),
                    E::NAME.into(),
                    new.as_str().into(),
                    id.into(),
                ])
                .then(")")
                .run(self)?;
        }
        Ok(())
    }
}
