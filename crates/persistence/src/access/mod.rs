//! The only door without a grant: what is known of a caller when a call begins. And roles, and who holds them.

mod api_keys;
mod assignments;
mod by_key;
mod facts;
mod given;
mod held;
mod memory;
mod presumed;
mod roles;

pub use by_key::{KeyFacts, KnownKey};
pub use facts::{Known, Segment};
pub use given::GivenRole;
pub(crate) use memory::Counted;
pub use memory::Hits;
pub(crate) use memory::Memory;
pub(crate) use presumed::Presumed;
