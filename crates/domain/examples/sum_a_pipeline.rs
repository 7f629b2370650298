//! The figures of some deals: `cargo run -p firma-domain --example sum_a_pipeline`.
//!
//! They are exact: amounts are integers of minor units, rates and means are rounded once, at the end.
#![allow(clippy::print_stdout)]

use firma_domain::crm::{Deal, PipelineFigures, default_stages};
use firma_domain::{Currency, Day, Id, input};
use serde_json::json;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let deals = [
        deal("Won", "1200.00", "EUR", "2026-02-11")?,
        deal("Won", "799.95", "EUR", "2026-02-20")?,
        deal("Lost", "50.00", "EUR", "2026-02-03")?,
        deal("Won", "90000", "JPY", "2026-02-02")?,
    ];
    let euro = Currency::from_code("EUR").ok_or("no such currency")?;
    let row = PipelineFigures::of(&deals, euro).row(euro);
    println!("{}", serde_json::to_string_pretty(&row)?);
    Ok(())
}

/// A deal that came in already closed.
fn deal(stage: &str, amount: &str, currency: &str, closed: &str) -> Result<Deal, Box<dyn Error>> {
    let stages = default_stages(Id::fixed(7, 1));
    let found = stages.iter().find(|known| known.name == stage);
    let stage = found.ok_or_else(|| format!("no stage {stage}"))?;
    let today: Day = "2026-03-01".parse().map_err(|()| "no day")?;
    let deal: Deal = input::read(json!({
        "title": "hats",
        "value": {"amount": amount, "currency": currency},
        "opened_on": "2026-02-01",
        "actual_close": closed,
    }))?;
    Ok(deal.standing_in(stage, None, today)?)
}
