//! Roles and who holds them.

mod assignments;
mod roles;

pub use assignments::assign;
pub(crate) use assignments::{give, give_least, give_up, may_give, may_give_all};
pub use roles::{RoleView, roles};
pub(crate) use roles::{display_names, names};
