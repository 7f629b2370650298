//! Users, their profiles, passwords and sessions, and what concerns safety. Belongs to no organization: the
//! user alone is the fence.

mod profiles;
mod sealed;
mod security;
mod sessions;
mod users;

pub use sealed::{SEALED, SealedColumn};
pub use security::{PastEvent, SecurityEvent};
pub use sessions::{LiveSession, NewSession, Rotation, Session};
