//! The tenant and who is in it: organizations, members, teams.

mod member;
mod organization;
mod team;

pub use member::Member;
pub use organization::{Organization, Size, Status};
pub use team::{Team, TeamMember};
