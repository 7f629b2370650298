//! A deal on its way through its stages: `cargo run -p firma-domain --example move_a_deal`.
//!
//! The domain reads input, decides what follows from a stage, and names what happened. Ids and the day
//! are given to it; where a deal is kept is the caller's affair.
#![allow(clippy::print_stdout)]

use firma_domain::crm::{Deal, Stage, default_stages};
use firma_domain::{Day, Entity, Id, input};
use serde_json::json;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let stages = default_stages(Id::fixed(7, 1));
    let stage = |name: &str| -> Result<&Stage, String> {
        let found = stages.iter().find(|stage| stage.name == name);
        found.ok_or_else(|| format!("no stage {name}"))
    };
    let today: Day = "2026-03-01".parse().map_err(|()| "no day")?;

    let body = json!({"title": "200 hats", "value": {"amount": "1999.50", "currency": "EUR"}});
    let made = input::read::<Deal>(body)?.standing_in(stage("Prospecting")?, None, today)?;
    println!("made: {}", made.status.as_str());

    // A change is a merge patch, read as strictly as a new deal.
    let patch = input::patch::<Deal>(json!({"lost_reason": "too dear"}))?;
    let lost = input::merge(&made, patch)?.standing_in(stage("Lost")?, Some(&made), today)?;
    tell(&made, &lost);

    let open = lost.clone().standing_in(stage("Proposal")?, Some(&lost), today)?;
    tell(&lost, &open);
    let won = open.clone().standing_in(stage("Won")?, Some(&open), today)?;
    tell(&open, &won);

    // What breaks a rule is refused, with the field and the reason.
    if let Err(invalid) = open.clone().standing_in(stage("Lost")?, Some(&open), today) {
        println!("refused: {invalid}");
    }
    Ok(())
}

/// What happened, under the name that the audit log and the events give it.
fn tell(before: &Deal, after: &Deal) {
    let closed = after
        .actual_close
        .map_or("open".to_owned(), |day| format!("closed on {day}"));
    println!(
        "{}.{}: {}, {closed}",
        Deal::NAME,
        Deal::verb(before, after),
        after.status.as_str()
    );
}
