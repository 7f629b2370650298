//! Organizations, members, teams.

mod found;
mod log;
mod members;
mod own;
mod teams;

pub(crate) use found::own_platform;
pub use found::{found, found_by, found_for};
pub use log::verify;
pub use members::{NewMember, add_member};
pub use own::{accept, acting_in};
pub(crate) use own::{join_all, leave};
