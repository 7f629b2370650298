//! Companies, pipelines, stages, deals, and the pipeline report.

mod companies;
mod deals;
mod pipelines;
mod reports;
mod stages;

pub use deals::stage_history;
pub use reports::{PipelineLine, PipelineReport, pipeline_report};

use firma_persistence::{Col, Cond, Op, Stored, Value};

/// A column of an entity, for a rule that looks for rows.
fn column<E: Stored>(name: &'static str) -> Col {
    Col {
        table: E::TABLE,
        name,
    }
}

fn is(col: Col, op: Op, value: impl Into<Value>) -> Cond {
    Cond::Is(col, op, value.into())
}
