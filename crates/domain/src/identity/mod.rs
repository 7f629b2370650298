//! Who signs in: users.

mod user;

pub use user::{User, Username};
