//! Organizations, members, teams.

mod changes;
mod found;
mod heir;
mod log;
mod members;
mod own;
mod standing;
mod teams;

pub use changes::logo;
pub(crate) use found::own_platform;
pub use found::{found, found_by, found_for};
pub use log::verify;
pub use members::{NewMember, add_member};
pub use own::{accept, acting_in};
pub(crate) use own::{join_all, leave};
pub use standing::{
    NewOwner, Terms, archive, delete, reactivate, reopen, restore, set_terms, suspend, transfer,
};
