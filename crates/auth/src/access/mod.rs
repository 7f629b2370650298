//! The decision: facts about a member in, a [`Grant`] out. Pure, and free of cryptography.

mod action;
mod catalogue;
mod effect;
mod facts;
mod grant;
mod key;
mod on_platform;
mod permissions;
mod platform;
mod role;
mod scope;
mod system_roles;

pub use action::{Action, Create, Delete, Read, Update, Verb, Writes};
pub use catalogue::{Permission, RESOURCES, Resource, permissions, resource_named};
pub use effect::Touches;
pub use facts::{Assignment, Facts, Given, Refused, Tenant};
pub use grant::{
    Claiming, Disposing, Explaining, Founding, Grant, Invited, Joining, Operating, Personal, Reach,
};
pub use key::ByKey;
pub use on_platform::{InSystem, OnPlatform, PlatformFacts, PlatformGrant};
pub use permissions::Permissions;
pub use platform::{PlatformPermission, platform_permissions};
pub use role::{Role, Rule, SYSTEM_ROLES, role_by_id, role_by_name};
pub use scope::Scope;
