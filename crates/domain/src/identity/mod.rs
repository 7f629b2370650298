//! Who signs in: users, what they say of themselves, and what concerns their safety.

mod breached;
mod device;
mod event;
mod guessing;
mod profile;
mod provider;
mod security;
mod signup;
mod user;

pub use breached::BreachedPasswords;
pub use device::device;
pub use event::{MANY_WRITES, SecurityEvent};
pub use guessing::{Guessed, LONGEST_WAIT, MANY, QUIET};
pub use profile::{Profile, Term};
pub use provider::{Attempt, IdentityProvider, ProviderFault, Vouched};
pub use security::{SecurityKind, Severity};
pub use signup::{Signup, TokenKind};
pub use user::{User, Username};
