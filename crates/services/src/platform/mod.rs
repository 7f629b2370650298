//! What is done after a call, and what is kept outside of rows: jobs, mail, files. And files of rows
//! that are brought in.
//!
//! A handler does one kind of job. It does its work in steps, each a transaction that stores its effect together with
//! how far the job has come, and ends with [`Running::commit`]: a worker that is killed in between loses nothing, and
//! the next one does nothing twice.

mod breaker;
mod clean_up;
mod disposal;
mod files;
pub mod imports;
mod jobs;
mod logs;
mod mail;
mod running;
mod templates;
mod traced;
mod verification;
mod worker;

pub use breaker::{Breaker, Guarded};
pub use clean_up::{CleanUp, Retention};
pub use files::{Files, Received, Receiving, add_file, expect_upload};
pub use firma_persistence::platform::{Backlog, Leased, NewJob};
pub use jobs::{cancel_job, retry_job};
pub(crate) use logs::log_page;
pub use logs::{Verified, audit_entries, security_events, verify};
pub use mail::{Mail, MailHandler, mail, mail_for_system};
pub use running::{Broken, Done, Progress, Running, Stop};
pub use verification::VerifyLogs;
pub use worker::{Handler, Next, Recurring, Worker, WorkerSettings};
