//! Connections, the threads that own them, and the way that calls cross over to them.

mod about;
mod any;
mod call;
mod database;
mod manager;
mod meter;
mod panics;
mod queue;
mod seat;
mod target;
mod threads;
mod trace;
mod types;

pub use about::About;
pub(crate) use any::{AnyConnection, on_backend};
pub use database::{Database, Settings, Sources, usual_connections, wait_for_threads};
pub(crate) use manager::connect_owner;
pub use meter::Load;
pub use panics::{Panicked, caught, note_panic};
pub(crate) use seat::{Fence, Parts, Seat, Stage};
pub use target::Target;
pub use trace::Trace;
pub(crate) use types::{At, Date, Id, Instant, On, Uid};
