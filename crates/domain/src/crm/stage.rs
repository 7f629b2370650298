use crate::entity::Entity;
use crate::spelled;
use crate::value::{Id, Rate};
use serde::{Deserialize, Serialize};
use validator::Validate;

spelled! {
    /// What a stage means for a deal that stands in it.
    StageKind {
        /// The deal is still open
        Open = "OPEN",
        /// The deal is won
        Won = "WON",
        /// The deal is lost
        Lost = "LOST",
    }
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The pipeline it belongs to
    pub pipeline_id: Id,
    /// Name; unique in its pipeline
    #[validate(length(min = 1, max = 100))]
    pub name: String,
    /// OPEN, unless it is the pipeline's won or lost stage; set when the stage is made
    #[serde(default = "open")]
    pub kind: StageKind,
    /// Its place, from left to right
    #[serde(default)]
    #[validate(range(min = 0, max = 10_000))]
    pub position: i32,
    /// How likely a deal in this stage is to be won
    #[serde(default = "zero")]
    pub probability: Rate,
}

fn open() -> StageKind {
    StageKind::Open
}
fn zero() -> Rate {
    Rate::ZERO
}

impl Entity for Stage {
    const NAME: &'static str = "stage";
    const COLLECTION: &'static str = "stages";
    const LEAST: &'static str = r#"{"pipeline_id": "00000000-0000-0000-0000-000000000000", "name": "A"}"#;
}

fn stage(pipeline: Id, name: &str, kind: StageKind, position: i32, percent: i32) -> Stage {
    Stage {
        pipeline_id: pipeline,
        name: name.into(),
        kind,
        position,
        probability: Rate::new(percent * 100).unwrap_or(Rate::ZERO),
    }
}

/// The won and the lost stage that every pipeline has.
pub fn end_stages(pipeline: Id) -> Vec<Stage> {
    vec![
        stage(pipeline, "Won", StageKind::Won, 9_000, 100),
        stage(pipeline, "Lost", StageKind::Lost, 9_001, 0),
    ]
}

/// The stages of the pipeline that a new organization starts with.
pub fn default_stages(pipeline: Id) -> Vec<Stage> {
    let mut stages = vec![
        stage(pipeline, "Prospecting", StageKind::Open, 10, 10),
        stage(pipeline, "Engaging", StageKind::Open, 20, 30),
        stage(pipeline, "Proposal", StageKind::Open, 30, 60),
    ];
    stages.extend(end_stages(pipeline));
    stages
}
