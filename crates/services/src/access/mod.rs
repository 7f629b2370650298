//! Roles and who holds them.

mod assignments;
mod roles;

pub use assignments::assign;
pub(crate) use assignments::{give, give_up, may_give};
pub use roles::{RoleView, roles};
