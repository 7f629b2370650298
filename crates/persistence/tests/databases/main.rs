//! The schema on both databases, and the plans of the queries.

// What clippy.toml allows in tests, for the helpers between them too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod filled;
mod oracle;
mod plans;
mod platform;
mod schema;
mod scratch;
mod terms;
mod wide;
