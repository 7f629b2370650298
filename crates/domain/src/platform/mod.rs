//! What the platform does for every module: imports.

mod import;

pub use import::{Import, ImportRefusal, ImportState, ImportedRow};
