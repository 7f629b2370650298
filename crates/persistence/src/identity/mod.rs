//! Users, their profiles, passwords and sessions, and what concerns safety. Belongs to no organization: the
//! user alone is the fence.

mod accounts;
mod archives;
mod attempts;
mod credentials;
mod delays;
mod erasing;
mod factors;
mod person;
mod profiles;
mod sealed;
mod security;
mod sessions;
mod tokens;
pub(crate) mod users;
pub(crate) mod words;

pub use accounts::{Account, NewAccount};
pub use archives::{Archive, ReadyArchive};
pub use attempts::Begun;
pub use credentials::Credential;
pub use factors::Factor;
pub use person::{Erased, Holds, KEPT, Kept};
pub use sealed::{SEALED, SealedColumn};
pub use security::SecurityEvent;
pub use sessions::{LiveSession, NewSession, Rotation, Session};
pub use tokens::{NewToken, Token};
