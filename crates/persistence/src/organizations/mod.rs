//! Organizations, members, teams, invitations.

mod invitations;
mod members;
mod organization;
mod purging;
mod removal;
mod slugs;
mod teams;
mod tenants;

pub use purging::Closed;
pub use removal::Removal;
pub use tenants::Membership;
