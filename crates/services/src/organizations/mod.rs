//! Organizations, members, teams, invitations.

mod changes;
mod domain;
mod found;
mod heir;
mod invitations;
mod invited;
mod joined;
mod members;
mod own;
mod places;
mod purging;
mod standing;
mod teams;

pub use changes::logo;
pub use domain::{ClaimedDomain, Domains, TextRecord, claimed, prove, to_prove};
pub use found::{found, found_by, found_for};
pub(crate) use found::{own_platform, seat};
pub use invitations::{resend, revoke};
pub use invited::{
    InvitedPerson, Look, accept_invitation, decline_invitation, look_at_invitation, register_invited,
};
pub(crate) use invited::{Standing, inviter, standing};
pub use joined::Joined;
pub use members::{NewMember, add_member};
pub use own::{accept, acting_in};
pub(crate) use own::{join_all, leave};
pub(crate) use places::{client, hold, is_for_client, least, role_id, room_for};
pub use purging::{Closed, Removal, begin_purge, closed, end_purge};
pub use standing::{
    NewOwner, Terms, archive, delete, reactivate, remove, reopen, restore, set_terms, suspend, transfer,
};
