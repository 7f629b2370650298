//! Signing in and out, and a person's own account.

mod account;
mod devices;
mod door;
mod email;
mod erase;
mod events;
mod factor;
mod first;
mod guessing;
mod letters;
mod mailed;
mod passwords;
mod profile;
mod providers;
mod register;
mod rotation;
mod sessions;
mod sign_in;
mod step_up;

pub use account::{Me, NewOwner, Place, create_owner, is_known, me, set_password};
pub use devices::{LastUsed, Session, logout_all, note_used, revoke, sessions};
pub use door::Door;
pub use email::{ChangeEmail, ask_to_change_email, confirm_email};
pub use erase::delete_me;
pub use events::{Event, security_events};
pub use factor::{Enrolment, FactorState, RecoveryCodes, confirm, enrol, factor, remove, renew_codes};
pub use first::{FirstOwner, create_first, has_no_user};
pub use letters::Links;
pub use mailed::AccountHandler;
pub use passwords::{
    ChangePassword, ResetPassword, change_password, forgot_password, may_change_password, reset_password,
};
pub use profile::{profile, update_me, update_profile};
pub use providers::{
    Arrival, Arrived, Departure, End, LinkedAccount, Place as ProviderPlace, Provider, Providers, Settled,
    Shown, Start, account, accounts, arrive, finish, may_link, start, unlink,
};
pub use register::{Registration, register, verify_email};
pub use rotation::{Rotated, rotate_secrets};
pub use sessions::{Credentials, Lifetimes, SignedIn, Signer, Transport, logout, refresh};
pub use sign_in::{SecondStep, login, second_factor};
pub use step_up::{StepUp, SteppedUp, may_step_up, step_up};

pub use firma_persistence::identity::{SEALED, SealedColumn};
