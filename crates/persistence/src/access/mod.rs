//! The only door without a grant: what is known of a caller when a call begins.

mod assignments;
mod facts;
mod given;
mod role_cache;

pub use facts::{Known, Segment};
pub use given::GivenRole;
pub use role_cache::Hits;
pub(crate) use role_cache::RoleCache;
