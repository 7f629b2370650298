//! What every module stands on: jobs, files, mail, imports.

mod file;
mod import;
mod job;
mod log;
mod mail;
mod stats;
mod store;

pub use file::{File, FileKind};
pub use import::{Import, ImportRefusal, ImportState, ImportedRow};
pub use job::{Job, JobState, backoff};
pub use log::AuditEntry;
pub use mail::{MailFault, Mailer, Message};
pub use stats::{JobStats, OrganizationStats, Stats, StorageStats, UserStats, WaitingJobs};
pub use store::{FileStore, Incoming};
