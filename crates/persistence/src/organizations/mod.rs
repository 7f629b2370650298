//! Organizations, members, teams.

mod members;
mod organizations;
mod teams;
mod tenants;

pub use tenants::Membership;
