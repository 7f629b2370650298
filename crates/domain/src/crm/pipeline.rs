use crate::entity::Entity;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// A way that deals take: a series of stages that ends in exactly one won and one lost stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Name; unique among the organization's live pipelines
    #[validate(length(min = 1, max = 100))]
    pub name: String,
    /// Whether new deals go into this one unless another is named; exactly one pipeline is the default
    #[serde(default)]
    pub is_default: bool,
}

impl Entity for Pipeline {
    const NAME: &'static str = "pipeline";
    const COLLECTION: &'static str = "pipelines";
    const READ_ONLY: &'static [&'static str] = &["is_default"];
    const LEAST: &'static str = r#"{"name": "A"}"#;
}
