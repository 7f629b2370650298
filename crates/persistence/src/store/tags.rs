//! The side table by which rows are found by their tags.

use super::tx::Tx;
use crate::fault::Fault;
use crate::sql::Sql;
use firma_domain::{Entity, Id};

impl Tx<'_> {
    /// Brings the tags of a row to what they are now.
    pub(super) fn retag<E: Entity>(
        &mut self,
        organization: Id,
        id: Id,
        before: &[String],
        after: &[String],
    ) -> Result<(), Fault> {
        for gone in before.iter().filter(|tag| !after.contains(tag)) {
            Sql::<()>::text("DELETE FROM tags WHERE organization_id = ")
                .bind(organization)
                .then(" AND entity_type = ")
                .bind(E::NAME)
                .then(" AND tag = ")
                .bind(gone.as_str())
                .then(" AND entity_id = ")
                .bind(id)
                .run(self)?;
        }
        for new in after.iter().filter(|tag| !before.contains(tag)) {
            Sql::<()>::text("INSERT INTO tags (organization_id, entity_type, tag, entity_id) VALUES (")
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
