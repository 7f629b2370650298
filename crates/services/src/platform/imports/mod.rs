//! Files of rows brought into a collection.

mod batch;
mod cells;
mod job;
mod options;
mod plan;
mod reader;
mod reading;
mod registry;
mod row;
mod run;
mod text;
mod undo;

pub use job::{ImportHandler, ask_to_undo};
pub use options::{Empty, Fields, Options};
pub use run::{Direct, Importing, Run, Steps, ask, ask_for_file};
pub use text::Source;
pub use undo::{may_undo, refusals, undo_some};
