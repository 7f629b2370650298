use crate::listing::Parameters;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Grant, Read};
use firma_domain::Currency;
use firma_domain::crm::{Deal, Group, PipelineRow};
use firma_persistence::crm::Between;
use serde::Serialize;

/// One row of the report.
#[derive(Debug, Clone, Serialize)]
pub struct PipelineLine {
    /// What the row is about: an id or a quarter; none for deals that have none
    pub key: Option<String>,
    /// Its name
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
    let line = |line: firma_persistence::crm::Line| PipelineLine {
        key: line.key,
        label: line.label,
        row: line.figures.row(currency),
    };
    Ok(PipelineReport {
        data: report.lines.into_iter().map(line).collect(),
        total: report.total.row(currency),
    })
}

fn read(parameters: &Parameters, currency: Currency) -> Result<(Group, Between, Currency), Refusal> {
    let (mut group, mut between, mut currency) = (None, Between::default(), currency);
    let mut seen = Vec::new();
    for (name, value) in parameters {
        crate::listing::once(&mut seen, name)?;
        let wrong = |what: &str| Refusal::parameter(name.as_str(), "invalid_value", what);
        let day = || {
            value
                .parse()
                .map_err(|_| wrong("is not a date such as 2026-01-31"))
        };
        match name.as_str() {
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
            _ => return Err(crate::listing::unknown(name)),
        }
    }
    let group = group.ok_or_else(|| Refusal::parameter("group_by", "required", "is required"))?;
    Ok((group, between, currency))
}
