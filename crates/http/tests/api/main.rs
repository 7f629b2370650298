//! The whole system over HTTP, on each database.

// What clippy.toml allows in tests, for the helpers between them too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    unreachable_pub
)]

mod accounts;
mod activities;
mod attack;
mod audit;
mod bad_input;
mod bad_query;
mod bad_request;
mod bad_values;
mod bulk;
mod changes;
mod contacts;
mod cookies;
mod deal_contacts;
mod docs;
mod document;
mod examples;
mod explained;
mod files;
mod filters;
mod forged;
mod frame;
mod guessing;
mod idempotency;
mod identity;
mod imports;
mod imports_jobs;
mod imports_whole;
mod kit;
mod lists;
mod members;
mod metrics;
mod post;
mod profile;
mod provider;
mod providers;
mod providers_forged;
mod providers_linked;
mod providers_states;
mod reach;
mod references;
mod roles;
mod sales;
mod samples;
mod search;
mod second_factor;
mod secrets;
mod sessions;
mod tampered;
mod together;
mod walk;
mod zones;
