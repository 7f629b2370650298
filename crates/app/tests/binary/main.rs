//! The program itself, as who runs it meets it: started, asked, killed, stopped; on each database.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

mod archive;
mod archive_files;
mod away;
mod backups;
mod beginning;
mod commands;
mod configuration;
mod connections;
mod demo;
mod edges;
mod erasing;
mod exported;
mod house;
mod imports;
mod kill;
mod logs;
mod operator;
mod passwords;
mod process;
mod proxy;
mod purging;
mod refused;
mod schema;
mod serving;
mod setup;
mod traces;
mod unwell;
mod worker;
mod writers;
