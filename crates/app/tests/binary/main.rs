//! The program itself, as who runs it meets it: started, asked, killed, stopped; on each database.

mod away;
mod commands;
mod configuration;
mod edges;
mod house;
mod kill;
mod logs;
mod process;
mod proxy;
mod schema;
mod serving;
mod writers;
