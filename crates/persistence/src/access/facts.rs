use super::role_cache;
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use firma_auth::access::{Assignment, Facts, Given, Tenant};
use firma_domain::organizations::Status;
use firma_domain::{Currency, Id, Slug, Zone};
use std::sync::Arc;

/// How a path names an organization.
#[derive(Debug, Clone)]
pub enum Segment {
    Id(Id),
    Slug(Slug),
}

/// What is known of a caller.
pub enum Known {
    /// No such session, or no longer
    Nobody,
    /// Signed in, but no live member of such an organization
    Stranger,
    /// A live member, and the organization's currency and time zone
    Member(Facts, Currency, Zone),
}

type Columns = (
    (
        Nullable<IdType>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Bool,
    ),
    Held,
);
type Row = (
    (
        Option<Uid>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
        bool,
    ),
    HeldRow,
);

/// An assignment: the role, the version of one that is the organization's own, the end.
type Held = (Nullable<IdType>, Nullable<Integer>, Nullable<AtType>);
type HeldRow = (Option<Uid>, Option<i32>, Option<At>);

/// Behind `SELECT …`: what [`Held`] is read from.
const HELD: &str = "a.role_id, CASE WHEN a.role_organization_id = t.id THEN (SELECT r.version FROM roles r \
     WHERE r.organization_id = a.role_organization_id AND r.id = a.role_id AND r.deleted_at IS NULL) END, a.expires_at ";

impl Tx<'_> {
    /// Session, membership and roles of a caller who is active, in one statement, which also moves PostgreSQL's
    /// fence to the organization, if the caller is a live member of it, and to none otherwise.
    pub fn facts(&mut self, user: Id, session: Id, segment: &Segment) -> Result<Known, Fault> {
        self.identify(user)?;
        let now = self.now();
        let statement = Sql::<Columns>::either(
            "SELECT t.id, t.status, t.currency, t.timezone, set_config('app.organization_id', CASE WHEN m.is_active AND \
             m.joined_at IS NOT NULL THEN t.id::text ELSE '' END, false), ",
            "SELECT t.id, t.status, t.currency, t.timezone, NULL, ",
        )
        .then(
            "COALESCE(m.is_active AND m.joined_at IS NOT NULL, FALSE), ",
        )
        .then(HELD)
        .then(
            "FROM sessions s JOIN users u ON u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL LEFT JOIN tenants t ON ",
        );
        let statement = match segment {
            Segment::Id(id) => statement.then("t.id = ").bind(*id),
            Segment::Slug(slug) => statement.then("t.slug = ").bind(slug.as_str()),
        };
        let rows = statement
            .then(
                " LEFT JOIN memberships m ON m.organization_id = t.id AND m.id = s.user_id \
                 LEFT JOIN role_assignments a ON a.organization_id = t.id AND a.user_id = s.user_id AND a.is_active \
                 WHERE s.revoked_at IS NULL AND s.id = ",
            )
            .bind(session)
            .then(" AND s.user_id = ")
            .bind(user)
            .then(" AND s.expires_at > ")
            .bind(now)
            .rows::<Row>(self)?;
        let Some(((tenant, status, currency, zone, _, live), _)) = rows.first() else {
            return Ok(Known::Nobody);
        };
        let (true, Some(tenant), Some(status)) = (*live, tenant.map(|t| t.0), parse_status(status)) else {
            self.fence_moved(None);
            return Ok(Known::Stranger);
        };
        self.fence_moved(Some(tenant));
        if tenant == Id::NIL || status == Status::Archived {
            return Ok(Known::Stranger);
        }
        let currency = currency
            .as_deref()
            .and_then(Currency::from_code)
            .unwrap_or_default();
        let zone = zone.as_deref().and_then(Zone::parse).unwrap_or_default();
        let facts = Facts {
            user,
            tenant: Tenant { id: tenant, status },
            assignments: self.assignments(tenant, rows.iter().map(|(_, held)| *held))?,
            now,
        };
        Ok(Known::Member(facts, currency, zone))
    }

    /// Membership and roles of who asked for a job, as they are now; none where that is no live member any more.
    pub fn facts_of_owner(
        &mut self,
        organization: Id,
        user: Id,
    ) -> Result<Option<(Facts, Currency, Zone)>, Fault> {
        self.fenced(organization)?;
        let now = self.now();
        let rows = Sql::<((Text, Text, Text), Held)>::text("SELECT t.status, t.currency, t.timezone, ")
            .then(HELD)
            .then(
                "FROM tenants t JOIN memberships m ON m.organization_id = t.id JOIN users u ON u.id = m.id \
                 AND u.is_active AND u.deleted_at IS NULL LEFT JOIN role_assignments a ON a.organization_id = t.id \
                 AND a.user_id = m.id AND a.is_active WHERE m.is_active AND m.joined_at IS NOT NULL AND t.id = ",
            )
        .bind(organization)
        .then(" AND m.id = ")
        .bind(user)
        .rows::<((String, String, String), HeldRow)>(self)?;
        let Some(((status, currency, zone), _)) = rows.first() else {
            return Ok(None);
        };
        let Some(status) = status.parse().ok().filter(|status| *status != Status::Archived) else {
            return Ok(None);
        };
        let currency = Currency::from_code(currency).unwrap_or_default();
        let zone = Zone::parse(zone).unwrap_or_default();
        let facts = Facts {
            user,
            tenant: Tenant {
                id: organization,
                status,
            },
            assignments: self.assignments(organization, rows.iter().map(|(_, held)| *held))?,
            now,
        };
        Ok(Some((facts, currency, zone)))
    }

    /// Whether a session lives, of a user who is active, for calls about no organization.
    pub fn session_lives(&mut self, user: Id, session: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let now = self.now();
        let found = Sql::<Bool>::text(
            "SELECT TRUE FROM sessions s JOIN users u ON u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL \
             WHERE s.revoked_at IS NULL AND s.id = ",
        )
        .bind(session)
        .then(" AND s.user_id = ")
        .bind(user)
        .then(" AND s.expires_at > ")
        .bind(now)
        .maybe::<bool>(self)?;
        Ok(found.is_some())
    }

    /// The roles behind the rows; one of the organization's own that was deleted gives nothing.
    fn assignments(
        &mut self,
        organization: Id,
        held: impl Iterator<Item = HeldRow> + Clone,
    ) -> Result<Arc<[Assignment]>, Fault> {
        let own = held.clone().filter_map(|(role, version, _)| {
            Some(role_cache::At {
                organization,
                role: role?.0,
                version: version?,
            })
        });
        let own: Vec<_> = own.collect();
        let custom = match own.as_slice() {
            [] => Default::default(),
            own => self.role_permissions(own)?,
        };
        let assignment = |(role, version, end): HeldRow| {
            let id = role?.0;
            let role = match version {
                Some(_) => Given::Custom(id, custom.get(&id)?.clone()),
                None => Given::system(id)?,
            };
            Some(Assignment {
                role,
                expires_at: end.map(|e| e.0),
            })
        };
        Ok(held.filter_map(assignment).collect())
    }
}

fn parse_status(text: &Option<String>) -> Option<Status> {
    text.as_deref()?.parse().ok()
}
