//! Users, their passwords and sessions, and what concerns safety. Belongs to no organization: the
//! user alone is the fence.

mod security;
mod sessions;
mod users;

pub use security::{SecurityEvent, Severity};
pub use sessions::{NewSession, Rotation, Session};
