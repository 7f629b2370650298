//! How values are bound on each of the two databases.

use super::value::{Kind, Value};
use crate::backend::{At, Date, Id, Instant, On, Uid};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, backend::Backend};

/// How a value is bound on one backend.
pub(crate) trait Bind<DB: Backend> {
    /// Which of the two it is
    const POSTGRES: bool;
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

/// What every backend has.
macro_rules! scalars {
    ($self:ident, $out:ident, $else:pat => $other:expr) => {
        match $self {
            Value::Text(v) => $out.push_bind_param::<Text, _>(v),
            Value::Int(v) => $out.push_bind_param::<Integer, _>(v),
            Value::Big(v) => $out.push_bind_param::<BigInt, _>(v),
            Value::Bool(v) => $out.push_bind_param::<Bool, _>(v),
            Value::Day(v) => $out.push_bind_param::<Date, _>(v),
            Value::Id(v) => $out.push_bind_param::<Id, _>(v),
            Value::At(v) => $out.push_bind_param::<Instant, _>(v),
            Value::Bytes(v) => $out.push_bind_param::<Binary, _>(v),
            Value::Null(Kind::Text) => $out.push_bind_param::<Nullable<Text>, Option<String>>(&None),
            Value::Null(Kind::Int) => $out.push_bind_param::<Nullable<Integer>, Option<i32>>(&None),
            Value::Null(Kind::Big) => $out.push_bind_param::<Nullable<BigInt>, Option<i64>>(&None),
            Value::Null(Kind::Bool) => $out.push_bind_param::<Nullable<Bool>, Option<bool>>(&None),
            Value::Null(Kind::Day) => $out.push_bind_param::<Nullable<Date>, Option<On>>(&None),
            Value::Null(Kind::Id) => $out.push_bind_param::<Nullable<Id>, Option<Uid>>(&None),
            Value::Null(Kind::At) => $out.push_bind_param::<Nullable<Instant>, Option<At>>(&None),
            Value::Null(Kind::Bytes) => $out.push_bind_param::<Nullable<Binary>, Option<Vec<u8>>>(&None),
            $else => $other,
        }
    };
}

fn no_arrays() -> QueryResult<()> {
    Err(diesel::result::Error::QueryBuilderError(
        "arrays are for PostgreSQL".into(),
    ))
}

impl Bind<Sqlite> for Value {
    const POSTGRES: bool = false;
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        scalars!(self, out, _ => no_arrays())
    }
}
impl Bind<Pg> for Value {
    const POSTGRES: bool = true;
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Value::Texts(v) => out.push_bind_param::<Array<Nullable<Text>>, _>(v),
            Value::Ids(v) => out.push_bind_param::<Array<Id>, _>(v),
            Value::Ints(v) => out.push_bind_param::<Array<Integer>, _>(v),
            Value::Blobs(v) => out.push_bind_param::<Array<Binary>, _>(v),
            scalar => scalars!(scalar, out, _ => no_arrays()),
        }
    }
}
