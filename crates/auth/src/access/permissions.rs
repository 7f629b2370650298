use super::action::Verb;
use super::catalogue::{Permission, RESOURCES, Resource};
use super::scope::Scope;

/// A set of permissions, with the widest scope of each: what a custom role gives, or a key may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions(Vec<Entry>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    resource: &'static Resource,
    verb: Verb,
    scope: Scope,
}

impl Permissions {
    /// How far the set gives `verb` to the resource.
    pub fn scope(&self, resource: &Resource, verb: Verb) -> Option<Scope> {
        let same = |entry: &&Entry| entry.verb == verb && entry.resource.name == resource.name;
        self.0.iter().find(same).map(|entry| entry.scope)
    }

    /// Puts one in; the wider scope stays.
    pub fn put(&mut self, permission: Permission) {
        let same =
            |entry: &&mut Entry| entry.verb == permission.verb && entry.resource == permission.resource;
        match self.0.iter_mut().find(same) {
            Some(entry) => entry.scope = entry.scope.max(permission.scope),
            None => self.0.push(Entry {
                resource: permission.resource,
                verb: permission.verb,
                scope: permission.scope,
            }),
        }
    }

    /// Each with its widest scope, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        RESOURCES.iter().flat_map(move |resource| {
            resource.verbs.iter().filter_map(move |verb| {
                Some(Permission {
                    resource,
                    verb: *verb,
                    scope: self.scope(resource, *verb)?,
                })
            })
        })
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut set = Permissions::default();
        permissions.into_iter().for_each(|permission| set.put(permission));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_scope_of_each_stays() {
        let names = [
            "deals:read:own",
            "teams:read:org",
            "deals:read:team",
            "deals:read:own",
        ];
        let set: Permissions = names.into_iter().filter_map(Permission::parse).collect();
        let held: Vec<_> = set.iter().map(|p| p.name()).collect();
        assert_eq!(held, ["teams:read:org", "deals:read:team"]);
    }
}
