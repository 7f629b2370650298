//! Customers and the sales pipeline: companies, contacts, pipelines, stages, deals, activities.

mod activity;
mod company;
mod contact;
mod deal;
mod deal_contact;
mod pipeline;
mod report;
mod stage;
mod stage_history;

pub use activity::{Activity, ActivityKind};
pub use company::{Address, Company};
pub use contact::Contact;
pub use deal::{Deal, DealStatus};
pub use deal_contact::DealContact;
pub use pipeline::Pipeline;
pub use report::{Group, PipelineFigures, PipelineRow};
pub use stage::{Stage, StageKind, default_stages, end_stages};
pub use stage_history::{StagePeriod, first_periods};

use validator::ValidationError;

/// At most 50 tags of 1 to 50 characters each, none twice.
fn tags(tags: &[String]) -> Result<(), ValidationError> {
    let fits = |tag: &String| (1..=50).contains(&tag.chars().count());
    let twice = tags
        .iter()
        .enumerate()
        .any(|(n, tag)| tags.iter().skip(n + 1).any(|other| other == tag));
    match tags.len() <= 50 && tags.iter().all(fits) && !twice {
        true => Ok(()),
        false => Err(ValidationError::new("tags")
            .with_message("has to be at most 50 tags of 1 to 50 characters, none twice".into())),
    }
}
