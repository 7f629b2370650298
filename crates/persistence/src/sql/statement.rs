//! Statements written by hand: text, values and conditions in a row, with the types of what comes back.

use super::bind::Bind;
use super::cond::{Cond, Tail};
use super::value::Value;
use crate::backend::{AnyConnection, on_backend};
use crate::fault::Fault;
use crate::store::Tx;
use diesel::backend::Backend;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::{ExecuteDsl, LoadQuery};
use diesel::sql_types::BigInt;
use diesel::sqlite::{Sqlite, SqliteConnection};
use std::marker::PhantomData;

/// There may be hundreds, which move as a statement grows: so what is large is kept elsewhere.
#[derive(Debug, Clone)]
enum Part {
    Text(&'static str),
    /// The databases' own words for the same: PostgreSQL's, SQLite's
    Either(&'static str, &'static str),
    Name(String),
    /// Between commas
    Names(Vec<&'static str>),
    Value(Value),
    /// Between commas
    Values(Vec<Value>),
    Cond(Box<Cond>),
    Tail(Box<Tail>),
}

/// A statement that gives rows of the SQL types `R`. Its text has no values of callers in it.
#[derive(Debug, Clone)]
pub struct Sql<R = ()> {
    parts: Vec<Part>,
    of: PhantomData<R>,
}

impl<R> Sql<R> {
    pub(crate) fn text(text: &'static str) -> Self {
        Sql {
            parts: vec![Part::Text(text)],
            of: PhantomData,
        }
    }
    pub(crate) fn either(postgres: &'static str, sqlite: &'static str) -> Self {
        Sql {
            parts: vec![Part::Either(postgres, sqlite)],
            of: PhantomData,
        }
    }
    pub(crate) fn then(mut self, text: &'static str) -> Self {
        self.parts.push(Part::Text(text));
        self
    }
    pub(crate) fn then_either(mut self, postgres: &'static str, sqlite: &'static str) -> Self {
        self.parts.push(Part::Either(postgres, sqlite));
        self
    }
    /// A name that the database's own catalogue gave, quoted.
    pub(crate) fn quoted(mut self, name: &str) -> Self {
        self.parts
            .push(Part::Name(format!("\"{}\"", name.replace('"', "\"\""))));
        self
    }
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parts.push(Part::Value(value.into()));
        self
    }
    /// Values between commas.
    pub(crate) fn binds(mut self, values: Vec<Value>) -> Self {
        self.parts.push(Part::Values(values));
        self
    }
    /// Statements as parts of this one that are called by a name, between commas.
    pub(crate) fn named_parts(mut self, parts: Vec<(&'static str, Sql)>) -> Self {
        for (n, (name, part)) in parts.into_iter().enumerate() {
            self = self.then(if n > 0 { ", " } else { "" });
            self = self.then(name).then(" AS (").nested(part).then(")");
        }
        self
    }
    /// Another statement, as a part of this one.
    pub(crate) fn nested(mut self, statement: Sql) -> Self {
        self.parts.extend(statement.parts);
        self
    }
    pub(crate) fn cond(mut self, cond: Cond) -> Self {
        self.parts.push(Part::Cond(Box::new(cond)));
        self
    }

    pub(crate) fn tail(mut self, tail: Tail) -> Self {
        self.parts.push(Part::Tail(Box::new(tail)));
        self
    }
    /// The end of a list of rows that are in the order of their ids: the newest first, before one of them.
    pub(crate) fn before(self, id: Option<firma_domain::Id>, limit: i64) -> Self {
        self.beyond(id, true, limit)
    }
    /// The same in either direction.
    pub(crate) fn beyond(mut self, id: Option<firma_domain::Id>, down: bool, limit: i64) -> Self {
        if let Some(id) = id {
            self = self.then(if down { " AND id < " } else { " AND id > " }).bind(id);
        }
        self.then(if down {
            " ORDER BY id DESC LIMIT "
        } else {
            " ORDER BY id LIMIT "
        })
        .bind(Value::Big(limit))
    }
    /// How many rows it gives.
    pub(crate) fn counted(self) -> Sql<BigInt> {
        let mut parts = vec![Part::Text("SELECT COUNT(*) FROM (")];
        parts.extend(self.parts);
        parts.push(Part::Text(") counted"));
        Sql {
            parts,
            of: PhantomData,
        }
    }
    /// Names of ours between commas.
    pub(crate) fn names(mut self, names: impl Iterator<Item = &'static str>) -> Self {
        self.parts.push(Part::Names(names.collect()));
        self
    }

    pub(super) fn render<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        Value: Bind<DB>,
    {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_sql(text),
                Part::Either(pg, _) if <Value as Bind<DB>>::POSTGRES => out.push_sql(pg),
                Part::Either(_, lite) => out.push_sql(lite),
                Part::Name(name) => out.push_sql(name),
                Part::Names(names) => {
                    for (n, name) in names.iter().enumerate() {
                        out.push_sql(if n > 0 { ", " } else { "" });
                        out.push_sql(name);
                    }
                }
                Part::Values(values) => {
                    for (n, value) in values.iter().enumerate() {
                        out.push_sql(if n > 0 { ", " } else { "" });
                        value.bind(out)?;
                    }
                }
                Part::Value(value) => value.bind(out)?,
                Part::Cond(cond) => cond.render(out)?,
                Part::Tail(tail) => tail.render(out)?,
            }
        }
        Ok(())
    }

    /// All rows.
    pub(crate) fn rows<T>(self, tx: &mut Tx<'_>) -> Result<Vec<T>, Fault>
    where
        Sql<R>: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
    {
        self.rows_on(tx.conn()?)
    }

    /// How the database looks for them, for tests.
    #[cfg(feature = "testing")]
    pub(crate) fn plan(mut self, tx: &mut Tx<'_>) -> Result<Vec<String>, Fault> {
        use diesel::sql_types::{Integer, Text};
        let explain = Part::Either("EXPLAIN ", "EXPLAIN QUERY PLAN ");
        self.parts.insert(0, explain);
        let parts = self.parts;
        if tx.is_postgres() {
            let of = PhantomData::<Text>;
            return Sql { parts, of }.rows::<String>(tx);
        }
        let of = PhantomData::<(Integer, Integer, Integer, Text)>;
        let rows = Sql { parts, of }.rows::<(i32, i32, i32, String)>(tx)?;
        Ok(rows.into_iter().map(|(.., step)| step).collect())
    }

    /// The first row of a query that holds nothing: it begins no transaction.
    pub(crate) fn look<T>(self, tx: &mut Tx<'_>) -> Result<Option<T>, Fault>
    where
        Sql<R>: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
    {
        Ok(self.rows_on(tx.looking()?)?.into_iter().next())
    }

    /// All rows, on a connection at hand: in a call, of one whose caller is proved already, or is being proved.
    pub(crate) fn rows_on<T>(self, conn: &mut AnyConnection) -> Result<Vec<T>, Fault>
    where
        Sql<R>: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
    {
        Ok(on_backend!(conn, c => self.load::<T>(c))?)
    }

    /// The first row, which there has to be, in the same way.
    pub(crate) fn one_on<T>(self, conn: &mut AnyConnection) -> Result<T, Fault>
    where
        Sql<R>: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
    {
        self.rows_on(conn)?.into_iter().next().ok_or(Fault::Missing)
    }

    /// The first row.
    pub(crate) fn maybe<T>(self, tx: &mut Tx<'_>) -> Result<Option<T>, Fault>
    where
        Sql<R>: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
    {
        Ok(self.rows(tx)?.into_iter().next())
    }

    /// The first row, which there has to be.
    pub(crate) fn one<T>(self, tx: &mut Tx<'_>) -> Result<T, Fault>
    where
        Sql<R>: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
    {
        self.maybe(tx)?.ok_or(Fault::Missing)
    }
}

impl Sql<()> {
    /// How many rows it touched.
    pub(crate) fn run(self, tx: &mut Tx<'_>) -> Result<usize, Fault> {
        self.run_on(tx.conn()?)
    }

    pub(crate) fn run_on(self, conn: &mut AnyConnection) -> Result<usize, Fault> {
        Ok(on_backend!(conn, c => ExecuteDsl::execute(self, c))?)
    }
}

impl<R> QueryFragment<Pg> for Sql<R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.render(&mut out)
    }
}
impl<R> QueryFragment<Sqlite> for Sql<R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.render(&mut out)
    }
}
impl<R> QueryId for Sql<R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<R> Query for Sql<R> {
    type SqlType = R;
}
impl<R, Conn> RunQueryDsl<Conn> for Sql<R> {}
