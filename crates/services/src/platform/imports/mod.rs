//! Files of rows brought into a collection.

mod again;
mod batch;
mod cells;
mod job;
mod options;
mod pattern;
mod plan;
mod reader;
mod reading;
mod referring;
mod refused;
mod registry;
mod row;
mod run;
mod text;
mod undo;

pub use job::{ImportHandler, ask_to_undo, stored};
pub use options::{Empty, Fields, Options};
pub use refused::{RefusedRows, refused_file};
pub use run::{Importing, Run, Steps, ask_and_take, ask_for_file, take};
pub use text::Source;
pub use undo::{list_refusals, may_undo, refusals, undo_some};
