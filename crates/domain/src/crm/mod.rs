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

use crate::value::tags;
