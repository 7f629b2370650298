use super::action::Verb;
use super::catalogue::{Resource, Scope, resource_named};
use firma_domain::Id;

/// What a rule of a role is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Everything,
    Module(&'static str),
    Resource(&'static str),
}

/// One line of what a role may do.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    about: About,
    verbs: &'static [Verb],
    scope: Scope,
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
    rules: &'static [Rule],
}

const READ: &[Verb] = &[Verb::Read];
const CREATE_UPDATE: &[Verb] = &[Verb::Create, Verb::Update];

const fn all(scope: Scope) -> Rule {
    Rule {
        about: About::Everything,
        verbs: Verb::ALL,
        scope,
    }
}
const fn module(name: &'static str, verbs: &'static [Verb], scope: Scope) -> Rule {
    Rule {
        about: About::Module(name),
        verbs,
        scope,
    }
}
const fn resource(name: &'static str, verbs: &'static [Verb], scope: Scope) -> Rule {
    Rule {
        about: About::Resource(name),
        verbs,
        scope,
    }
}
const fn role(number: u16, name: &'static str, display_name: &'static str, rules: &'static [Rule]) -> Role {
    Role {
        id: Id::fixed(1, number),
        name,
        display_name,
        platform: false,
        rules,
    }
}
const fn platform(number: u16, name: &'static str, display_name: &'static str) -> Role {
    Role {
        id: Id::fixed(1, number),
        name,
        display_name,
        platform: true,
        rules: &[],
    }
}

/// Reads that everybody who works in the organization has: who is in it.
const COLLEAGUES: Rule = module("organizations", READ, Scope::Org);

/// What everybody who works in the organization has: what they asked to be done, and what they stored.
const OWN_JOBS: Rule = resource("jobs", &[Verb::Read, Verb::Update], Scope::Own);
const OWN_FILES: Rule = resource("files", Verb::ALL, Scope::Own);
/// Files of rows, brought in under the rights to the rows themselves.
const OWN_IMPORTS: Rule = resource("imports", Verb::ALL, Scope::Own);

/// The system roles. The law of what each may do; a role may be added to, never taken from, in a minor release.
pub const SYSTEM_ROLES: &[Role] = &[
    platform(1, "website_owner", "Platform owner"),
    platform(2, "website_admin", "Platform administrator"),
    role(11, "ceo", "Owner", &[all(Scope::Org)]),
    role(12, "admin", "Administrator", &[all(Scope::Org)]),
    role(
        13,
        "manager",
        "Manager",
        &[
            COLLEAGUES,
            resource("roles", READ, Scope::Org),
            module("crm", Verb::ALL, Scope::Team),
            OWN_JOBS,
            OWN_FILES,
            OWN_IMPORTS,
        ],
    ),
    role(
        14,
        "product_manager",
        "Product manager",
        &[COLLEAGUES, module("crm", READ, Scope::Org), OWN_JOBS, OWN_FILES],
    ),
    role(15, "developer", "Developer", &[COLLEAGUES, OWN_JOBS, OWN_FILES]),
    role(16, "designer", "Designer", &[COLLEAGUES, OWN_JOBS, OWN_FILES]),
    role(
        17,
        "employee",
        "Employee",
        &[
            COLLEAGUES,
            module("crm", READ, Scope::Team),
            module("crm", CREATE_UPDATE, Scope::Own),
            // A contact that leaves a deal is a change of the deal.
            resource("deal-contacts", &[Verb::Delete], Scope::Own),
            OWN_JOBS,
            OWN_FILES,
            OWN_IMPORTS,
        ],
    ),
    role(
        18,
        "stakeholder",
        "Stakeholder",
        &[resource("organizations", READ, Scope::Org)],
    ),
    role(19, "client", "Client", &[]),
];

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
        let resource = resource_named(name)?;
        let about = |rule: &&Rule| match rule.about {
            About::Everything => true,
            About::Module(module) => module == resource.module,
            About::Resource(name) => name == resource.name,
        };
        self.rules
            .iter()
            .filter(about)
            .filter_map(|rule| rule.gives(resource, verb))
            .max()
    }
}

impl Rule {
    fn gives(&self, resource: &Resource, verb: Verb) -> Option<Scope> {
        if !resource.verbs.contains(&verb) || !self.verbs.contains(&verb) {
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
    use crate::access::permissions;

    fn scope(role: &str, resource: &str, verb: Verb) -> Option<Scope> {
        role_by_name(role).unwrap().scope(resource, verb)
    }

    #[test]
    fn says_what_the_table_of_roles_says() {
        assert_eq!(scope("manager", "deals", Verb::Delete), Some(Scope::Team));
        assert_eq!(scope("manager", "stages", Verb::Read), Some(Scope::Org));
        assert_eq!(scope("manager", "stages", Verb::Create), None);
        assert_eq!(scope("employee", "deals", Verb::Read), Some(Scope::Team));
        assert_eq!(scope("employee", "deals", Verb::Update), Some(Scope::Own));
        assert_eq!(scope("employee", "deals", Verb::Delete), None);
        assert_eq!(scope("employee", "deal-contacts", Verb::Delete), Some(Scope::Own));
        assert_eq!(scope("product_manager", "deals", Verb::Read), Some(Scope::Org));
        assert_eq!(scope("client", "deals", Verb::Read), None);
        assert_eq!(scope("website_owner", "deals", Verb::Read), None);
    }

    #[test]
    fn the_owner_holds_every_permission() {
        let ceo = role_by_name("ceo").unwrap();
        assert!(permissions().all(|p| ceo.scope(p.resource.name, p.verb) == Some(Scope::Org)));
        let names: std::collections::HashSet<_> = permissions().map(|p| p.name()).collect();
        assert_eq!(names.len(), permissions().count());
    }
}
