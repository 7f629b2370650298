//! What platform roles reach: people, organizations' own rows, what concerns safety, errors on our side, and counts.
//! Behind a fence of its own, which opens with a [`firma_auth::access::PlatformGrant`] alone.

mod errors;
mod facts;
mod foreign;
mod organizations;
mod stats;
mod terms;
mod users;

pub use errors::Occurrences;
pub use facts::PlatformKnown;
pub use organizations::OrganizationSearch;
pub use terms::TermSearch;
pub use users::UserSearch;
