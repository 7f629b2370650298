//! Roles and who holds them.

mod assignments;
mod explain;
mod mine;
mod roles;
mod told;

pub use assignments::assign;
pub(crate) use assignments::{give, give_least, give_up, may_give, may_give_all};
pub use explain::{Explanation, Question, explain, explained};
pub use mine::{Mine, mine};
pub use roles::{givable, roles};
pub(crate) use roles::names;
