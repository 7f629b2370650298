//! What goes into a database comes out as it was, and stands in the same order: on both, for all values.

use super::*;
use crate::backend::AnyConnection;
use crate::sql::{Kind, Sql, Value};
use chrono::Days;
use diesel::Connection;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;

/// SQLite, and PostgreSQL where a test may use one.
fn each() -> Vec<AnyConnection> {
    let sqlite = diesel::SqliteConnection::establish(":memory:").unwrap();
    let server = std::env::var("FIRMA_TEST_POSTGRES").ok();
    let postgres = server.map(|url| diesel::PgConnection::establish(&url).unwrap());
    let postgres = postgres.map(AnyConnection::Pg);
    [AnyConnection::Sqlite(sqlite)]
        .into_iter()
        .chain(postgres)
        .collect()
}

/// The first and the last day that there is.
fn ends() -> (NaiveDate, NaiveDate) {
    use firma_domain::Day;
    (Day::FIRST.to_chrono(), Day::LAST.to_chrono())
}

/// Two values that were sent, as they come back, and which of them the database takes for the smaller one.
macro_rules! kept {
    ($sql:ty, $raw:ty, $values:expr, $order:expr) => {
        kept!($sql, $raw, $values, $order, " < ")
    };
    ($sql:ty, $raw:ty, $values:expr, $order:expr, $less:literal) => {
        for conn in each().into_iter().map(RefCell::new) {
            let mut runner = TestRunner::new(Config::with_cases(300));
            let holds = |(a, b): ($raw, $raw)| {
                let sent = |value: &$raw| crate::sql::Raw::value(value.clone()).unwrap();
                let rows = Sql::<($sql, $sql, Bool)>::text("SELECT ")
                    .binds(vec![sent(&a), sent(&b)])
                    .then(", ")
                    .bind(sent(&a))
                    .then_either($less, " < ")
                    .bind(sent(&b))
                    .rows_on::<($raw, $raw, bool)>(&mut conn.borrow_mut())
                    .unwrap();
                let smaller = $order(&a) < $order(&b);
                prop_assert_eq!(rows, [(a, b, smaller)]);
                Ok(())
            };
            runner.run(&($values, $values), holds).unwrap();
        }
    };
}

#[test]
fn ids_are_kept_in_their_order() {
    let ids = any::<[u8; 16]>().prop_map(|bytes| Uid(firma_domain::Id::from_bytes(bytes)));
    kept!(Id, Uid, ids.clone(), |id: &Uid| id.0);
}

#[test]
fn instants_are_kept_to_the_microsecond_in_their_order() {
    let from = |micros| firma_domain::Instant::from_micros(micros).map(At);
    // Around both epochs, and to the ends of what there is.
    let near = prop_oneof![
        -2_000_000i64..2_000_000,
        PG_EPOCH - 2_000_000..PG_EPOCH + 2_000_000
    ];
    let (first, last) = ends();
    let micros = |day: NaiveDate| day.and_time(Default::default()).and_utc().timestamp_micros();
    let all = prop_oneof![near, micros(first)..=micros(last)];
    let instants = all.prop_filter_map("no instant", from);
    kept!(Instant, At, instants.clone(), |at: &At| at.0);
}

#[test]
fn days_are_kept_in_their_order() {
    let (first, last) = ends();
    let all = u64::try_from((last - first).num_days()).unwrap();
    let days = prop_oneof![Just(0), Just(all), 0..=all];
    let days = days.prop_map(move |n| On(firma_domain::Day::new(first + Days::new(n)).unwrap()));
    kept!(Date, On, days.clone(), |on: &On| on.0);
}

#[test]
fn numbers_and_texts_are_kept_in_their_order() {
    kept!(BigInt, i64, any::<i64>(), |n: &i64| *n);
    kept!(Integer, i32, any::<i32>(), |n: &i32| *n);
    // PostgreSQL has no NUL in texts, so none of ours has; by bytes, as in the columns.
    let texts = "[^\0]{0,20}";
    kept!(
        Text,
        String,
        texts,
        |text: &String| text.clone(),
        " COLLATE \"C\" < "
    );
}

#[test]
fn nothing_stays_nothing() {
    type All = (Nullable<Id>, Nullable<Instant>, Nullable<Date>, Nullable<Text>);
    type Row = (Option<Uid>, Option<At>, Option<On>, Option<String>);
    for mut conn in each() {
        let kinds = [Kind::Id, Kind::At, Kind::Day, Kind::Text];
        let rows = Sql::<All>::text("SELECT ")
            .binds(kinds.map(Value::Null).to_vec())
            .rows_on::<Row>(&mut conn)
            .unwrap();
        assert_eq!(rows, [(None, None, None, None)]);
    }
}
