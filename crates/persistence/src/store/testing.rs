//! What tests look at from outside: plans, and what the second fence holds alone.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use std::sync::atomic::{AtomicBool, Ordering};

static DROPPED: AtomicBool = AtomicBool::new(false);

/// Leaves the tenant's condition out of all queries from now on.
pub fn drop_tenant_condition() {
    DROPPED.store(true, Ordering::Relaxed);
}

/// Whether it is in.
pub fn has_tenant_condition() -> bool {
    !DROPPED.load(Ordering::Relaxed)
}

/// A query's plan, in the database's own words before it.
pub(crate) struct Explain<Q, T> {
    query: Q,
    words: &'static str,
    of: std::marker::PhantomData<T>,
}

impl<Q, T> Explain<Q, T> {
    pub(crate) fn new(query: Q, words: &'static str) -> Self {
        Explain { query, words, of: std::marker::PhantomData }
    }
}
impl<Q, T, DB: Backend> QueryFragment<DB> for Explain<Q, T>
where
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(self.words);
        self.query.walk_ast(out)
    }
}
impl<Q, T> QueryId for Explain<Q, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Q, T> Query for Explain<Q, T> {
    type SqlType = T;
}
impl<Q, T, Conn> diesel::RunQueryDsl<Conn> for Explain<Q, T> {}
