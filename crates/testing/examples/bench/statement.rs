//! Statements straight through Diesel, on both databases: text and values, prepared once a connection.

use crate::types::{At, Id, Instant, Uid};
use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::{ExecuteDsl, LoadQuery};
use diesel::sql_types::{BigInt, Binary, Date, Integer, Text};
use diesel::sqlite::Sqlite;
use std::marker::PhantomData;

pub enum Bind {
    Id(Uid),
    At(At),
    Int(i32),
    Big(i64),
    Day(NaiveDate),
    Text(String),
    Bytes(Vec<u8>),
}

/// Text with a `?` for each value; gives rows of the SQL types `R`.
pub struct Statement<R = ()> {
    text: &'static str,
    binds: Vec<Bind>,
    of: PhantomData<R>,
}

pub fn sql<R>(text: &'static str, binds: Vec<Bind>) -> Statement<R> {
    Statement {
        text,
        binds,
        of: PhantomData,
    }
}

macro_rules! rendered { ($($db:ty),*) => { $(
    impl<R> QueryFragment<$db> for Statement<R> {
        fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
            let mut binds = self.binds.iter();
            for (n, text) in self.text.split('?').enumerate() {
                match if n == 0 { None } else { binds.next() } {
                    None => {}
                    Some(Bind::Id(v)) => out.push_bind_param::<Id, _>(v)?,
                    Some(Bind::At(v)) => out.push_bind_param::<Instant, _>(v)?,
                    Some(Bind::Int(v)) => out.push_bind_param::<Integer, _>(v)?,
                    Some(Bind::Big(v)) => out.push_bind_param::<BigInt, _>(v)?,
                    Some(Bind::Day(v)) => out.push_bind_param::<Date, _>(v)?,
                    Some(Bind::Text(v)) => out.push_bind_param::<Text, _>(v)?,
                    Some(Bind::Bytes(v)) => out.push_bind_param::<Binary, _>(v)?,
                }
                out.push_sql(text);
            }
            Ok(())
        }
    }
)* } }
rendered!(Pg, Sqlite);

impl<R> QueryId for Statement<R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<R> Query for Statement<R> {
    type SqlType = R;
}
impl<R, Conn> RunQueryDsl<Conn> for Statement<R> {}

/// A connection of either kind.
pub enum Any {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

type Done<T> = Result<T, String>;

impl Any {
    pub fn rows<R, T>(&mut self, statement: Statement<R>) -> Done<Vec<T>>
    where
        Statement<R>: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
    {
        let rows = match self {
            Any::Pg(c) => RunQueryDsl::<PgConnection>::load(statement, c),
            Any::Sqlite(c) => RunQueryDsl::<SqliteConnection>::load(statement, c),
        };
        rows.map_err(|e| e.to_string())
    }

    pub fn run(&mut self, statement: Statement) -> Done<()> {
        let text = statement.text;
        let run = match self {
            Any::Pg(c) => ExecuteDsl::<PgConnection>::execute(statement, c),
            Any::Sqlite(c) => ExecuteDsl::<SqliteConnection>::execute(statement, c),
        };
        run.map(drop).map_err(|e| format!("{e}: {text}"))
    }

    /// Statements without values.
    pub fn batch(&mut self, text: &str) -> Done<()> {
        let run = match self {
            Any::Pg(c) => c.batch_execute(text),
            Any::Sqlite(c) => c.batch_execute(text),
        };
        run.map_err(|e| e.to_string())
    }
}
