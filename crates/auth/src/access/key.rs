use super::action::Verb;
use super::catalogue::Resource;
use super::permissions::Permissions;
use super::scope::Scope;
use firma_domain::Id;
use std::sync::Arc;

/// What no key does, whatever it holds: a key that could give roles or make keys would outlive what it is cut with.
const NEVER: &[&str] = &["roles", "role-assignments", "api-keys", "invitations"];

impl Resource {
    /// Whether an API key may ever do something to it.
    pub fn is_for_keys(&self) -> bool {
        !NEVER.contains(&self.name)
    }
}

/// The API key by which a call is made. The call may do what both may, the key and the member who made it: what the
/// member lost since is lost to the key.
#[derive(Debug, Clone)]
pub struct ByKey {
    /// The key's id
    pub id: Id,
    /// What it was given
    pub permissions: Arc<Permissions>,
}

impl ByKey {
    /// What is left of `held`.
    pub(super) fn cut(&self, resource: &Resource, verb: Verb, held: Scope) -> Option<Scope> {
        let given = self
            .permissions
            .scope(resource, verb)
            .filter(|_| resource.is_for_keys());
        given.map(|given| given.min(held))
    }
}
