use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Tail, Value};
use crate::store::{Stored, Tx};
use diesel::sql_types::BigInt;
use firma_auth::access::{PlatformGrant, Read};
use firma_domain::organizations::{Organization, Status};
use firma_domain::{Id, Record, Slug};

/// Which organizations.
#[derive(Debug, Clone, Default)]
pub struct OrganizationSearch {
    pub status: Option<Status>,
    pub slug: Option<Slug>,
    /// The one before the page
    pub before: Option<Id>,
    pub oldest_first: bool,
    pub rows: i64,
}

const fn at(name: &'static str) -> Col {
    Col {
        table: Organization::TABLE,
        name,
    }
}

impl OrganizationSearch {
    fn of(&self) -> (Cond, Tail) {
        let mut all = self.all();
        if let Some(before) = self.before {
            let beyond = if self.oldest_first { Op::Gt } else { Op::Lt };
            all.push(Cond::Is(at("organization_id"), beyond, before.into()));
        }
        let tail = Tail {
            order: vec![(at("organization_id"), !self.oldest_first)],
            limit: Some(self.rows),
            hold: None,
        };
        (Cond::All(all), tail)
    }

    /// The conditions of all pages.
    fn all(&self) -> Vec<Cond> {
        let mut all = vec![Cond::Null(at("deleted_at"))];
        if let Some(status) = self.status {
            all.push(Cond::Is(at("status"), Op::Eq, status.as_str().into()));
        }
        if let Some(slug) = &self.slug {
            all.push(Cond::Is(at("slug"), Op::Eq, slug.as_str().into()));
        }
        all
    }
}

impl Tx<'_> {
    /// The own rows of the organizations that fit: a page in the order of their ids.
    pub fn list_organizations(
        &mut self,
        grant: PlatformGrant<Organization, Read>,
        search: &OrganizationSearch,
    ) -> Result<Vec<Record<Organization>>, Fault> {
        self.on_platform(grant)?;
        let (all, tail) = search.of();
        Organization::select(self.looking()?, all, tail)
    }

    /// How many fit.
    pub fn count_organizations(
        &mut self,
        grant: PlatformGrant<Organization, Read>,
        search: &OrganizationSearch,
    ) -> Result<i64, Fault> {
        self.on_platform(grant)?;
        Sql::<BigInt>::text("SELECT COUNT(*) FROM organizations WHERE ")
            .cond(Cond::All(search.all()))
            .one::<i64>(self)
    }

    /// How the database would look for them: for the test that it looks by an index.
    #[cfg(feature = "testing")]
    pub fn plan_of_organizations(
        &mut self,
        grant: PlatformGrant<Organization, Read>,
        search: &OrganizationSearch,
    ) -> Result<Vec<String>, Fault> {
        self.on_platform(grant)?;
        let (all, tail) = search.of();
        crate::store::plan(self, Organization::TABLE, all, tail)
    }

    /// An organization's own row, whatever its status.
    pub fn find_organization(
        &mut self,
        grant: PlatformGrant<Organization, Read>,
        organization: Id,
    ) -> Result<Record<Organization>, Fault> {
        self.on_platform(grant)?;
        let own = Value::from(organization);
        let all = vec![
            Cond::Is(at("organization_id"), Op::Eq, own.clone()),
            Cond::Is(at("id"), Op::Eq, own),
            Cond::Null(at("deleted_at")),
        ];
        let found = Organization::select(self.looking()?, Cond::All(all), Tail::default())?;
        found.into_iter().next().ok_or(Fault::Missing)
    }
}
