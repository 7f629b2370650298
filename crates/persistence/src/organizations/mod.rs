//! Organizations, members, teams.

mod members;
mod organization;
mod slugs;
mod teams;
mod tenants;

pub use tenants::Membership;
