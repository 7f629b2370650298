//! Permissions on the installation itself. They stand apart: none of them reaches a row inside an organization.

use super::action::Verb;

/// What platform roles may do to what, `resource:action:platform`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformPermission {
    /// A collection below `/platform`
    pub resource: &'static str,
    /// What may be done
    pub verb: Verb,
}

impl PlatformPermission {
    /// The name: `users:read:platform`.
    pub fn name(&self) -> String {
        format!("{}:{}:platform", self.resource, self.verb.as_str())
    }
}

const PLATFORM: &[(&str, &[Verb])] = &[
    ("users", &[Verb::Read, Verb::Update, Verb::Delete]),
    ("organizations", Verb::PLAIN),
    ("roles", &[Verb::Read, Verb::Create, Verb::Delete]),
    ("jobs", &[Verb::Read, Verb::Update]),
    ("security-events", &[Verb::Read]),
    ("audit-entries", &[Verb::Read]),
    ("stats", &[Verb::Read]),
    ("errors", &[Verb::Read, Verb::Update]),
];

/// Every permission on the platform, in a fixed order.
pub fn platform_permissions() -> impl Iterator<Item = PlatformPermission> {
    let each = |(resource, verbs): &(&'static str, &'static [Verb])| {
        let resource = *resource;
        verbs.iter().map(move |verb| PlatformPermission {
            resource,
            verb: *verb,
        })
    };
    PLATFORM.iter().flat_map(each)
}
