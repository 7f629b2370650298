//! Roles and who holds them.

mod assignments;
mod roles;

pub(crate) use assignments::{give, may_give};
pub use roles::{RoleView, roles};
