//! The types that Diesel doesn't have alike on both databases, owned here: id, instant and day.

use chrono::{Datelike, NaiveDate};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{self, SqlType};
use diesel::sqlite::Sqlite;

/// `uuid` on PostgreSQL, sixteen bytes on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct Id;

/// `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct Instant;

/// `date` on PostgreSQL, text such as `2026-01-31` on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1082, array_oid = 1182), sqlite_type(name = "Text"))]
pub struct Date;

/// The domain's id, as a value of the column type [`Id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct Uid(pub firma_domain::Id);

/// The domain's instant, as a value of the column type [`Instant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub struct At(pub firma_domain::Instant);

/// The domain's day, as a value of the column type [`Date`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Date)]
pub struct On(pub firma_domain::Day);

impl FromSql<Id, Pg> for Uid {
    fn from_sql(raw: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Uid(firma_domain::Id::from_bytes(raw.as_bytes().try_into()?)))
    }
}
impl ToSql<Id, Pg> for Uid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<Id, Sqlite> for Uid {
    fn from_sql(mut raw: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Uid(firma_domain::Id::from_bytes(raw.read_blob().try_into()?)))
    }
}
impl ToSql<Id, Sqlite> for Uid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        <[u8] as ToSql<sql_types::Binary, Sqlite>>::to_sql(self.0.as_bytes().as_slice(), out)
    }
}

/// Microseconds from 1970 to 2000, where PostgreSQL counts from.
const PG_EPOCH: i64 = 946_684_800_000_000;

impl FromSql<Instant, Pg> for At {
    fn from_sql(raw: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(raw.as_bytes().try_into()?);
        instant(micros.checked_add(PG_EPOCH).ok_or("instant out of range")?)
    }
}
impl ToSql<Instant, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, &(self.0.micros() - PG_EPOCH).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<Instant, Sqlite> for At {
    fn from_sql(raw: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        instant(<i64 as FromSql<sql_types::BigInt, Sqlite>>::from_sql(raw)?)
    }
}
impl ToSql<Instant, Sqlite> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.micros());
        Ok(IsNull::No)
    }
}

/// 2000-01-01, where PostgreSQL counts from, in days of the calendar from the year 1.
const PG_FIRST: i32 = 730_120;

impl FromSql<Date, Pg> for On {
    fn from_sql(raw: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let days = i32::from_be_bytes(raw.as_bytes().try_into()?);
        let date = days
            .checked_add(PG_FIRST)
            .and_then(NaiveDate::from_num_days_from_ce_opt);
        let day = date.and_then(firma_domain::Day::new);
        day.map(On).ok_or_else(|| "day out of range".into())
    }
}
impl ToSql<Date, Pg> for On {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let days = self.0.to_chrono().num_days_from_ce() - PG_FIRST;
        std::io::Write::write_all(out, &days.to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<Date, Sqlite> for On {
    fn from_sql(mut raw: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = raw.read_text();
        let day = text.parse().map(On);
        day.map_err(|()| format!("{text} is no day").into())
    }
}
impl ToSql<Date, Sqlite> for On {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

fn instant(micros: i64) -> deserialize::Result<At> {
    firma_domain::Instant::from_micros(micros)
        .map(At)
        .ok_or_else(|| "instant out of range".into())
}

#[cfg(test)]
mod tests;
