use crate::spelled;
use crate::value::{Currency, Money, Rate, decimal};
use serde::Serialize;

spelled! {
    /// What the pipeline report has a row for.
    Group {
        /// The stage it stands in
        Stage = "stage",
        /// The member who owns it
        Owner = "owner",
        /// Each live team of its owner
        Team = "team",
        /// The quarter of its closing date
        Quarter = "quarter",
        /// The company it is sold to
        Company = "company",
    }
}

/// Sums over deals, as the database gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipelineFigures {
    /// Deals, won, lost and open
    pub deals: i64,
    /// Won deals
    pub won: i64,
    /// Lost deals
    pub lost: i64,
    /// Open deals
    pub open: i64,
    /// Value of the won deals in minor units of the report's currency
    pub won_minor: i64,
    /// Won deals whose opening and closing are known
    pub timed: i64,
    /// The days that those took, together
    pub days: i64,
    /// Deals with a value in another currency
    pub other_currencies: i64,
}

/// One row of the pipeline report, as it is answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PipelineRow {
    /// Number of deals
    pub deals: i64,
    /// Number won
    pub won: i64,
    /// Number lost
    pub lost: i64,
    /// Number open
    pub open: i64,
    /// Value of the won ones
    pub won_value: Option<Money>,
    /// won ÷ (won + lost), 4 decimals; none where nothing is closed
    pub win_rate: Option<String>,
    /// Mean days from opening to closing of the won ones, 2 decimals
    pub mean_days_to_won: Option<String>,
    /// Deals with a value in another currency, which won_value leaves out
    pub other_currencies: i64,
}

impl PipelineFigures {
    /// The figures as they are answered: rates and means rounded half away from zero.
    pub fn row(self, currency: Currency) -> PipelineRow {
        PipelineRow {
            deals: self.deals,
            won: self.won,
            lost: self.lost,
            open: self.open,
            won_value: Money::new(self.won_minor, currency),
            win_rate: decimal::ratio(self.won, self.won + self.lost, Rate::PLACES)
                .map(|rate| decimal::print(rate, Rate::PLACES)),
            mean_days_to_won: decimal::ratio(self.days, self.timed, 2).map(|days| decimal::print(days, 2)),
            other_currencies: self.other_currencies,
        }
    }
}
