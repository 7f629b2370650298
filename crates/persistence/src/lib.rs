//! The database: SQLite and PostgreSQL behind one code.
//!
//! A repository opens with a grant of its own entity and action, and there is no other way to one;
//! the connection never leaves this crate.

pub mod access;
pub mod archive;
mod backend;
pub mod crm;
mod fault;
pub mod identity;
pub mod installation;
pub mod migrations;
pub mod operating;
pub mod organizations;
pub mod platform;
pub mod private;
mod sql;
mod store;
#[cfg(feature = "testing")]
pub use store::{drop_tenant_condition, restore_tenant_condition};

pub use backend::{
    About, Database, Load, Panicked, Settings, Sources, Target, Trace, caught, note_panic, usual_connections,
    wait_for_threads,
};
pub use fault::{Failure, Fault};
pub use sql::{Col, Cond, Kind, Listed, Op, Side, Value};
pub use store::{
    Checkpoint, Cut, Deed, Field, HANGING, Key, Known, Listing, Log, LogEnd, LogPage, LogWalk, LoggedEntry,
    LoggedPayload, Origin, OwnRows, Page, Position, Purged, Reached, References, Repo, SortBy, Stored,
    StoredAnswer, Stretch, Tx, Verification, Walked,
};
