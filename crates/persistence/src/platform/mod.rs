//! Jobs with their queue, files, imports, and what the clean-up takes away.

mod clean_up;
mod forgetting;
mod imports;
mod jobs;
mod queue;
mod running;
mod sweeps;

pub use queue::{Backlog, Lease, Leased, NewJob, Outcome};
pub use running::Step;
pub use sweeps::Sweep;
pub(crate) use sweeps::drop_bytes_of;
