//! Who signs in: users, what they say of themselves, and what concerns their safety.

mod device;
mod profile;
mod security;
mod user;

pub use device::device;
pub use profile::{Profile, Term};
pub use security::{SecurityKind, Severity};
pub use user::{User, Username};
