//! How fast this machine is: one deal read by its id in a loop on one thread, typed, through Diesel.
//! A machine has slow minutes and quick ones, so it is measured right beside each figure.

use crate::fill::Filled;
use crate::load::{Dice, quantile};
use crate::options::Kind;
use crate::seat;
use crate::server::Server;
use crate::statement::Any;
use crate::types::{At, Uid};
use chrono::NaiveDate;
use diesel::connection::CacheSize;
use diesel::prelude::*;
use std::time::Instant;

/// Microseconds that it takes on the machine that the targets were set on.
const POSTGRES: f64 = 87.5;
const SQLITE: f64 = 21.0;

/// A connection to measure on.
pub struct Yardstick<'a> {
    conn: Any,
    filled: &'a Filled,
    reference: f64,
}

impl<'a> Yardstick<'a> {
    pub fn new(mut conn: Any, filled: &'a Filled) -> Yardstick<'a> {
        let reference = match &mut conn {
            Any::Pg(_) => POSTGRES,
            Any::Sqlite(c) => {
                // As SQLite does it by itself where a LIMIT is bound, if it isn't built to keep plans.
                c.set_prepared_statement_cache_size(CacheSize::Disabled);
                SQLITE
            }
        };
        Yardstick {
            conn,
            filled,
            reference,
        }
    }

    /// Microseconds a read, of each round.
    pub fn rounds(&mut self, seconds: f64) -> Result<Vec<f32>, String> {
        rounds(&mut self.conn, self.filled, seconds)
    }

    /// To the machine that the targets were set on.
    pub fn scale(&self, microseconds: f64) -> f64 {
        microseconds / self.reference
    }
}

/// Reads that are timed together.
const ROUND: u16 = 200;

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::{Id, Instant};
    deals (organization_id, id) {
        organization_id -> Id, id -> Id, version -> Integer, created_at -> Instant, created_by -> Nullable<Id>,
        updated_at -> Instant, deleted_at -> Nullable<Instant>, deletion_id -> Nullable<Id>,
        external_id -> Nullable<Text>, title -> Text, company_id -> Nullable<Id>, pipeline_id -> Id,
        stage_id -> Id, status -> Text, value_minor -> Nullable<BigInt>, value_currency -> Nullable<Text>,
        probability -> Nullable<Integer>, opened_on -> Nullable<Date>, expected_close -> Nullable<Date>,
        actual_close -> Nullable<Date>, lost_reason -> Nullable<Text>, owner_id -> Nullable<Id>, tags -> Text,
    }
}

pub type Row = (
    (Uid, Uid, i32, At, Option<Uid>, At, Option<At>, Option<Uid>),
    (
        Option<String>,
        String,
        Option<Uid>,
        Uid,
        Uid,
        String,
        Option<i64>,
        Option<String>,
    ),
    (
        Option<i32>,
        Option<NaiveDate>,
        Option<NaiveDate>,
        Option<NaiveDate>,
        Option<String>,
        Option<Uid>,
        String,
    ),
);

/// Microseconds a read.
pub fn measure(conn: &mut Any, filled: &Filled, seconds: f64) -> Result<f64, String> {
    Ok(median(rounds(conn, filled, seconds)?))
}

/// What half of the rounds don't exceed.
pub fn median(mut rounds: Vec<f32>) -> f64 {
    rounds.sort_by(f32::total_cmp);
    quantile(&rounds, 0.5)
}

fn rounds(conn: &mut Any, filled: &Filled, seconds: f64) -> Result<Vec<f32>, String> {
    use deals::columns::*;
    let organization = uid(&filled.main.id)?;
    let ids = filled
        .deals
        .iter()
        .map(|text| uid(text))
        .collect::<Result<Vec<_>, _>>()?;
    let mut dice = Dice::new(0);
    let mut read = || -> Result<(), String> {
        let wanted = ids[dice.below(ids.len())];
        let query = deals::table
            .filter(organization_id.eq(organization))
            .filter(id.eq(wanted))
            .select((
                (
                    organization_id,
                    id,
                    version,
                    created_at,
                    created_by,
                    updated_at,
                    deleted_at,
                    deletion_id,
                ),
                (
                    external_id,
                    title,
                    company_id,
                    pipeline_id,
                    stage_id,
                    status,
                    value_minor,
                    value_currency,
                ),
                (
                    probability,
                    opened_on,
                    expected_close,
                    actual_close,
                    lost_reason,
                    owner_id,
                    tags,
                ),
            ));
        let row: Result<Row, _> = match conn {
            Any::Pg(c) => query.first(c),
            Any::Sqlite(c) => query.first(c),
        };
        row.map(|row| drop(std::hint::black_box(row)))
            .map_err(|e| e.to_string())
    };
    for _ in 0..2_000 {
        read()?;
    }
    let mut rounds = Vec::new();
    let until = Instant::now() + std::time::Duration::from_secs_f64(seconds);
    while Instant::now() < until {
        let begun = Instant::now();
        for _ in 0..ROUND {
            read()?;
        }
        rounds.push(begun.elapsed().as_secs_f32() * 1_000_000.0 / f32::from(ROUND));
    }
    Ok(rounds)
}

/// Microseconds a read where all cores do the same: what a core is worth while the others work, too.
pub fn measure_on_all_cores(
    kind: &Kind,
    server: &Server,
    filled: &Filled,
    seconds: f64,
) -> Result<f64, String> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let one = || measure(&mut seat::connect(kind, server)?, filled, seconds);
    let each: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..cores).map(|_| scope.spawn(one)).collect();
        let joined = running.into_iter().map(|thread| thread.join());
        joined
            .map(|ended| ended.unwrap_or_else(|_| Err("a thread panicked".into())))
            .collect()
    });
    let each = each.into_iter().collect::<Result<Vec<f64>, String>>()?;
    Ok(each.iter().sum::<f64>() / each.len() as f64)
}

/// An id from its text.
pub fn uid(text: &str) -> Result<Uid, String> {
    let id: firma_domain::Id = text.parse().map_err(|_| format!("{text} is no id"))?;
    Ok(Uid(*id.as_bytes()))
}
