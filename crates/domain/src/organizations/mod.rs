//! The tenant and who is in it: organizations, members, teams, invitations.

mod invitation;
mod member;
mod names;
mod organization;
mod settings;
mod team;

pub use invitation::{Invitation, InvitationStatus};
pub use member::Member;
pub use names::{Names, NamesAway};
pub use organization::{Organization, Size, Status};
pub use settings::{Branding, Feature, MailSettings, RetentionSettings, Settings, WeekStart};
pub use team::{Team, TeamMember};
