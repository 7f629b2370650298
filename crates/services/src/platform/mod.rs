//! What the platform does for every module: imports.

pub mod imports;
