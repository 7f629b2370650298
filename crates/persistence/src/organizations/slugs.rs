//! Former slugs: they lead to their organization for a while, and are nobody else's until then.

use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{BigInt, Bool, Text};
use firma_auth::access::{Grant, Writes};
use firma_domain::organizations::Organization;
use firma_domain::{Id, Instant, Slug};

impl Tx<'_> {
    /// Whether a slug still leads to another organization than this one. Asked once the slug is taken: whoever gave
    /// it up at once is waited for by that, and seen.
    pub fn slug_leads_elsewhere(&mut self, slug: &Slug, organization: Id) -> Result<bool, Fault> {
        let now = self.now();
        let found = Sql::<Bool>::text("SELECT TRUE FROM former_slugs WHERE slug = ")
            .bind(slug.as_str())
            .then(" AND ends_at > ")
            .bind(now)
            .then(" AND tenant_id <> ")
            .bind(organization)
            .maybe::<bool>(self)?;
        Ok(found.is_some())
    }

    /// How many former slugs lead to the organization, but for this one.
    pub fn former_slugs<A: Writes>(
        &mut self,
        grant: Grant<Organization, A>,
        but_for: &Slug,
    ) -> Result<i64, Fault> {
        let now = self.now();
        Sql::<BigInt>::text("SELECT COUNT(*) FROM former_slugs WHERE tenant_id = ")
            .bind(grant.organization())
            .then(" AND ends_at > ")
            .bind(now)
            .then(" AND slug <> ")
            .bind(but_for.as_str())
            .one::<i64>(self)
    }

    /// Lets the slug that the organization had lead to it until an instant.
    pub fn keep_slug<A: Writes>(
        &mut self,
        grant: Grant<Organization, A>,
        former: &Slug,
        now: &Slug,
        ends_at: Instant,
    ) -> Result<(), Fault> {
        self.unit()?;
        let organization = grant.organization();
        Sql::<()>::text("DELETE FROM former_slugs WHERE slug = ")
            .bind(now.as_str())
            .run(self)?;
        Sql::<()>::text("INSERT INTO former_slugs (slug, tenant_id, ends_at) VALUES (")
            .binds(vec![former.as_str().into(), organization.into(), ends_at.into()])
            .then(") ON CONFLICT (slug) DO UPDATE SET tenant_id = excluded.tenant_id, ends_at = excluded.ends_at")
            .run(self)?;
        Ok(())
    }

    /// An organization and the slug that it has now, for who knows a former one: a live member, and of an archived
    /// organization its owner alone.
    pub fn slug_of_former(&mut self, user: Id, former: &Slug) -> Result<Option<(Id, String)>, Fault> {
        self.identify(user)?;
        let now = self.now();
        let found = Sql::<(IdType, Text)>::text(
            "SELECT t.id, t.slug FROM former_slugs f JOIN tenants t ON t.id = f.tenant_id AND t.deleted_at IS NULL \
             JOIN memberships m ON m.organization_id = t.id AND m.is_active AND m.joined_at IS NOT NULL \
             WHERE (t.status <> 'archived' OR t.owner_id = m.id) AND f.slug = ",
        )
        .bind(former.as_str())
        .then(" AND f.ends_at > ")
        .bind(now)
        .then(" AND m.id = ")
        .bind(user)
        .maybe::<(Uid, String)>(self)?;
        Ok(found.map(|(organization, slug)| (organization.0, slug)))
    }
}
