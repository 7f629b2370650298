//! The tenant and who is in it: organizations, members, teams, invitations.

mod invitation;
mod member;
mod organization;
mod team;

pub use invitation::{Invitation, InvitationStatus};
pub use member::Member;
pub use organization::{Organization, Size, Status};
pub use team::{Team, TeamMember};
