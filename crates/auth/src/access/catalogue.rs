use super::action::Verb;

/// How far a permission reaches inside an organization; a wider scope includes the narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Rows that the member owns
    Own,
    /// Also rows of those the member shares a live team with
    Team,
    /// All rows of the organization
    Org,
}

impl Scope {
    /// All of them, the narrowest first.
    pub const ALL: &'static [Scope] = &[Scope::Own, Scope::Team, Scope::Org];

    /// As written in a permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Own => "own",
            Scope::Team => "team",
            Scope::Org => "org",
        }
    }
}

/// What permissions are about: a collection of the API.
#[derive(Debug, Clone, Copy)]
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

const fn resource(name: &'static str, module: &'static str, owned: bool, verbs: &'static [Verb]) -> Resource {
    Resource {
        name,
        module,
        owned,
        verbs,
    }
}

/// The catalogue: written here once; the table of permissions, the documentation, the matrix and the
/// tests are made from it.
pub const RESOURCES: &[Resource] = &[
    resource(
        "organizations",
        "organizations",
        false,
        &[Verb::Read, Verb::Update],
    ),
    resource(
        "members",
        "organizations",
        false,
        &[Verb::Read, Verb::Create, Verb::Update],
    ),
    resource("teams", "organizations", false, Verb::ALL),
    resource("team-members", "organizations", false, Verb::ALL),
    resource("roles", "access", false, &[Verb::Read]),
    resource(
        "role-assignments",
        "access",
        false,
        &[Verb::Read, Verb::Create, Verb::Update],
    ),
    resource("companies", "crm", true, Verb::ALL),
    resource("pipelines", "crm", false, Verb::ALL),
    resource("stages", "crm", false, Verb::ALL),
    resource("deals", "crm", true, Verb::ALL),
    resource("contacts", "crm", true, Verb::ALL),
    resource("deal-contacts", "crm", true, Verb::ALL),
    resource(
        "jobs",
        "platform",
        true,
        &[Verb::Read, Verb::Create, Verb::Update],
    ),
    resource(
        "files",
        "platform",
        true,
        &[Verb::Read, Verb::Create, Verb::Delete],
    ),
    resource(
        "imports",
        "platform",
        true,
        &[Verb::Read, Verb::Create, Verb::Delete],
    ),
    resource("activities", "crm", true, Verb::ALL),
];

/// One permission, `resource:action:scope`.
#[derive(Debug, Clone, Copy)]
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
}

/// Every permission there is, in a fixed order.
pub fn permissions() -> impl Iterator<Item = Permission> {
    RESOURCES.iter().flat_map(|resource| {
        let scopes = if resource.owned { Scope::ALL } else { &[Scope::Org] };
        resource.verbs.iter().flat_map(move |verb| {
            scopes.iter().map(move |scope| Permission {
                resource,
                verb: *verb,
                scope: *scope,
            })
        })
    })
}

/// The resource of that name.
pub(super) fn resource_named(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}
