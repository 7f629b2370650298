use super::action::Verb;
use super::catalogue::{Permission, Resource, permissions, resource_named};
use super::permissions::Permissions;
use super::platform::PlatformPermission;
use super::scope::Scope;
use firma_domain::Id;

pub use super::system_roles::SYSTEM_ROLES;

/// What a rule of a role is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Everything,
    /// All but this verb of this resource
    AllBut(&'static str, Verb),
    Module(&'static str),
    Resource(&'static str),
}

/// One line of what a role may do.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub(super) about: About,
    pub(super) verbs: &'static [Verb],
    pub(super) scope: Scope,
}

/// A system role: the same in every organization.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    /// Its id, fixed
    pub id: Id,
    /// Its name
    pub name: &'static str,
    /// Its name for people
    pub display_name: &'static str,
    /// Whether it is given on the platform and not in an organization
    pub platform: bool,
    /// In groups, since several roles have some in common
    pub(super) rules: &'static [&'static [Rule]],
    /// What it may not do on the platform; of no matter for a role in an organization
    pub(super) withheld: &'static [(&'static str, Verb)],
}

/// The system role with that id.
pub fn role_by_id(id: Id) -> Option<&'static Role> {
    SYSTEM_ROLES.iter().find(|role| role.id == id)
}

/// The system role of that name.
pub fn role_by_name(name: &str) -> Option<&'static Role> {
    SYSTEM_ROLES.iter().find(|role| role.name == name)
}

impl Role {
    /// How far this role may do `verb` to the resource of that name; `None` for not at all.
    ///
    /// A resource without owners knows only `org`: there, a rule of `own` or `team` gives reading
    /// and nothing more.
    pub fn scope(&self, name: &str, verb: Verb) -> Option<Scope> {
        self.gives(resource_named(name)?, verb)
    }

    /// How far this role may do `verb` to the resource.
    pub(super) fn gives(&self, resource: &Resource, verb: Verb) -> Option<Scope> {
        self.rules
            .iter()
            .flat_map(|group| group.iter())
            .filter_map(|rule| rule.gives(resource, verb))
            .max()
    }

    /// What it gives in an organization.
    pub fn permissions(&self) -> Permissions {
        let given = |p: &Permission| self.gives(p.resource, p.verb) >= Some(p.scope);
        permissions().filter(given).collect()
    }

    /// Whether it gives a permission on the platform.
    pub fn gives_on_platform(&self, permission: PlatformPermission) -> bool {
        self.platform && !self.withheld.contains(&(permission.resource, permission.verb))
    }
}

impl Rule {
    fn is_about(&self, resource: &Resource, verb: Verb) -> bool {
        match self.about {
            About::Everything => true,
            About::AllBut(name, but) => (resource.name, verb) != (name, but),
            About::Module(module) => module == resource.module,
            About::Resource(name) => name == resource.name,
        }
    }

    fn gives(&self, resource: &Resource, verb: Verb) -> Option<Scope> {
        if !resource.verbs.contains(&verb) || !self.verbs.contains(&verb) || !self.is_about(resource, verb) {
            return None;
        }
        match (resource.owned, self.scope) {
            (true, scope) => Some(scope),
            (false, Scope::Org) => Some(Scope::Org),
            (false, _) => (verb == Verb::Read).then_some(Scope::Org),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::platform_permissions;

    fn scope(role: &str, resource: &str, verb: Verb) -> Option<Scope> {
        role_by_name(role).unwrap().scope(resource, verb)
    }

    #[test]
    fn says_what_the_table_of_roles_says() {
        assert_eq!(scope("manager", "deals", Verb::Delete), Some(Scope::Team));
        assert_eq!(scope("manager", "stages", Verb::Read), Some(Scope::Org));
        assert_eq!(scope("manager", "stages", Verb::Create), None);
        assert_eq!(scope("manager", "time-sheets", Verb::Approve), Some(Scope::Team));
        assert_eq!(scope("manager", "products", Verb::Read), Some(Scope::Org));
        assert_eq!(scope("employee", "deals", Verb::Read), Some(Scope::Team));
        assert_eq!(scope("employee", "deals", Verb::Update), Some(Scope::Own));
        assert_eq!(scope("employee", "deals", Verb::Delete), None);
        assert_eq!(scope("employee", "time-sheets", Verb::Approve), None);
        assert_eq!(scope("employee", "deal-contacts", Verb::Delete), Some(Scope::Own));
        assert_eq!(scope("employee", "invitations", Verb::Read), None);
        assert_eq!(scope("product_manager", "deals", Verb::Read), Some(Scope::Org));
        assert_eq!(scope("product_manager", "epics", Verb::Delete), Some(Scope::Org));
        assert_eq!(scope("developer", "features", Verb::Update), Some(Scope::Team));
        assert_eq!(scope("developer", "features", Verb::Read), Some(Scope::Org));
        assert_eq!(scope("designer", "experiments", Verb::Create), Some(Scope::Team));
        assert_eq!(scope("stakeholder", "projects", Verb::Read), Some(Scope::Org));
        assert_eq!(scope("stakeholder", "projects", Verb::Budget), None);
        assert_eq!(scope("stakeholder", "invoices", Verb::Read), None);
        assert_eq!(scope("client", "deals", Verb::Read), None);
        assert_eq!(scope("client", "invoices", Verb::Read), Some(Scope::Own));
        assert_eq!(scope("website_owner", "deals", Verb::Read), None);
    }

    #[test]
    fn the_owner_holds_every_permission_and_an_administrator_all_but_closing_the_organization() {
        let (ceo, admin) = (role_by_name("ceo").unwrap(), role_by_name("admin").unwrap());
        assert!(permissions().all(|p| ceo.scope(p.resource.name, p.verb) == Some(Scope::Org)));
        let lacking: Vec<_> = permissions()
            .filter(|p| admin.scope(p.resource.name, p.verb) != Some(Scope::Org))
            .map(|p| p.name())
            .collect();
        assert_eq!(lacking, ["organizations:delete:org"]);
    }

    #[test]
    fn roles_of_the_platform_and_of_organizations_stand_apart() {
        for role in SYSTEM_ROLES {
            let on_platform = platform_permissions()
                .filter(|p| role.gives_on_platform(*p))
                .count();
            let inside = role.permissions().iter().count();
            assert_eq!(on_platform > 0, role.platform, "{}", role.name);
            assert_eq!(inside > 0, !role.platform, "{}", role.name);
        }
        let lacking: Vec<_> = platform_permissions()
            .filter(|p| !role_by_name("website_admin").unwrap().gives_on_platform(*p))
            .map(|p| p.name())
            .collect();
        assert_eq!(
            lacking,
            [
                "organizations:delete:platform",
                "roles:create:platform",
                "roles:delete:platform"
            ]
        );
    }
}
