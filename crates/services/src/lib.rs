//! Use cases, one transaction each: decide, load, apply, store, record.

pub mod access;
mod answer;
pub mod bulk;
pub mod crm;
pub mod crud;
mod cursor;
pub mod demo;
mod hasher;
pub mod identity;
pub mod installation;
mod keeping;
mod link;
pub mod listing;
mod naming;
pub mod operating;
pub mod organizations;
mod pages;
pub mod platform;
mod refusal;
mod remembered;
mod rows;
mod threads;
mod work;

pub use answer::{Answer, Request, perform, perform_alone, perform_on_platform};
pub use hasher::Hasher;
pub use installation::Desk;
pub use keeping::Keeping;
pub use link::{Expand, Link};
pub use refusal::Refusal;
pub use work::{Asker, Caller, Work};

pub use firma_persistence::access::{KnownKey, Segment};
pub use firma_persistence::{
    About, Database, Fault, Origin, Panicked, Trace, Tx, Verification, caught, note_panic,
};
