use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{Bool, Nullable, Text};
use firma_auth::access::{Assignment, Facts, Tenant};
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
    (Nullable<IdType>, Nullable<AtType>),
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
    (Option<Uid>, Option<At>),
);

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
            "COALESCE(m.is_active AND m.joined_at IS NOT NULL, FALSE), a.role_id, a.expires_at FROM sessions s \
             JOIN users u ON u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL LEFT JOIN tenants t ON ",
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
            assignments: assignments(rows.iter().map(|(_, assignment)| *assignment)),
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
        let rows = Sql::<((Text, Text, Text), (Nullable<IdType>, Nullable<AtType>))>::text(
            "SELECT t.status, t.currency, t.timezone, a.role_id, a.expires_at FROM tenants t JOIN memberships m \
             ON m.organization_id = t.id JOIN users u ON u.id = m.id AND u.is_active AND u.deleted_at IS NULL LEFT JOIN role_assignments a ON a.organization_id = t.id \
             AND a.user_id = m.id AND a.is_active WHERE m.is_active AND m.joined_at IS NOT NULL AND t.id = ",
        )
        .bind(organization)
        .then(" AND m.id = ")
        .bind(user)
        .rows::<((String, String, String), (Option<Uid>, Option<At>))>(self)?;
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
            assignments: assignments(rows.iter().map(|(_, assignment)| *assignment)),
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
}

fn assignments(rows: impl Iterator<Item = (Option<Uid>, Option<At>)>) -> Arc<[Assignment]> {
    rows.filter_map(|(role, end)| {
        Some(Assignment {
            role_id: role?.0,
            expires_at: end.map(|e| e.0),
        })
    })
    .collect()
}

fn parse_status(text: &Option<String>) -> Option<Status> {
    text.as_deref()?.parse().ok()
}
