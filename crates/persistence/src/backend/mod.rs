//! Connections, the threads that own them, and the way that calls cross over to them.

mod any;
mod call;
mod database;
mod manager;
mod meter;
mod seat;
mod target;
mod threads;
mod types;

pub(crate) use any::{AnyConnection, on_backend};
pub use database::{Database, Settings, Sources};
pub(crate) use manager::connect_owner;
pub use meter::Load;
pub(crate) use seat::{Fence, Parts, Seat};
pub use target::Target;
pub(crate) use types::{At, Id, Instant, Uid};
