use super::held::Stamps;
use super::presumed::{By, Caller, Seen};
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{Bool, Nullable, Text};
use firma_auth::access::{Facts, Tenant};
use firma_domain::organizations::{Feature, Status};
use firma_domain::{Currency, Id, Instant, Slug, Zone};

/// How a path names an organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

/// What is read of the organization and of the member: currency, time zone, owner, the modules that it does without,
/// and under what the member's roles are kept.
type About = (
    Nullable<Text>,
    Nullable<Text>,
    Nullable<IdType>,
    Nullable<Text>,
    Nullable<IdType>,
    Nullable<IdType>,
);
pub(super) type AboutRow = (
    Option<String>,
    Option<String>,
    Option<Uid>,
    Option<String>,
    Option<Uid>,
    Option<Uid>,
);

pub(super) const ABOUT: [&str; 6] = [
    "t.currency",
    "t.timezone",
    "t.owner_id",
    "t.modules_off",
    "t.access_stamp_id",
    "m.access_stamp_id",
];

/// The organization, its state, where the fence was moved, whether the caller is a live member, and whether the
/// organization asks for a second factor.
pub(super) type Base = (
    (Nullable<IdType>, Nullable<Text>, Nullable<Text>, Bool, Bool),
    About,
);
pub(super) type BaseRow = (
    (Option<Uid>, Option<String>, Option<String>, bool, bool),
    AboutRow,
);

/// Whether a membership `m` is one that counts.
pub(super) const IS_LIVE: &str = "(m.is_active AND m.joined_at IS NOT NULL)";

impl<R> Sql<R> {
    /// That a session `s` is that one, the user's, and lives: said here alone, for the facts and for the proof of them.
    pub(crate) fn of_living_session(self, user: Id, session: Id, now: Instant) -> Self {
        self.then("s.revoked_at IS NULL AND s.id = ")
            .bind(session)
            .then(" AND s.user_id = ")
            .bind(user)
            .then(" AND s.expires_at > ")
            .bind(now)
    }
}

/// The beginning of a statement that reads [`Base`]; on PostgreSQL it moves the fence, too.
pub(super) fn base<R>() -> Sql<R> {
    Sql::text("SELECT t.id, t.status, ")
        .then_either("set_config('app.organization_id', CASE WHEN ", "CASE WHEN ")
        .then(IS_LIVE)
        .then_either(" THEN t.id::text ELSE '' END, false)", " THEN NULL END")
        .then(", COALESCE(")
        .then(IS_LIVE)
        .then(", FALSE), COALESCE(t.needs_factor, FALSE), ")
        .names(ABOUT.into_iter())
}

impl Tx<'_> {
    /// Session and membership of a caller, in one statement, which also moves PostgreSQL's fence to the organization,
    /// if the caller is a live member of it, and to none otherwise; or as they were last, which is proved with what is
    /// asked next, or stored. Roles are kept under what it says. That the user is active isn't asked: no session
    /// outlives that ([`Tx::add_session`]).
    pub fn facts(&mut self, user: Id, session: Id, segment: &Segment) -> Result<Known, Fault> {
        let caller = Caller {
            user,
            by: By::Session(session),
            segment: segment.clone(),
        };
        if let Some(seen) = self.go_on_as_known(&caller) {
            return self.caller_of(user, &seen.base);
        }
        self.identify(user)?;
        let now = self.now();
        let row = base::<Base>()
            .then(" FROM sessions s LEFT JOIN tenants t ON t.deleted_at IS NULL AND ")
            .named(segment)
            .then(" LEFT JOIN memberships m ON m.organization_id = t.id AND m.id = s.user_id WHERE ")
            .of_living_session(user, session, now)
            .look::<BaseRow>(self)?;
        let known = match &row {
            Some(base) => self.standing(user, base),
            None => Ok(Known::Nobody),
        };
        self.keep_caller(caller, row.map(|base| Seen { base, terms: None }));
        known
    }

    /// What the row says of a caller, where the statement has moved the fence.
    pub(super) fn standing(&mut self, user: Id, row: &BaseRow) -> Result<Known, Fault> {
        let ((tenant, _, _, live, _), _) = row;
        self.fence_moved(tenant.map(|tenant| tenant.0).filter(|_| *live));
        self.caller_of(user, row)
    }

    pub(super) fn caller_of(
        &mut self,
        user: Id,
        ((tenant, status, _, live, needs_factor), about): &BaseRow,
    ) -> Result<Known, Fault> {
        let now = self.now();
        let (true, Some(tenant), Some(status)) = (*live, tenant.map(|t| t.0), parse_status(status)) else {
            return Ok(Known::Stranger);
        };
        let (tenant, currency, zone, stamps) = read(tenant, status, about)?;
        if tenant.id == Id::NIL {
            return Ok(Known::Stranger);
        }
        let needs_factor = self.needs_factor() || *needs_factor;
        let facts = Facts {
            user,
            assignments: self.assignments(tenant.id, user, stamps)?,
            tenant,
            now,
            key: None,
            lacks_factor: needs_factor && !self.has_factor(user)?,
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
        let row = Sql::<(Text, About)>::text("SELECT t.status, ")
            .names(ABOUT.into_iter())
            .then(
                " FROM tenants t JOIN memberships m ON m.organization_id = t.id JOIN users u ON u.id = m.id \
                 AND u.is_active AND u.deleted_at IS NULL WHERE t.deleted_at IS NULL AND ",
            )
            .then(IS_LIVE)
            .then(" AND t.id = ")
            .bind(organization)
            .then(" AND m.id = ")
            .bind(user)
            .maybe::<(String, AboutRow)>(self)?;
        let Some((status, about)) = row else {
            return Ok(None);
        };
        let Ok(status) = status.parse() else {
            return Ok(None);
        };
        let (tenant, currency, zone, stamps) = read(organization, status, &about)?;
        let key = match key {
            Some(key) => match self.key_of_job(organization, key)? {
                None => return Ok(None),
                found => found,
            },
            None => None,
        };
        let facts = Facts {
            user,
            assignments: self.assignments(organization, user, stamps)?,
            tenant,
            now,
            key,
            lacks_factor: false,
        };
        Ok(Some((facts, currency, zone)))
    }

    /// Whether the installation asks for a second factor that the user doesn't have.
    pub(crate) fn lacks_needed_factor(&mut self, user: Id) -> Result<bool, Fault> {
        Ok(self.needs_factor() && !self.has_factor(user)?)
    }

    /// Whether the organization asks for a second factor that the user doesn't have. Facts of a job don't tell it: who
    /// asked for it had entered.
    pub fn lacks_factor(&mut self, user: Id, organization: Id) -> Result<bool, Fault> {
        let asks = Sql::<Bool>::text("SELECT TRUE FROM tenants WHERE needs_factor AND id = ")
            .bind(organization)
            .maybe::<bool>(self)?;
        Ok((self.needs_factor() || asks.is_some()) && !self.has_factor(user)?)
    }

    fn has_factor(&mut self, user: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let found = Sql::<Bool>::text(
            "SELECT TRUE FROM second_factors WHERE confirmed_at IS NOT NULL AND user_id = ",
        )
        .bind(user)
        .look::<bool>(self)?;
        Ok(found.is_some())
    }

    /// Whether a session lives, of a user who is active, for calls about no organization.
    pub fn session_lives(&mut self, user: Id, session: Id) -> Result<bool, Fault> {
        self.identify(user)?;
        let now = self.now();
        let found = Sql::<Bool>::text(
            "SELECT TRUE FROM sessions s JOIN users u ON u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL \
             WHERE ",
        )
        .of_living_session(user, session, now)
        .look::<bool>(self)?;
        Ok(found.is_some())
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

/// The organization as the decision sees it, its currency and its time zone, and under what roles are kept.
fn read(id: Id, status: Status, about: &AboutRow) -> Result<(Tenant, Currency, Zone, Stamps), Fault> {
    let (currency, zone, owner, off, roles, member) = about;
    let stamps = Stamps {
        member: member.map(|stamp| stamp.0),
        roles: roles.map(|stamp| stamp.0),
    };
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
    Ok((
        tenant,
        currency.unwrap_or_default(),
        zone.unwrap_or_default(),
        stamps,
    ))
}

fn parse_status(text: &Option<String>) -> Option<Status> {
    text.as_deref()?.parse().ok()
}
