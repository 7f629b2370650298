//! What the server says to the database, said without it: the same statements through Diesel, on as
//! many threads as the server has connections. What is left over is the price of everything above.

use crate::fill::Filled;
use crate::load::{Dice, Load, in_threads};
use crate::machine::Watched;
use crate::options::Kind;
use crate::record;
use crate::seat::Seat;
use crate::server::Server;
use crate::statement::{Bind, sql};
use crate::types::{Id, Instant, Uid};
use crate::yardstick::{Row, uid};
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};

type Done<T> = Result<T, String>;

type Columns = (
    (
        Id,
        Id,
        Integer,
        Instant,
        Nullable<Id>,
        Instant,
        Nullable<Instant>,
        Nullable<Id>,
    ),
    (
        Nullable<Text>,
        Text,
        Nullable<Id>,
        Id,
        Id,
        Text,
        Nullable<BigInt>,
        Nullable<Text>,
    ),
    (
        Nullable<Integer>,
        Nullable<Date>,
        Nullable<Date>,
        Nullable<Date>,
        Nullable<Text>,
        Nullable<Id>,
        Text,
    ),
);

macro_rules! deals {
    ($rest:literal) => {
        concat!(
            "SELECT organization_id, id, version, created_at, created_by, updated_at, deleted_at, deletion_id, \
             external_id, title, company_id, pipeline_id, stage_id, status, value_minor, value_currency, \
             probability, opened_on, expected_close, actual_close, lost_reason, owner_id, tags FROM deals \
             WHERE organization_id = ? AND ",
            $rest
        )
    };
}

fn read(seat: &mut Seat, organization: Uid, id: Uid) -> Done<()> {
    seat.facts("main")?;
    let statement = sql(
        deals!("id = ? LIMIT 1"),
        vec![Bind::Id(organization), Bind::Id(id)],
    );
    exactly(seat.conn.rows::<Columns, Row>(statement)?, 1)
}

fn list(seat: &mut Seat, organization: Uid) -> Done<()> {
    seat.facts("main")?;
    let binds = vec![Bind::Id(organization), Bind::Text("OPEN".into())];
    let text = deals!("deleted_at IS NULL AND status = ? ORDER BY created_at DESC, id DESC LIMIT 51");
    exactly(seat.conn.rows::<Columns, Row>(sql(text, binds))?, 51)
}

fn exactly(rows: Vec<Row>, count: usize) -> Done<()> {
    match std::hint::black_box(rows).len() {
        found if found == count => Ok(()),
        found => Err(format!("{found} rows instead of {count}")),
    }
}

/// Read, list, create.
pub fn measure(
    kind: &Kind,
    server: &Server,
    filled: &Filled,
    seconds: f64,
    watched: Watched,
) -> Done<[Load; 3]> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let (readers, writers) = if kind.is_postgres() {
        ((cores * 2).max(4), (cores * 2).max(4))
    } else {
        (cores.max(2), 1)
    };
    let organization = uid(&filled.main.id)?;
    let deals = filled.deals.iter().map(|id| uid(id)).collect::<Done<Vec<_>>>()?;
    let deals = deals.as_slice();
    let seat = || Seat::take(kind, server, filled);
    let read = in_threads(readers, seconds, watched, |thread| {
        let (mut seat, mut dice) = (seat()?, Dice::new(thread));
        Ok(move || read(&mut seat, organization, deals[dice.below(deals.len())]))
    })?;
    let list = in_threads(readers, seconds, watched, |_| {
        let mut seat = seat()?;
        Ok(move || list(&mut seat, organization))
    })?;
    let create = in_threads(writers, seconds, watched, |thread| {
        let (mut seat, mut dice) = (seat()?, Dice::new(thread));
        Ok(move || record::create(&mut seat, &filled.places[dice.below(filled.places.len())]))
    })?;
    Ok([read, list, create])
}
