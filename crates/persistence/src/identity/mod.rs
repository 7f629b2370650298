//! Users, their profiles, passwords and sessions, and what concerns safety. Belongs to no organization: the
//! user alone is the fence.

mod profiles;
mod security;
mod sessions;
mod users;

pub use security::{PastEvent, SecurityEvent};
pub use sessions::{LiveSession, NewSession, Rotation, Session};
