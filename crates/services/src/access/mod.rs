//! Roles and who holds them.

mod assignments;
mod explain;
mod mine;
mod roles;

pub use assignments::assign;
pub(crate) use assignments::{give, give_up, may_give};
pub use explain::{Explanation, Question, explain, explained};
pub use mine::{Mine, mine};
pub use roles::{RoleView, givable, roles};
