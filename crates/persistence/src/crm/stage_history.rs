//! How long a deal stood in which stage: written and read under the deal's own grant.

use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Value};
use crate::store::{Position, Tx, id_or_null, instant_or_null};
use diesel::sql_types::Nullable;
use firma_auth::access::{Create, Grant, Read, Writes};
use firma_domain::crm::{Deal, StagePeriod};
use firma_domain::{Id, Instant, Record};

/// Stage, entered, left.
type Period = (Option<Id>, Instant, Option<Instant>);
type Columns = (
    IdType,
    Nullable<IdType>,
    AtType,
    Nullable<AtType>,
    Nullable<IdType>,
);
type Row = (Uid, Option<Uid>, At, Option<At>, Option<Uid>);

const fn at(name: &'static str) -> Col {
    Col {
        table: "stage_periods",
        name,
    }
}

fn periods_of(grant: Grant<Deal, Read>, deal: Id) -> Sql<Columns> {
    Sql::text(
        "SELECT id, stage_id, entered_at, left_at, changed_by FROM stage_periods WHERE organization_id = ",
    )
    .bind(grant.organization())
    .then(" AND deal_id = ")
    .bind(deal)
}

impl Tx<'_> {
    /// A new deal, and the first periods of its history.
    pub fn add_deal(
        &mut self,
        grant: Grant<Deal, Create>,
        deal: Deal,
        periods: Vec<Period>,
    ) -> Result<Record<Deal>, Fault> {
        let id = self.new_id();
        let history = self.adding(grant, id, periods);
        self.open(grant)?.add_beside(id, deal, vec![("period", history)])
    }

    /// Begins another period of a deal's history.
    pub fn begin_stage_period<A: Writes>(
        &mut self,
        grant: Grant<Deal, A>,
        deal: Id,
        stage: Option<Id>,
        at: Instant,
    ) -> Result<(), Fault> {
        self.fenced(grant.organization())?;
        self.adding(grant, deal, vec![(stage, at, None)]).run(self)?;
        Ok(())
    }

    fn adding<A: Writes>(&self, grant: Grant<Deal, A>, deal: Id, periods: Vec<Period>) -> Sql {
        let mut statement = Sql::<()>::text(
            "INSERT INTO stage_periods (organization_id, id, deal_id, stage_id, entered_at, left_at, changed_by) VALUES ",
        );
        for (n, (stage, entered, left)) in periods.into_iter().enumerate() {
            statement = statement.then(if n == 0 { "(" } else { "), (" }).binds(vec![
                grant.organization().into(),
                self.new_id().into(),
                deal.into(),
                id_or_null(stage),
                entered.into(),
                instant_or_null(left),
                grant.actor().into(),
            ]);
        }
        statement.then(")")
    }

    /// Ends the period that a deal stands in now. It says when: one that has yet to begin ends as it does.
    pub fn end_stage_period<A: Writes>(
        &mut self,
        grant: Grant<Deal, A>,
        deal: Id,
        at: Instant,
    ) -> Result<Instant, Fault> {
        self.fenced(grant.organization())?;
        let ended = Sql::<AtType>::either(
            "UPDATE stage_periods SET left_at = GREATEST(entered_at, ",
            "UPDATE stage_periods SET left_at = MAX(entered_at, ",
        )
        .bind(at)
        .then(") WHERE organization_id = ")
        .bind(grant.organization())
        .then(" AND deal_id = ")
        .bind(deal)
        .then(" AND left_at IS NULL RETURNING left_at")
        .maybe::<At>(self)?;
        Ok(ended.map_or(at, |ended| ended.0))
    }

    /// How many periods a deal's history has.
    pub fn count_stage_periods(&mut self, grant: Grant<Deal, Read>, deal: Id) -> Result<i64, Fault> {
        self.open(grant)?.find(deal)?;
        periods_of(grant, deal).counted().one::<i64>(self)
    }

    /// A deal's history, the first period first: at most so many, after a position by when they began.
    pub fn stage_periods(
        &mut self,
        grant: Grant<Deal, Read>,
        deal: Id,
        after: Option<&Position>,
        most: i64,
    ) -> Result<Vec<StagePeriod>, Fault> {
        self.open(grant)?.find(deal)?;
        let mut statement = periods_of(grant, deal);
        if let Some(Position { key: Some(key), id }) = after {
            let place = vec![key.clone(), (*id).into()];
            let beyond = Cond::Beyond(vec![at("entered_at"), at("id")], place, Op::Gt);
            statement = statement.then(" AND ").cond(beyond);
        }
        let rows = statement
            .then(" ORDER BY entered_at, id LIMIT ")
            .bind(Value::Big(most))
            .rows::<Row>(self)?;
        let period = |(id, stage, entered, left, by): Row| StagePeriod {
            id: id.0,
            stage_id: stage.map(|s| s.0),
            entered_at: entered.0,
            left_at: left.map(|l| l.0),
            changed_by: by.map(|b| b.0),
        };
        Ok(rows.into_iter().map(period).collect())
    }
}
