//! Organizations, members, teams.

mod members;
mod organization;
mod teams;
mod tenants;

pub use tenants::Membership;
