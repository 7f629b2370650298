use super::deal::{Deal, DealStatus};
use crate::spelled;
use crate::value::{Currency, Rate, Total, decimal};
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

/// Sums over deals; the server has them from the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    pub won_minor: i128,
    /// Won deals whose opening and closing are known
    pub timed: i64,
    /// The days that those took, together
    pub days: i64,
    /// Deals with a value in another currency
    pub other_currencies: i64,
}

impl std::iter::Sum for PipelineFigures {
    /// Of parts that have no deal in common.
    fn sum<I: Iterator<Item = PipelineFigures>>(parts: I) -> PipelineFigures {
        parts.fold(PipelineFigures::default(), |all, part| PipelineFigures {
            deals: all.deals + part.deals,
            won: all.won + part.won,
            lost: all.lost + part.lost,
            open: all.open + part.open,
            won_minor: all.won_minor + part.won_minor,
            timed: all.timed + part.timed,
            days: all.days + part.days,
            other_currencies: all.other_currencies + part.other_currencies,
        })
    }
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
    pub won_value: Total,
    /// won ÷ (won + lost), 4 decimals; none where nothing is closed
    pub win_rate: Option<String>,
    /// Mean days from opening to closing of the won ones, 2 decimals
    pub mean_days_to_won: Option<String>,
    /// Deals with a value in another currency, which won_value leaves out
    pub other_currencies: i64,
}

impl PipelineFigures {
    /// The sums over deals that are at hand, with values in `currency`.
    pub fn of<'d>(deals: impl IntoIterator<Item = &'d Deal>, currency: Currency) -> PipelineFigures {
        let mut sums = PipelineFigures::default();
        deals.into_iter().for_each(|deal| sums.add(deal, currency));
        sums
    }

    fn add(&mut self, deal: &Deal, currency: Currency) {
        self.deals += 1;
        let ours = deal.value.filter(|value| value.currency() == currency);
        self.other_currencies += i64::from(deal.value.is_some() && ours.is_none());
        match deal.status {
            DealStatus::Open => self.open += 1,
            DealStatus::Lost => self.lost += 1,
            DealStatus::Won => {
                self.won += 1;
                self.won_minor += ours.map_or(0, |value| i128::from(value.minor()));
                if let (Some(opened), Some(closed)) = (deal.opened_on, deal.actual_close) {
                    self.timed += 1;
                    self.days += (closed.to_chrono() - opened.to_chrono()).num_days();
                }
            }
        }
    }

    /// The figures as they are answered: rates and means rounded half away from zero.
    pub fn row(self, currency: Currency) -> PipelineRow {
        PipelineRow {
            deals: self.deals,
            won: self.won,
            lost: self.lost,
            open: self.open,
            won_value: Total {
                minor: self.won_minor,
                currency,
            },
            win_rate: decimal::ratio(self.won, self.won + self.lost, Rate::PLACES)
                .map(|rate| decimal::print(rate, Rate::PLACES)),
            mean_days_to_won: decimal::ratio(self.days, self.timed, 2).map(|days| decimal::print(days, 2)),
            other_currencies: self.other_currencies,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use serde_json::json;

    #[test]
    fn an_open_deal_is_counted_and_adds_no_value() {
        let value = json!({"amount": "5.00", "currency": "EUR"});
        let deal: Deal = input::read(json!({"title": "x", "value": value})).unwrap();
        let sums = PipelineFigures::of([&deal, &deal], Currency::default());
        assert_eq!((sums.deals, sums.open, sums.won_minor, sums.timed), (2, 2, 0, 0));
        let row = sums.row(Currency::default());
        assert_eq!((row.win_rate, row.mean_days_to_won), (None, None));
    }
}
