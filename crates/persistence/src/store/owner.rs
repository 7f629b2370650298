//! Whether a row of an owner is within what a grant may act on.

use super::repo::Repo;
use super::stored::Stored;
use crate::fault::Fault;
use crate::sql::Sql;
use diesel::sql_types::Integer;
use firma_auth::access::{Action, Reach};
use firma_domain::{Id, Record};

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// Whether a row of that owner is within what may be acted on.
    fn may_own(&mut self, owner: Option<Id>) -> Result<bool, Fault> {
        let (me, organization) = (self.grant.actor(), self.grant.organization());
        Ok(match (self.grant.reach(), owner) {
            (Reach::Org, _) => true,
            (_, Some(owner)) if owner == me => true,
            (Reach::Team, Some(owner)) => {
                let shared = Sql::<Integer>::text(
                    "SELECT 1 FROM team_members mine JOIN team_members theirs \
                     ON theirs.organization_id = mine.organization_id AND theirs.team_id = mine.team_id \
                     WHERE mine.deleted_at IS NULL AND theirs.deleted_at IS NULL AND mine.organization_id = ",
                )
                .bind(organization)
                .then(" AND mine.user_id = ")
                .bind(me)
                .then(" AND theirs.user_id = ")
                .bind(owner)
                .then(" LIMIT 1");
                shared.maybe::<i32>(self.tx)?.is_some()
            }
            _ => false,
        })
    }

    /// Refuses to hand a row to whom nothing may be handed; one that keeps its owner was found within reach.
    pub(super) fn check_new_owner(&mut self, before: &Record<E>, value: &E) -> Result<(), Fault> {
        match value.owner() == before.value.owner() {
            true => Ok(()),
            false => self.check_owner(value),
        }
    }

    pub(super) fn check_owner(&mut self, value: &E) -> Result<(), Fault> {
        match E::OWNER.is_none() || self.may_own(value.owner())? {
            true => Ok(()),
            false => Err(Fault::Forbidden),
        }
    }
}
