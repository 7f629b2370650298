//! Companies, contacts, pipelines, stages, deals, activities.

mod activities;
mod companies;
mod contacts;
mod deals;
mod pipelines;
mod reports;
mod stage_history;

pub use reports::{Between, Line, Report};
