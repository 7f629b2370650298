//! Users, their profiles, passwords and sessions, and what concerns safety. Belongs to no organization: the
//! user alone is the fence.

mod accounts;
mod attempts;
mod credentials;
mod delays;
mod erasing;
mod factors;
mod profiles;
mod sealed;
mod security;
mod sessions;
mod tokens;
mod users;

pub use accounts::{Account, NewAccount};
pub use attempts::Begun;
pub use credentials::Credential;
pub use factors::Factor;
pub use sealed::{SEALED, SealedColumn};
pub use security::{PastEvent, SecurityEvent};
pub use sessions::{LiveSession, NewSession, Rotation, Session};
pub use tokens::{NewToken, Token};
