//! Roles and who holds them.

mod api_keys;
mod assignments;
mod by_key;
mod explain;
mod mine;
mod roles;

pub use api_keys::{MadeKey, make_key, revoke_key};
pub use assignments::assign;
pub(crate) use assignments::{give, give_least, give_up, known, may_give, may_give_all, put, renew};
pub use by_key::{KeyCaller, RefusedKey, Why, note_key_refused, note_key_used};
pub use explain::{Explanation, Question, Reason, explain, explained};
pub use mine::{Mine, mine};
pub(crate) use roles::names;
pub use roles::{givable, roles};
