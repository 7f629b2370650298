//! What every module stands on: jobs, files, mail.

mod file;
mod job;
mod mail;
mod store;

pub use file::{File, FileKind};
pub use job::{Job, JobState, backoff};
pub use mail::{MailFault, Mailer, Message};
pub use store::{FileStore, Incoming};
