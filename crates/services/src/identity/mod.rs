//! Signing in and out, and a person's own account.

mod account;
mod archive;
mod devices;
mod door;
mod email;
mod erase;
mod events;
mod factor;
mod first;
mod guessing;
mod image;
mod letters;
mod mailed;
mod notices;
mod passwords;
mod profile;
mod providers;
mod register;
mod rotation;
mod sessions;
mod sign_in;
mod step_up;

pub use account::{Me, NewOwner, Place, create_owner, is_known, me, places, set_password, sign_out};
pub(crate) use account::{active, is_claimed};
pub use archive::{ArchiveHandler, ArchiveState, archive, archive_file, ask_for_archive};
pub use devices::{LastUsed, Session, logout_all, note_used, revoke, sessions};
pub use door::Door;
pub(crate) use door::judge;
pub use email::{ChangeEmail, ask_to_change_email, confirm_email};
pub use erase::{EraseHandler, delete_me, erase_person, erase_traces, person_of};
pub use events::security_events;
pub use factor::{Enrolment, FactorState, RecoveryCodes, confirm, enrol, factor, remove, renew_codes};
pub use first::{FirstOwner, create_first, has_no_user};
pub use image::{expect_image, image, member_image, remove_image, set_image};
pub use letters::Links;
pub(crate) use letters::{good, no_token, refused};
pub use mailed::AccountHandler;
pub(crate) use mailed::ask_to_invite;
pub use notices::NoticeHandler;
pub(crate) use notices::noted;
pub use passwords::{
    ChangePassword, ResetPassword, change_password, forgot_password, may_change_password, reset_password,
};
pub use profile::{profile, update_me, update_profile};
pub use providers::{
    Arrival, Arrived, Departure, End, LinkedAccount, Place as ProviderPlace, Provider, Providers, Purpose,
    Settled, Shown, Start, account, accounts, arrive, finish, may_link, start, unlink,
};
pub use register::{Registration, register, verify_email};
pub(crate) use register::{claim, clean_name};
pub use rotation::{Rotated, rotate_secrets, unsealable};
pub use sessions::{Credentials, Lifetimes, SignedIn, Signer, Transport, logout, refresh};
pub use sign_in::{SecondStep, login, second_factor};
pub use step_up::{StepUp, SteppedUp, may_step_up, step_up};

pub(crate) use firma_auth::link::LinkToken;
pub use firma_persistence::identity::{SEALED, SealedColumn};
