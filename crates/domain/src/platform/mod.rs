//! What every module stands on: jobs, files, mail, imports.

mod file;
mod import;
mod job;
mod mail;
mod store;

pub use file::{File, FileKind};
pub use import::{Import, ImportRefusal, ImportState, ImportedRow};
pub use job::{Job, JobState, backoff};
pub use mail::{MailFault, Mailer, Message};
pub use store::{FileStore, Incoming};
