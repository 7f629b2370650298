//! The only door without a grant: what is known of a caller when a call begins.

mod assignments;
mod facts;

pub use facts::{Known, Segment};
