//! The decision: facts about a member in, a [`Grant`] out. Pure, and free of cryptography.

mod action;
mod catalogue;
mod effect;
mod facts;
mod grant;
mod role;

pub use action::{Action, Create, Delete, Read, Update, Verb, Writes};
pub use catalogue::{Permission, RESOURCES, Resource, Scope, permissions};
pub use effect::Touches;
pub use facts::{Assignment, Facts, Refused, Tenant};
pub use grant::{Founding, Grant, Invited, Joining, Operating, Reach};
pub use role::{Role, Rule, SYSTEM_ROLES, role_by_id, role_by_name};
