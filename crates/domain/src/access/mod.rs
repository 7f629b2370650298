//! Roles and who holds them. What a role may do, and the decision, stand in the auth crate.

mod assignment;

pub use assignment::RoleAssignment;
