//! Companies, contacts, pipelines, stages, deals, activities, and the pipeline report.

mod activities;
mod companies;
mod contacts;
mod deal_contacts;
mod deals;
mod phones;
mod pipelines;
mod reports;
mod stages;

pub use deals::stage_history;
pub use reports::{PipelineLine, PipelineReport, pipeline_report};
