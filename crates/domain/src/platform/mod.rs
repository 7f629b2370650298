//! What every module stands on: jobs, files, mail, imports, what went wrong, and what is traced.

mod file;
mod import;
mod internal_error;
mod job;
mod log;
mod mail;
mod stats;
mod store;
mod trace;

pub use file::{File, FileKind};
pub use import::{Import, ImportRefusal, ImportState, ImportedRow};
pub use internal_error::{ErrorKind, ErrorState, InternalError, normalised};
pub use job::{Job, JobState, backoff};
pub use log::AuditEntry;
pub use mail::{MailFault, Mailer, Message};
pub use stats::{JobStats, OrganizationStats, Stats, StorageStats, UserStats, WaitingJobs};
pub use store::{FileStore, Incoming};
pub use trace::{Gate, Span, SpanId, SpanKind, SpanParent, Told, TraceId, Tracer};
