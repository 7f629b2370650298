//! The whole system over HTTP, on each database.

// What clippy.toml allows in tests, for the helpers between them too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    unreachable_pub
)]

mod attack;
mod audit;
mod bad_input;
mod bad_query;
mod bad_request;
mod bad_values;
mod bulk;
mod changes;
mod document;
mod filters;
mod frame;
mod idempotency;
mod identity;
mod kit;
mod lists;
mod members;
mod metrics;
mod reach;
mod references;
mod roles;
mod sales;
mod samples;
mod tampered;
mod together;
