use super::role_cache;
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use firma_auth::access::{Assignment, Facts, Given, Tenant};
use firma_domain::organizations::{Feature, Status};
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
    /// A live member, and the organization's currency and time zone; whether the member is let in, the facts say
    Member(Facts, Currency, Zone),
}

/// What is read of the organization: currency, time zone, owner, the modules that it does without.
type About = (Nullable<Text>, Nullable<Text>, Nullable<IdType>, Nullable<Text>);
type AboutRow = (Option<String>, Option<String>, Option<Uid>, Option<String>);

/// Behind `SELECT …`: what [`About`] is read from.
pub(super) const ABOUT: &str = "t.currency, t.timezone, t.owner_id, t.modules_off, ";

/// The organization, its state, where the fence was moved, whether the caller is a live member, and lacks a factor.
pub(super) type Base = (
    (Nullable<IdType>, Nullable<Text>, Nullable<Text>, Bool, Bool),
    About,
);
pub(super) type BaseRow = (
    (Option<Uid>, Option<String>, Option<String>, bool, bool),
    AboutRow,
);

/// An assignment: the role, the version of one that is the organization's own, the end.
pub(super) type Held = (Nullable<IdType>, Nullable<Integer>, Nullable<AtType>);
pub(super) type HeldRow = (Option<Uid>, Option<i32>, Option<At>);

/// What the head of [`Base`] is read from; on PostgreSQL it moves the fence, too.
pub(super) const TENANT: &str = "SELECT t.id, t.status, set_config('app.organization_id', CASE WHEN m.is_active \
     AND m.joined_at IS NOT NULL THEN t.id::text ELSE '' END, false), ";
pub(super) const TENANT_UNFENCED: &str = "SELECT t.id, t.status, NULL, ";

/// The rest of it: whether the user `u` is a live member, and lacks a second factor where one is asked for, by the
/// installation or the organization.
pub(super) fn member<R>(statement: Sql<R>, needs_factor: bool) -> Sql<R> {
    statement
        .then("COALESCE(m.is_active AND m.joined_at IS NOT NULL, FALSE), (")
        .then(if needs_factor { "TRUE" } else { "COALESCE(t.needs_factor, FALSE)" })
        .then(
            ") AND NOT EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL), ",
        )
}

/// Behind `SELECT …`: what [`Held`] is read from.
pub(super) const HELD: &str = "a.role_id, CASE WHEN a.role_organization_id = t.id THEN (SELECT r.version FROM roles r \
     WHERE r.organization_id = a.role_organization_id AND r.id = a.role_id AND r.deleted_at IS NULL) END, a.expires_at ";

impl Tx<'_> {
    /// Session, membership and roles of a caller who is active, in one statement, which also moves PostgreSQL's
    /// fence to the organization, if the caller is a live member of it, and to none otherwise.
    pub fn facts(&mut self, user: Id, session: Id, segment: &Segment) -> Result<Known, Fault> {
        self.identify(user)?;
        let now = self.now();
        let head = Sql::<(Base, Held)>::either(TENANT, TENANT_UNFENCED);
        let rows = member(head, self.needs_factor())
            .then(ABOUT)
            .then(HELD)
            .then(
                "FROM sessions s JOIN users u ON u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL \
                 LEFT JOIN tenants t ON t.deleted_at IS NULL AND ",
            )
            .named(segment)
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
            .rows::<(BaseRow, HeldRow)>(self)?;
        match rows.first() {
            Some((base, _)) => self.standing(user, base, rows.iter().map(|(_, held)| *held)),
            None => Ok(Known::Nobody),
        }
    }

    /// What the rows say of a caller, where the statement has moved the fence.
    pub(super) fn standing(
        &mut self,
        user: Id,
        ((tenant, status, _, live, lacks_factor), about): &BaseRow,
        held: impl Iterator<Item = HeldRow> + Clone,
    ) -> Result<Known, Fault> {
        let now = self.now();
        let (true, Some(tenant), Some(status)) = (*live, tenant.map(|t| t.0), parse_status(status)) else {
            self.fence_moved(None);
            return Ok(Known::Stranger);
        };
        self.fence_moved(Some(tenant));
        let (tenant, currency, zone) = read(tenant, status, about)?;
        if tenant.id == Id::NIL {
            return Ok(Known::Stranger);
        }
        let facts = Facts {
            user,
            assignments: self.assignments(tenant.id, held)?,
            tenant,
            now,
            key: None,
            lacks_factor: *lacks_factor,
        };
        Ok(Known::Member(facts, currency, zone))
    }

    /// Membership and roles of a member, as they are now; none where that is no live member any more.
    pub fn facts_of_owner(
        &mut self,
        organization: Id,
        user: Id,
    ) -> Result<Option<(Facts, Currency, Zone)>, Fault> {
        self.facts_of_asker(organization, user, None)
    }

    /// The same of who asked for a job; none also where the key by which it was asked for is over.
    pub fn facts_of_asker(
        &mut self,
        organization: Id,
        user: Id,
        key: Option<Id>,
    ) -> Result<Option<(Facts, Currency, Zone)>, Fault> {
        self.fenced(organization)?;
        let now = self.now();
        let rows = Sql::<(Text, About, Held)>::text("SELECT t.status, ")
            .then(ABOUT)
            .then(HELD)
            .then(
                "FROM tenants t JOIN memberships m ON m.organization_id = t.id JOIN users u ON u.id = m.id \
                 AND u.is_active AND u.deleted_at IS NULL LEFT JOIN role_assignments a ON a.organization_id = t.id \
                 AND a.user_id = m.id AND a.is_active WHERE t.deleted_at IS NULL AND m.is_active \
                 AND m.joined_at IS NOT NULL AND t.id = ",
            )
            .bind(organization)
            .then(" AND m.id = ")
            .bind(user)
            .rows::<(String, AboutRow, HeldRow)>(self)?;
        let Some((status, about, _)) = rows.first() else {
            return Ok(None);
        };
        let Ok(status) = status.parse() else {
            return Ok(None);
        };
        let (tenant, currency, zone) = read(organization, status, about)?;
        let key = match key {
            Some(key) => match self.key_of_job(organization, key)? {
                None => return Ok(None),
                found => found,
            },
            None => None,
        };
        let facts = Facts {
            user,
            assignments: self.assignments(organization, rows.iter().map(|(.., held)| *held))?,
            tenant,
            now,
            key,
            lacks_factor: false,
        };
        Ok(Some((facts, currency, zone)))
    }

    /// Whether the installation asks for a second factor that the user doesn't have.
    pub(crate) fn lacks_needed_factor(&mut self, user: Id) -> Result<bool, Fault> {
        if !self.needs_factor() {
            return Ok(false);
        }
        let factor = self.factor(user)?;
        Ok(factor.and_then(|factor| factor.confirmed_at).is_none())
    }

    /// Whether the organization asks for a second factor that the user doesn't have. Facts of a job don't tell it: who
    /// asked for it had entered.
    pub fn lacks_factor(&mut self, user: Id, organization: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let asks = if self.needs_factor() {
            "TRUE"
        } else {
            "t.needs_factor"
        };
        let found = Sql::<Bool>::text("SELECT TRUE FROM tenants t WHERE ")
            .then(asks)
            .then(" AND t.id = ")
            .bind(organization)
            .then(" AND NOT EXISTS (SELECT 1 FROM second_factors f WHERE f.confirmed_at IS NOT NULL AND f.user_id = ")
            .bind(user)
            .then(")")
            .maybe::<bool>(self)?;
        Ok(found.is_some())
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

impl<R> Sql<R> {
    /// The organization that a path names.
    pub(crate) fn named(self, segment: &Segment) -> Self {
        match segment {
            Segment::Id(id) => self.then("t.id = ").bind(*id),
            Segment::Slug(slug) => self.then("t.slug = ").bind(slug.as_str()),
        }
    }
}

/// The organization as the decision sees it, its currency and its time zone.
fn read(id: Id, status: Status, about: &AboutRow) -> Result<(Tenant, Currency, Zone), Fault> {
    let (currency, zone, owner, off) = about;
    let off = off.as_deref().unwrap_or_default().split(',');
    let off = off.filter(|name| !name.is_empty()).map(str::parse);
    let off: Result<Vec<Feature>, ()> = off.collect();
    let tenant = Tenant {
        id,
        status,
        owner: owner.map(|owner| owner.0),
        off: off.map_err(|()| Fault::internal("a module that is off is none of ours"))?,
    };
    let currency = currency.as_deref().and_then(Currency::from_code);
    let zone = zone.as_deref().and_then(Zone::parse);
    Ok((tenant, currency.unwrap_or_default(), zone.unwrap_or_default()))
}

fn parse_status(text: &Option<String>) -> Option<Status> {
    text.as_deref()?.parse().ok()
}
