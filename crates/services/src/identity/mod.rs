//! Signing in and out, and a person's own account.

mod account;
mod first;
mod sessions;

pub use account::{Me, NewOwner, Place, create_owner, is_known, me, set_password};
pub use first::{FirstOwner, create_first, has_no_user};
pub use sessions::{Credentials, Lifetimes, SignedIn, Signer, login, logout, refresh};
