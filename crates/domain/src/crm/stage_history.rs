use super::deal::{Deal, DealStatus};
use crate::value::{Id, Instant, Zone};
use serde::Serialize;

/// A time that a deal stood in one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StagePeriod {
    /// The period's id
    pub id: Id,
    /// The stage; none where it isn't known, before a deal that came in already closed
    pub stage_id: Option<Id>,
    /// When the deal came into the stage
    pub entered_at: Instant,
    /// When it left; none while it stands there
    pub left_at: Option<Instant>,
    /// Who moved it there: a user's id
    pub changed_by: Option<Id>,
}

/// The history that a new deal begins with, as (stage, entered, left).
///
/// It begins with `opened_on`, whose first instant is that of the organization's zone. A deal that comes in already closed has stood in a stage that nobody
/// knows until the day it closed.
pub fn first_periods(deal: &Deal, now: Instant, zone: Zone) -> Vec<(Option<Id>, Instant, Option<Instant>)> {
    let opened = deal.opened_on.map(|day| zone.start_of(day));
    let closed = deal.actual_close.map(|day| zone.start_of(day));
    match (deal.status, opened, closed) {
        (DealStatus::Open, opened, _) => vec![(deal.stage_id, opened.unwrap_or(now).min(now), None)],
        (_, Some(opened), Some(closed)) => {
            vec![(None, opened, Some(closed)), (deal.stage_id, closed, None)]
        }
        (_, _, closed) => vec![(deal.stage_id, closed.unwrap_or(now), None)],
    }
}
