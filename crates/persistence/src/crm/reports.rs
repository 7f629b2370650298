//! The pipeline report, summed in the database over the deals that the grant sees.

use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Value};
use crate::store::{Question, Tx};
use diesel::sql_types::{BigInt, Nullable, Text};
use firma_auth::access::{Grant, Reach, Read};
use firma_domain::crm::{Company, Deal, Group, PipelineFigures, Stage};
use firma_domain::organizations::{Member, Team, TeamMember};
use firma_domain::{Currency, Day, Entity, Id};
use std::sync::Arc;

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
    ) -> Result<Arc<Report>, Fault> {
        let organization = grant.organization();
        let mut of = named_by(group);
        if grant.seen() == Some(Reach::Team) {
            of.extend([Team::NAME, TeamMember::NAME]);
        }
        let mut deals = self.open(grant)?;
        let mut cond = vec![deals.seen()];
        let bounds = [(between.from, Op::Ge), (between.to, Op::Le)];
        cond.extend(
            bounds
                .into_iter()
                .filter_map(|(day, op)| Some(Cond::Is(CLOSED, op, day?.into()))),
        );
        let cond = Cond::All(cond);
        let lines = |tx: &mut Tx<'_>, group| -> Result<Vec<Line>, Fault> {
            let rows = summed(organization, group, currency, cond.clone()).rows::<Row>(tx)?;
            Ok(rows.into_iter().map(line).collect())
        };
        let question = Question {
            asked: format!("pipeline {group:?} {between:?} {currency:?}"),
            of,
            weigh: |report: &Report| report.lines.len(),
        };
        deals.computed(question, |tx| {
            let lines_of_group = lines(tx, group)?;
            let once = match group {
                // A deal counts in each of them, and in the total once.
                Group::Team => &lines(tx, Group::Owner)?,
                _ => &lines_of_group,
            };
            let total = once.iter().map(|line| line.figures).sum();
            Ok(Report {
                lines: lines_of_group,
                total,
            })
        })
    }
}

/// The entities that a row's deals and label come from.
fn named_by(group: Group) -> Vec<&'static str> {
    match group {
        Group::Stage => vec![Deal::NAME, Stage::NAME],
        Group::Owner => vec![Deal::NAME, Member::NAME],
        Group::Team => vec![Deal::NAME, Team::NAME, TeamMember::NAME],
        Group::Quarter => vec![Deal::NAME],
        Group::Company => vec![Deal::NAME, Company::NAME],
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

/// How deals are put into rows: summed by a column of their own, `k`, and these sums then named, and put together
/// where a row is of several.
struct Grouping {
    by: &'static str,
    key: Words,
    label: &'static str,
    /// What has the names: before and after the organization
    joins: Option<(&'static str, &'static str)>,
    /// The largest won value is no order that both databases would share among equals, so rows come by label and key
    order: &'static str,
}

fn grouping(group: Group) -> Grouping {
    match group {
        Group::Stage => Grouping {
            by: "deals.stage_id",
            key: id_text!("sums.k"),
            label: "MIN(s.name)",
            joins: Some(("JOIN stages s ON s.organization_id = ", " AND s.id = sums.k")),
            order: " GROUP BY sums.k ORDER BY MIN(s.position), MIN(s.name), sums.k",
        },
        Group::Owner => Grouping {
            by: "deals.owner_id",
            key: id_text!("sums.k"),
            label: "MIN(m.name)",
            joins: Some((
                "LEFT JOIN memberships m ON m.organization_id = ",
                " AND m.id = sums.k",
            )),
            order: " GROUP BY sums.k ORDER BY (sums.k IS NULL), MIN(m.name_folded), sums.k",
        },
        Group::Team => Grouping {
            by: "deals.owner_id",
            key: id_text!("t.id"),
            label: "MIN(t.name)",
            joins: Some((
                "LEFT JOIN team_members tm ON tm.organization_id = ",
                " AND tm.user_id = sums.k AND tm.deleted_at IS NULL \
                 LEFT JOIN teams t ON t.organization_id = tm.organization_id AND t.id = tm.team_id",
            )),
            order: " GROUP BY t.id ORDER BY (t.id IS NULL), MIN(t.name_folded), t.id",
        },
        Group::Quarter => Grouping {
            by: QUARTER,
            key: Words::Same("sums.k"),
            label: "MIN(sums.k)",
            joins: None,
            order: " GROUP BY sums.k ORDER BY (sums.k IS NULL), sums.k",
        },
        Group::Company => Grouping {
            by: "deals.company_id",
            key: id_text!("sums.k"),
            label: "MIN(c.name)",
            joins: Some((
                "LEFT JOIN companies c ON c.organization_id = ",
                " AND c.id = sums.k",
            )),
            order: " GROUP BY sums.k ORDER BY (sums.k IS NULL), MIN(c.name_folded), sums.k",
        },
    }
}

const QUARTER: &str = "substr(CAST(deals.actual_close AS TEXT), 1, 4) || '-Q' || \
     CAST((CAST(substr(CAST(deals.actual_close AS TEXT), 6, 2) AS INTEGER) + 2) / 3 AS TEXT)";

/// The rows of a report.
fn summed(
    organization: Id,
    group: Group,
    currency: Currency,
    cond: Cond,
) -> Sql<(Nullable<Text>, Nullable<Text>, Counts, Sums)> {
    let Grouping {
        by,
        key,
        label,
        joins,
        order,
    } = grouping(group);
    let statement = match key {
        Words::Same(key) => Sql::text("SELECT ").then(key),
        Words::Either(postgres, sqlite) => Sql::text("SELECT ").then_either(postgres, sqlite),
    };
    let mut statement = statement.then(", ").then(label);
    for sum in [
        "deals", "won", "lost", "open", "millions", "rest", "timed", "days", "others",
    ] {
        statement = statement.then(", CAST(SUM(sums.").then(sum).then(") AS BIGINT)");
    }
    statement = statement
        .then(" FROM (")
        .nested(counted(by, currency).cond(cond).then(" GROUP BY 1"))
        .then(") sums ");
    if let Some((before, after)) = joins {
        statement = statement.then(before).bind(organization).then(after);
    }
    statement.then(order)
}

/// The deals that fit, summed by what they have in common; what is to fit comes next.
fn counted(by: &'static str, currency: Currency) -> Sql {
    let counts = Sql::text("SELECT ").then(by).then(
        " AS k, COUNT(*) AS deals, COUNT(CASE WHEN deals.status = 'WON' THEN 1 END) AS won, \
         COUNT(CASE WHEN deals.status = 'LOST' THEN 1 END) AS lost, \
         COUNT(CASE WHEN deals.status = 'OPEN' THEN 1 END) AS open",
    );
    let millions = won(counts, " / ", currency).then(" AS millions");
    won(millions, " % ", currency)
        .then(
            " AS rest, COUNT(CASE WHEN deals.status = 'WON' AND deals.opened_on IS NOT NULL THEN 1 END) AS timed, \
             COALESCE(SUM(CASE WHEN deals.status = 'WON' THEN ",
        )
        .then_either(
            "deals.actual_close - deals.opened_on",
            "CAST(julianday(deals.actual_close) - julianday(deals.opened_on) AS INTEGER)",
        )
        .then(" END), 0) AS days, COUNT(CASE WHEN deals.value_currency <> ")
        .bind(currency.code())
        .then(" THEN 1 END) AS others FROM deals WHERE ")
}

/// The millions of what was won, or the rest.
fn won(statement: Sql, part: &'static str, currency: Currency) -> Sql {
    statement
        .then(", COALESCE(SUM(CASE WHEN deals.status = 'WON' AND deals.value_currency = ")
        .bind(currency.code())
        .then(" THEN deals.value_minor")
        .then(part)
        .bind(Value::Big(MILLION))
        .then(" END), 0)")
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
