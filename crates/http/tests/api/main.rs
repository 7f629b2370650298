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
mod accounts_email;
mod activities;
mod addresses;
mod archive;
mod attack;
mod audit;
mod bad_input;
mod bad_query;
mod bad_request;
mod bad_times;
mod bad_values;
mod bodies;
mod bulk;
mod changes;
mod closing;
mod coming_back;
mod contacts;
mod cookies;
mod crossing;
mod custom_roles;
mod deal_contacts;
mod docs;
mod document;
mod domains;
mod erasing;
mod erasing_invited;
mod escalations;
mod examples;
mod explained;
mod explained_limits;
mod files;
mod filters;
mod forged;
mod frame;
mod guessing;
mod held_stages;
mod idempotency;
mod identity;
mod image;
mod imports;
mod imports_jobs;
mod imports_whole;
mod internal_errors;
mod invitations;
mod invitations_answered;
mod invitations_places;
mod invitations_withheld;
mod keys;
mod keys_calls;
mod keys_everywhere;
mod kit;
mod last_statement;
mod lists;
mod members;
mod metrics;
mod moved;
mod organizations;
mod overtaken;
mod owners;
mod pages;
mod passwords;
mod platform;
mod platform_people;
mod platform_roles;
mod platform_rows;
mod post;
mod preconditions;
mod presumed;
mod profile;
mod provider;
mod providers;
mod providers_forged;
mod providers_linked;
mod providers_states;
mod providers_step_up;
mod reach;
mod references;
mod relied_on;
mod reports;
mod reports_kept;
mod roles;
mod roles_at_once;
mod roles_handed_on;
mod roles_in_use;
mod sales;
mod sample_rows;
mod samples;
mod search;
mod second_factor;
mod secrets;
mod sessions;
mod slugs;
mod tampered;
mod together;
mod unfenced;
mod walk;
mod watched;
mod within_reach;
mod zones;
