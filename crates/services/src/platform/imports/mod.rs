//! Files of rows brought into a collection.

mod batch;
mod cells;
mod options;
mod plan;
mod reader;
mod registry;
mod row;
mod run;
mod text;
mod undo;

pub use options::{Empty, Fields, Options};
pub use run::{Direct, Importing, Run, Steps, ask};
pub use text::Source;
pub use undo::{may_undo, refusals, undo_some};
