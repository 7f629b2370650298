//! Organizations, members, teams, invitations.

mod invitations;
mod members;
mod organization;
mod slugs;
mod teams;
mod tenants;

pub use tenants::Membership;
