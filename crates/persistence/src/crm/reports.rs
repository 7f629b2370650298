//! The pipeline report, summed in the database over the deals that the grant sees.

use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{BigInt, Nullable, Text};
use firma_auth::access::{Grant, Read};
use firma_domain::crm::{Deal, Group, PipelineFigures};
use firma_domain::{Currency, Day};

/// Closing dates, both included; with either, open deals are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Between {
    pub from: Option<Day>,
    pub to: Option<Day>,
}

/// A row: its key (an id or a quarter), its label, its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub key: Option<String>,
    pub label: Option<String>,
    pub figures: PipelineFigures,
}

/// The rows and the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub lines: Vec<Line>,
    pub total: PipelineFigures,
}

type Counts = (BigInt, BigInt, BigInt, BigInt);
type Sums = (BigInt, BigInt, BigInt, BigInt, BigInt);
type Row = (
    Option<String>,
    Option<String>,
    (i64, i64, i64, i64),
    (i64, i64, i64, i64, i64),
);

/// Millions of minor units and the rest are summed each for itself: ten thousand of the largest amounts are more than
/// 64 bits hold, which is all that SQLite has.
const MILLION: i64 = 1_000_000;

const CLOSED: Col = Col {
    table: "deals",
    name: "actual_close",
};

impl Tx<'_> {
    /// The report over what may be seen.
    pub fn pipeline_report(
        &mut self,
        grant: Grant<Deal, Read>,
        group: Group,
        between: Between,
        currency: Currency,
    ) -> Result<Report, Fault> {
        let seen = self.open(grant)?.seen();
        let mut cond = vec![seen];
        let bounds = [(between.from, Op::Ge), (between.to, Op::Le)];
        cond.extend(
            bounds
                .into_iter()
                .filter_map(|(day, op)| Some(Cond::Is(CLOSED, op, day?.into()))),
        );
        let cond = Cond::All(cond);

        let (key, label, joins, by) = grouping(group);
        let all = |key, label| summed(key, label, currency).then(" FROM deals ");
        // Rows and total are of one state, whoever writes meanwhile.
        self.still(|tx| {
            let lines = all(key, label).then(joins).then(" WHERE ").cond(cond.clone());
            let lines: Vec<Line> = lines.then(by).rows::<Row>(tx)?.into_iter().map(line).collect();
            let total = match group {
                // A deal counts in each of them.
                Group::Team => {
                    let total = all(Words::Same("NULL"), "NULL").then(" WHERE ").cond(cond);
                    line(total.one::<Row>(tx)?).figures
                }
                _ => lines.iter().map(|line| line.figures).sum(),
            };
            Ok(Report { lines, total })
        })
    }
}

enum Words {
    Same(&'static str),
    Either(&'static str, &'static str),
}

/// An id as text, the same on both.
macro_rules! id_text {
    ($col:literal) => {
        Words::Either(
            concat!("CAST(", $col, " AS TEXT)"),
            concat!(
                "CASE WHEN ",
                $col,
                " IS NULL THEN NULL ELSE lower(substr(hex(",
                $col,
                "), 1, 8) || '-' || substr(hex(",
                $col,
                "), 9, 4) || '-' || substr(hex(",
                $col,
                "), 13, 4) || '-' || substr(hex(",
                $col,
                "), 17, 4) || '-' || substr(hex(",
                $col,
                "), 21, 12)) END"
            ),
        )
    };
}

/// Key, label, joins, and the grouping with its order: the largest won value is no order that both
/// databases would share among equals, so rows come by label and key.
fn grouping(group: Group) -> (Words, &'static str, &'static str, &'static str) {
    match group {
        Group::Stage => (
            id_text!("deals.stage_id"),
            "MIN(s.name)",
            "JOIN stages s ON s.organization_id = deals.organization_id AND s.id = deals.stage_id",
            " GROUP BY deals.stage_id ORDER BY MIN(s.position), MIN(s.name), deals.stage_id",
        ),
        Group::Owner => (
            id_text!("deals.owner_id"),
            "MIN(m.name)",
            "LEFT JOIN memberships m ON m.organization_id = deals.organization_id AND m.id = deals.owner_id",
            " GROUP BY deals.owner_id ORDER BY (deals.owner_id IS NULL), MIN(m.name_folded), deals.owner_id",
        ),
        Group::Team => (
            id_text!("t.id"),
            "MIN(t.name)",
            "LEFT JOIN team_members tm ON tm.organization_id = deals.organization_id AND tm.user_id = deals.owner_id \
             AND tm.deleted_at IS NULL LEFT JOIN teams t ON t.organization_id = tm.organization_id AND t.id = tm.team_id",
            " GROUP BY t.id ORDER BY (t.id IS NULL), MIN(t.name_folded), t.id",
        ),
        Group::Quarter => (
            Words::Same(QUARTER),
            QUARTER_LABEL,
            "",
            " GROUP BY 1 ORDER BY (MIN(deals.actual_close) IS NULL), MIN(deals.actual_close)",
        ),
        Group::Company => (
            id_text!("deals.company_id"),
            "MIN(c.name)",
            "LEFT JOIN companies c ON c.organization_id = deals.organization_id AND c.id = deals.company_id",
            " GROUP BY deals.company_id ORDER BY (deals.company_id IS NULL), MIN(c.name_folded), deals.company_id",
        ),
    }
}

const QUARTER: &str = "substr(CAST(deals.actual_close AS TEXT), 1, 4) || '-Q' || \
     CAST((CAST(substr(CAST(deals.actual_close AS TEXT), 6, 2) AS INTEGER) + 2) / 3 AS TEXT)";
const QUARTER_LABEL: &str = "MIN(substr(CAST(deals.actual_close AS TEXT), 1, 4) || '-Q' || \
     CAST((CAST(substr(CAST(deals.actual_close AS TEXT), 6, 2) AS INTEGER) + 2) / 3 AS TEXT))";

fn summed(
    key: Words,
    label: &'static str,
    currency: Currency,
) -> Sql<(Nullable<Text>, Nullable<Text>, Counts, Sums)> {
    let statement = match key {
        Words::Same(key) => Sql::text("SELECT ").then(key),
        Words::Either(postgres, sqlite) => Sql::text("SELECT ").then_either(postgres, sqlite),
    };
    let counted = statement
        .then(", ")
        .then(label)
        .then(
            ", COUNT(*), COUNT(CASE WHEN deals.status = 'WON' THEN 1 END), COUNT(CASE WHEN deals.status = 'LOST' THEN 1 END), \
             COUNT(CASE WHEN deals.status = 'OPEN' THEN 1 END)",
        );
    let millions = won(counted, " / ", currency);
    won(millions, " % ", currency)
        .then(
            ", COUNT(CASE WHEN deals.status = 'WON' AND deals.opened_on IS NOT NULL THEN 1 END), \
             CAST(COALESCE(SUM(CASE WHEN deals.status = 'WON' THEN ",
        )
        .then_either(
            "deals.actual_close - deals.opened_on",
            "CAST(julianday(deals.actual_close) - julianday(deals.opened_on) AS INTEGER)",
        )
        .then(" END), 0) AS BIGINT), COUNT(CASE WHEN deals.value_currency <> ")
        .bind(currency.code())
        .then(" THEN 1 END)")
}

/// The millions of what was won, or the rest.
fn won<R>(statement: Sql<R>, part: &'static str, currency: Currency) -> Sql<R> {
    statement
        .then(", CAST(COALESCE(SUM(CASE WHEN deals.status = 'WON' AND deals.value_currency = ")
        .bind(currency.code())
        .then(" THEN deals.value_minor")
        .then(part)
        .bind(Value::Big(MILLION))
        .then(" END), 0) AS BIGINT)")
}

fn line(
    (key, label, (deals, won, lost, open), (millions, rest, timed, days, other_currencies)): Row,
) -> Line {
    let figures = PipelineFigures {
        deals,
        won,
        lost,
        open,
        won_minor: i128::from(millions) * i128::from(MILLION) + i128::from(rest),
        timed,
        days,
        other_currencies,
    };
    Line { key, label, figures }
}
