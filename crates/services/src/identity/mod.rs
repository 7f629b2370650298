//! Signing in and out, and a person's own account.

mod account;
mod devices;
mod events;
mod first;
mod profile;
mod rotation;
mod sessions;

pub use account::{Me, NewOwner, Place, create_owner, is_known, me, set_password};
pub use devices::{LastUsed, Session, logout_all, note_used, revoke, sessions};
pub use events::{Event, security_events};
pub use first::{FirstOwner, create_first, has_no_user};
pub use profile::{profile, update_me, update_profile};
pub use rotation::{Rotated, rotate_secrets};
pub use sessions::{Credentials, Lifetimes, SignedIn, Signer, Transport, login, logout, refresh};

pub use firma_persistence::identity::{SEALED, SealedColumn};
