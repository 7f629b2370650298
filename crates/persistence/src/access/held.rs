//! The roles that a member holds, kept in memory. They are kept under two stamps, the member's and the organization's:
//! whatever changes an assignment or one of the organization's own roles gives it another, in the same transaction.
//! Both come with the facts of each call, or are proved in it, so what is kept is never old, on whichever server; and
//! since no stamp comes twice, nothing is kept under one that was undone.

use super::memory;
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{Integer, Nullable};
use firma_auth::access::{Assignment, Given};
use firma_domain::Id;
use firma_domain::access::{Role, RoleAssignment};
use std::sync::Arc;

/// Since when the roles of a member are what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamps {
    /// What the member holds; none where nothing was ever given
    pub member: Option<Id>,
    /// What the organization's own roles give; none where none was ever changed
    pub roles: Option<Id>,
}

/// An assignment: the role, the version of one that is the organization's own, the end.
type Held = (IdType, Nullable<Integer>, Nullable<AtType>);
type HeldRow = (Uid, Option<i32>, Option<At>);

const HELD: &str = "SELECT a.role_id, CASE WHEN a.role_organization_id = a.organization_id THEN (SELECT r.version \
     FROM roles r WHERE r.organization_id = a.role_organization_id AND r.id = a.role_id AND r.deleted_at IS NULL) END, \
     a.expires_at FROM role_assignments a WHERE a.is_active AND a.organization_id = ";

impl Tx<'_> {
    /// What a member of an organization, where the fence stands, holds; without a statement where it is kept.
    pub(super) fn assignments(
        &mut self,
        organization: Id,
        user: Id,
        stamps: Stamps,
    ) -> Result<Arc<[Assignment]>, Fault> {
        if let Some(held) = self.memory().held(organization, user, stamps) {
            return Ok(held);
        }
        let rows = Sql::<Held>::text(HELD)
            .bind(organization)
            .then(" AND a.user_id = ")
            .bind(user)
            .rows_on::<HeldRow>(self.looking()?)?;
        let held = self.behind(organization, &rows)?;
        if stamps.member.is_some() {
            self.memory().keep_held(organization, user, stamps, held.clone());
        }
        Ok(held)
    }

    /// The roles behind the rows; one of the organization's own that was deleted gives nothing.
    fn behind(&mut self, organization: Id, rows: &[HeldRow]) -> Result<Arc<[Assignment]>, Fault> {
        let own = rows.iter().filter_map(|(role, version, _)| {
            Some(memory::At {
                organization,
                of: role.0,
                version: (*version)?,
            })
        });
        let own: Vec<_> = own.collect();
        let custom = match own.as_slice() {
            [] => Default::default(),
            own => self.role_permissions(own)?,
        };
        let assignment = |(Uid(id), version, end): &HeldRow| {
            let role = match version {
                Some(_) => Given::Custom(*id, custom.get(id)?.clone()),
                None => Given::system(*id)?,
            };
            Some(Assignment {
                role,
                expires_at: end.map(|e| e.0),
            })
        };
        Ok(rows.iter().filter_map(assignment).collect())
    }
}

/// What is kept of whom an assignment is to is old from now on.
pub(super) fn outdate_member(tx: &mut Tx<'_>, organization: Id, to: &RoleAssignment) -> Result<(), Fault> {
    stamp(tx, "memberships", "organization_id", organization)
        .then(" AND id = ")
        .bind(to.user_id)
        .run(tx)
        .map(drop)
}

/// What is kept of the organization's members is old from now on.
pub(super) fn outdate_members(tx: &mut Tx<'_>, organization: Id, _: &Role) -> Result<(), Fault> {
    stamp(tx, "tenants", "id", organization).run(tx).map(drop)
}

fn stamp(tx: &mut Tx<'_>, table: &'static str, of: &'static str, organization: Id) -> Sql<()> {
    Sql::text("UPDATE ")
        .then(table)
        .then(" SET access_stamp_id = ")
        .bind(tx.new_id())
        .then(" WHERE ")
        .then(of)
        .then(" = ")
        .bind(organization)
}
