//! Roles and who holds them. What the system's roles may do, and the decision, stand in the auth crate.

mod assignment;
mod role;

pub use assignment::RoleAssignment;
pub use role::{Role, RoleType};
