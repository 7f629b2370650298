//! The catalogue of permissions: written here once; the tables, the documentation, the matrix and the tests
//! are made from it. It also has what later modules will ask for, so that a role can be made for them today.

use super::action::Verb;
use super::scope::Scope;

/// What permissions are about: a collection of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// The collection: `deals`
    pub name: &'static str,
    /// The module it belongs to: `crm`
    pub module: &'static str,
    /// Whether its rows have owners; without, `org` is the only scope
    pub owned: bool,
    /// What can be done to it
    pub verbs: &'static [Verb],
}

impl Resource {
    /// The scopes that its permissions come in, the narrowest first.
    pub const fn scopes(&self) -> &'static [Scope] {
        if self.owned { Scope::ALL } else { &[Scope::Org] }
    }
}

const fn owned(module: &'static str, name: &'static str, verbs: &'static [Verb]) -> Resource {
    Resource {
        name,
        module,
        owned: true,
        verbs,
    }
}
const fn common(module: &'static str, name: &'static str, verbs: &'static [Verb]) -> Resource {
    Resource {
        name,
        module,
        owned: false,
        verbs,
    }
}

const PLAIN: &[Verb] = Verb::PLAIN;
const READ: &[Verb] = &[Verb::Read];
const READ_UPDATE: &[Verb] = &[Verb::Read, Verb::Update];
const NEVER_DELETED: &[Verb] = &[Verb::Read, Verb::Create, Verb::Update];
const NEVER_CHANGED: &[Verb] = &[Verb::Read, Verb::Create, Verb::Delete];
const APPROVED: &[Verb] = &[
    Verb::Read,
    Verb::Create,
    Verb::Update,
    Verb::Delete,
    Verb::Approve,
];
const BUDGETED: &[Verb] = &[Verb::Read, Verb::Create, Verb::Update, Verb::Delete, Verb::Budget];

/// Everything that a permission in an organization can be about.
pub static RESOURCES: &[Resource] = &[
    // Deleting one is closing, opening and deleting the organization itself.
    common(
        "organizations",
        "organizations",
        &[Verb::Read, Verb::Update, Verb::Delete],
    ),
    common("organizations", "members", NEVER_DELETED),
    common("organizations", "teams", PLAIN),
    common("organizations", "team-members", PLAIN),
    common("organizations", "invitations", NEVER_DELETED),
    common("access", "roles", PLAIN),
    common("access", "role-assignments", NEVER_DELETED),
    common("access", "api-keys", NEVER_DELETED),
    owned("crm", "companies", PLAIN),
    owned("crm", "contacts", PLAIN),
    owned("crm", "leads", PLAIN),
    common("crm", "pipelines", PLAIN),
    common("crm", "stages", PLAIN),
    owned("crm", "deals", PLAIN),
    owned("crm", "deal-contacts", PLAIN),
    owned("crm", "activities", PLAIN),
    common("sales", "catalogue-categories", PLAIN),
    common("sales", "catalogue-items", PLAIN),
    owned("sales", "quotes", PLAIN),
    owned("sales", "invoices", PLAIN),
    owned("sales", "delivery-notes", PLAIN),
    owned("sales", "payments", NEVER_DELETED),
    owned("sales", "credit-notes", PLAIN),
    common("sales", "number-series", READ_UPDATE),
    owned("work", "projects", BUDGETED),
    owned("work", "milestones", PLAIN),
    owned("work", "tasks", PLAIN),
    common("work", "labels", PLAIN),
    common("work", "time-categories", PLAIN),
    owned("work", "time-entries", APPROVED),
    owned("work", "time-sheets", APPROVED),
    common("work", "rates", PLAIN),
    common("work", "period-locks", NEVER_CHANGED),
    common("product", "products", PLAIN),
    owned("product", "ideas", PLAIN),
    owned("product", "votes", NEVER_CHANGED),
    owned("product", "features", PLAIN),
    owned("product", "epics", PLAIN),
    owned("product", "releases", PLAIN),
    owned("product", "okrs", PLAIN),
    owned("product", "kpis", PLAIN),
    owned("product", "experiments", PLAIN),
    owned("product", "feedback", PLAIN),
    owned("product", "documents", PLAIN),
    common("site", "site", PLAIN),
    common("site", "contact-messages", PLAIN),
    common("site", "quote-requests", PLAIN),
    common("site", "job-applications", PLAIN),
    owned("practice", "clients", PLAIN),
    owned("practice", "declarations", PLAIN),
    owned("practice", "collections", PLAIN),
    owned("practice", "announcements", PLAIN),
    owned("practice", "reminders", PLAIN),
    owned("practice", "messages", PLAIN),
    common("platform", "audit-entries", READ),
    common("platform", "security-events", READ),
    owned("platform", "files", NEVER_CHANGED),
    owned("platform", "notifications", READ_UPDATE),
    common("platform", "webhooks", PLAIN),
    owned("platform", "jobs", NEVER_DELETED),
    owned("platform", "imports", NEVER_CHANGED),
    owned("platform", "exports", NEVER_CHANGED),
    common("platform", "custom-fields", PLAIN),
    owned("platform", "saved-views", PLAIN),
    owned("platform", "reports", PLAIN),
    owned("platform", "dashboards", PLAIN),
];

/// The resource of that name.
pub fn resource_named(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}

/// One permission, `resource:action:scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// What it is about
    pub resource: &'static Resource,
    /// What may be done
    pub verb: Verb,
    /// How far
    pub scope: Scope,
}

impl Permission {
    /// The name: `deals:read:team`.
    pub fn name(&self) -> String {
        format!(
            "{}:{}:{}",
            self.resource.name,
            self.verb.as_str(),
            self.scope.as_str()
        )
    }

    /// The permission of that name; none where the catalogue has no such permission in an organization.
    pub fn parse(name: &str) -> Option<Permission> {
        let mut parts = name.split(':');
        let (resource, verb, scope) = (parts.next()?, parts.next()?, parts.next()?);
        let permission = Permission {
            resource: resource_named(resource)?,
            verb: Verb::parse(verb)?,
            scope: Scope::parse(scope)?,
        };
        let exists = parts.next().is_none()
            && permission.resource.verbs.contains(&permission.verb)
            && permission.resource.scopes().contains(&permission.scope);
        exists.then_some(permission)
    }
}

/// Every permission in an organization, in a fixed order.
pub fn permissions() -> impl Iterator<Item = Permission> {
    RESOURCES.iter().flat_map(|resource| {
        resource.verbs.iter().flat_map(move |verb| {
            resource.scopes().iter().map(move |scope| Permission {
                resource,
                verb: *verb,
                scope: *scope,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_a_name_of_its_own_and_is_found_by_it() {
        let all: Vec<_> = permissions().collect();
        let names: std::collections::HashSet<_> = all.iter().map(Permission::name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|p| Permission::parse(&p.name()) == Some(*p)));
    }

    #[test]
    fn what_the_catalogue_lacks_is_no_permission() {
        for name in [
            "",
            "deals",
            "deals:read",
            "deals:read:all",
            "deals:read:platform",
            "deals:read:own:own",
            "deals:approve:own",
            "teams:read:own",
            "Deals:read:own",
            " deals:read:own",
            "nothing:read:own",
        ] {
            assert_eq!(Permission::parse(name), None, "{name}");
        }
    }
}
