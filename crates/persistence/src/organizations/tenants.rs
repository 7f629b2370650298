use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Kind, Sql, Value};
use crate::store::{Tx, id_or_null, text_or_null};
use diesel::sql_types::{Bool, Nullable, Text};
use firma_auth::access::{Founding, Grant, Writes};
use firma_domain::organizations::{Feature, Organization};
use firma_domain::{Domain, Id, Instant};

/// An organization as one of its members sees it from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub organization: Id,
    pub name: String,
    pub slug: String,
    pub status: String,
    pub is_active: bool,
    pub joined_at: Option<Instant>,
    /// Whether it is the member's own
    pub is_owner: bool,
}

type Row = (Uid, String, String, String, bool, Option<At>, bool);

/// The small row: what is read of an organization before any grant.
fn small(of: &Organization) -> Vec<(&'static str, Value)> {
    let off: Vec<_> = of
        .settings
        .switched_off()
        .into_iter()
        .map(Feature::as_str)
        .collect();
    let off = (!off.is_empty()).then(|| off.join(","));
    vec![
        ("slug", of.slug.as_str().into()),
        ("status", of.status.as_str().into()),
        ("currency", of.default_currency.code().into()),
        ("timezone", of.timezone.name().into()),
        ("owner_id", id_or_null(of.owner_id)),
        ("modules_off", text_or_null(off.as_deref())),
        ("domain", text_or_null(of.verified_domain().map(Domain::as_str))),
        ("needs_factor", Value::Bool(of.settings.second_factor_required)),
        (
            "audit_days",
            of.settings
                .retention
                .audit_days
                .map_or(Value::Null(Kind::Int), Value::Int),
        ),
    ]
}

impl Tx<'_> {
    /// Makes the tenant: the small row that is read before any grant, and the head of its chain.
    pub fn found(&mut self, founding: &Founding, organization: &Organization) -> Result<(), Fault> {
        let id = founding.grant::<Organization>().organization();
        self.fenced(id)?;
        let row = small(organization);
        Sql::<()>::text("INSERT INTO tenants (id, ")
            .names(row.iter().map(|(name, _)| *name))
            .then(") VALUES (")
            .binds(
                [id.into()]
                    .into_iter()
                    .chain(row.into_iter().map(|(_, value)| value))
                    .collect(),
            )
            .then(")")
            .run(self)?;
        Sql::<()>::text("INSERT INTO heads (organization_id, last_number, digest) VALUES (")
            .binds(vec![id.into(), Value::Big(0), Value::Bytes(vec![0; 32])])
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Brings the small row to what the organization says now.
    pub fn update_tenant<A: Writes>(
        &mut self,
        grant: Grant<Organization, A>,
        organization: &Organization,
    ) -> Result<(), Fault> {
        let mut statement = Sql::<()>::text("UPDATE tenants SET ");
        for (n, (name, value)) in small(organization).into_iter().enumerate() {
            let glue = if n > 0 { ", " } else { "" };
            statement = statement.then(glue).then(name).then(" = ").bind(value);
        }
        statement
            .then(" WHERE id = ")
            .bind(grant.organization())
            .run(self)?;
        Ok(())
    }

    /// The organization that has proved a domain, unless it is this one.
    pub fn domain_holder(&mut self, domain: &Domain, other_than: Id) -> Result<Option<Id>, Fault> {
        let found = Sql::<IdType>::text("SELECT id FROM tenants WHERE deleted_at IS NULL AND domain = ")
            .bind(domain.as_str())
            .then(" AND id <> ")
            .bind(other_than)
            .maybe::<Uid>(self)?;
        Ok(found.map(|id| id.0))
    }

    /// Shuts the organization to everybody.
    pub fn shut_tenant<A: Writes>(&mut self, grant: Grant<Organization, A>) -> Result<(), Fault> {
        let now = self.now();
        Sql::<()>::text("UPDATE tenants SET deleted_at = ")
            .bind(now)
            .then(" WHERE id = ")
            .bind(grant.organization())
            .run(self)?;
        Ok(())
    }

    /// Opens it again, unless it is being purged. Whether it did.
    pub fn open_tenant<A: Writes>(&mut self, grant: Grant<Organization, A>) -> Result<bool, Fault> {
        let opened =
            Sql::<()>::text("UPDATE tenants SET deleted_at = NULL WHERE purging_at IS NULL AND id = ")
                .bind(grant.organization())
                .run(self)?;
        Ok(opened == 1)
    }

    /// An organization and its owner, for who runs the server.
    pub fn owner_of(&mut self, slug: &str) -> Result<Option<(Id, Id)>, Fault> {
        let tenant = Sql::<IdType>::text("SELECT id FROM tenants WHERE slug = ").bind(slug);
        let Some(Uid(tenant)) = tenant.maybe::<Uid>(self)? else {
            return Ok(None);
        };
        self.fenced(tenant)?;
        let owner =
            Sql::<Nullable<IdType>>::text("SELECT owner_id FROM organizations WHERE organization_id = ")
                .bind(tenant)
                .maybe::<Option<Uid>>(self)?;
        Ok(owner.flatten().map(|Uid(owner)| (tenant, owner)))
    }

    /// The organizations that a user is a member of, accepted or not.
    pub fn memberships_of(&mut self, user: Id) -> Result<Vec<Membership>, Fault> {
        self.memberships_in(user, "o.deleted_at IS NULL")
    }

    /// Those that were deleted since: shut to everybody, and still there.
    pub fn closed_memberships_of(&mut self, user: Id) -> Result<Vec<Membership>, Fault> {
        self.memberships_in(user, "o.deleted_at IS NOT NULL")
    }

    fn memberships_in(&mut self, user: Id, which: &'static str) -> Result<Vec<Membership>, Fault> {
        self.identify(user)?;
        let rows = Sql::<(IdType, Text, Text, Text, Bool, Nullable<AtType>, Bool)>::text(
            "SELECT o.id, o.name, o.slug, o.status, m.is_active, m.joined_at, COALESCE(o.owner_id = m.id, FALSE) FROM memberships m \
             JOIN organizations o ON o.organization_id = m.organization_id AND o.id = m.organization_id \
             WHERE ",
        )
        .then(which)
        .then(" AND m.id = ")
        .bind(user)
        .then(" ORDER BY o.name, o.id")
        .rows::<Row>(self)?;
        let membership = |(id, name, slug, status, is_active, joined, owned): Row| Membership {
            organization: id.0,
            name,
            slug,
            status,
            is_active,
            joined_at: joined.map(|at| at.0),
            is_owner: owned,
        };
        Ok(rows.into_iter().map(membership).collect())
    }
}
