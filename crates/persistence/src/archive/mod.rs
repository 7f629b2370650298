//! All rows out of one database and into another, of the same kind or the other: what a backup is made of.
//!
//! Both ends work as the owner of the tables, before whom no fence stands; a row is a JSON array of texts.

mod catalogue;
mod noted;
mod scratch;
mod sink;
mod source;

pub(crate) use catalogue::tables;
pub use catalogue::{Column, Table};
pub use noted::Backups;
pub use scratch::Scratch;
pub use sink::Sink;
pub use source::Source;
