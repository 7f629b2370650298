use crate::keeping::Keeping;
use crate::listing::{self, Parameters};
use crate::refusal::Refusal;
use crate::rows::living;
use crate::work::Work;
use firma_auth::access::{Grant, Reach, Read};
use firma_domain::crm::{Company, Deal, Group, PipelineRow, Stage};
use firma_domain::organizations::{Member, Team};
use firma_domain::{Currency, Entity, Id};
use firma_persistence::crm::{Between, Line};
use serde::Serialize;
use std::collections::HashSet;

/// One row of the report.
#[derive(Debug, Clone, Serialize)]
pub struct PipelineLine {
    /// What the row is about: an id or a quarter; none for deals that have none
    pub key: Option<String>,
    /// Its name; none where the caller may not read what it is about
    pub label: Option<String>,
    #[serde(flatten)]
    pub row: PipelineRow,
}

/// The report.
#[derive(Debug, Clone, Serialize)]
pub struct PipelineReport {
    pub data: Vec<PipelineLine>,
    pub total: PipelineRow,
}

/// The pipeline report over the deals that the caller sees.
pub fn pipeline_report(
    work: &mut Work<'_, '_>,
    grant: Grant<Deal, Read>,
    parameters: &Parameters,
) -> Result<PipelineReport, Refusal> {
    let (group, between, currency) = read(parameters, work.currency())?;
    let report = work.tx.pipeline_report(grant, group, between, currency)?;
    let mut lines = report.lines.clone();
    match group {
        Group::Stage => unless_seen::<Stage>(work, &mut lines)?,
        Group::Owner => unless_seen::<Member>(work, &mut lines)?,
        Group::Team => unless_seen::<Team>(work, &mut lines)?,
        Group::Company => unless_seen::<Company>(work, &mut lines)?,
        Group::Quarter => {}
    }
    let line = |line: Line| PipelineLine {
        key: line.key,
        label: line.label,
        row: line.figures.row(currency),
    };
    Ok(PipelineReport {
        data: lines.into_iter().map(line).collect(),
        total: report.total.row(currency),
    })
}

/// Takes away the names of rows that the caller may not read, whose deals they may.
fn unless_seen<E: Keeping>(work: &mut Work<'_, '_>, lines: &mut [Line]) -> Result<(), Refusal> {
    let grant = work.facts().may_read::<E>();
    if grant.is_some_and(|grant| grant.seen() == Some(Reach::Org)) {
        return Ok(());
    }
    let id = |line: &Line| line.key.as_deref().and_then(|key| key.parse::<Id>().ok());
    let keys: Vec<_> = lines.iter().filter_map(id).collect();
    // Whom one is oneself one knows.
    let me = work.user();
    let mut seen: HashSet<_> = (E::COLLECTION == Member::COLLECTION)
        .then_some(me)
        .into_iter()
        .collect();
    if let Some(grant) = grant {
        seen.extend(living(work, grant, keys)?);
    }
    for line in lines {
        if id(line).is_some_and(|id| !seen.contains(&id)) {
            line.label = None;
        }
    }
    Ok(())
}

fn read(parameters: &Parameters, currency: Currency) -> Result<(Group, Between, Currency), Refusal> {
    let (mut group, mut between, mut currency) = (None, Between::default(), currency);
    listing::each(parameters, |name, value| {
        let wrong = |what: &str| Refusal::parameter(name, "invalid_value", what);
        let day = || {
            value
                .parse()
                .map_err(|_| wrong("is not a date such as 2026-01-31"))
        };
        match name {
            "group_by" => {
                group = Some(
                    value
                        .parse()
                        .map_err(|()| wrong("has to be stage, owner, team, quarter or company"))?,
                );
            }
            "from" => between.from = Some(day()?),
            "to" => between.to = Some(day()?),
            "currency" => {
                currency =
                    Currency::from_code(value).ok_or_else(|| wrong("is not a currency code of ISO 4217"))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let group = group.ok_or_else(|| Refusal::parameter("group_by", "required", "is required"))?;
    Ok((group, between, currency))
}
