//! Roles and who holds them. What the system's roles may do, and the decision, stand in the auth crate.

mod api_key;
mod assignment;
mod role;

pub use api_key::ApiKey;
pub use assignment::RoleAssignment;
pub use role::{Role, RoleType};
