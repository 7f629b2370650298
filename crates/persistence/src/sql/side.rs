//! Side tables: what many rows have several of, each with its row.

use super::bind::Bind;
use super::cond::{Col, grouped};
use super::value::Value;
use diesel::query_builder::AstPass;
use diesel::{QueryResult, backend::Backend};

/// A side table of organization, entity type, value and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Tags,
    /// In lower case
    Emails,
    /// Folded, of the fields that are searched
    Words,
}

impl Side {
    pub(crate) const ALL: [Side; 3] = [Side::Tags, Side::Emails, Side::Words];

    pub(crate) fn table(self) -> &'static str {
        match self {
            Side::Tags => "tags",
            Side::Emails => "emails",
            Side::Words => "search_words",
        }
    }
    pub(crate) fn column(self) -> &'static str {
        match self {
            Side::Tags => "tag",
            Side::Emails => "email",
            Side::Words => "word",
        }
    }
}

/// A side table has one of the values for the row.
#[derive(Debug, Clone)]
pub struct Listed {
    pub side: Side,
    pub id: Col,
    pub organization: Value,
    pub entity: &'static str,
    pub values: Vec<Value>,
}

impl Listed {
    pub(super) fn render<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        Value: Bind<DB>,
    {
        out.unsafe_to_cache_prepared();
        self.id.push(out)?;
        out.push_sql(" IN (SELECT s.entity_id FROM ");
        out.push_sql(self.side.table());
        out.push_sql(" s WHERE s.organization_id = ");
        self.organization.bind(out)?;
        // A name of ours, not of a caller.
        out.push_sql(" AND s.entity_type = '");
        out.push_sql(self.entity);
        out.push_sql("' AND s.");
        out.push_sql(self.side.column());
        out.push_sql(" IN ");
        grouped(out, &self.values, ", ", |out, value| value.bind(out))?;
        out.push_sql(")");
        Ok(())
    }
}

/// The row has a word between two bounds, the second left out.
#[derive(Debug, Clone)]
pub struct Worded {
    /// Whether so many rows have one that a page is to walk its order: PostgreSQL's planner is left no other way
    pub walked: bool,
    pub id: Col,
    pub organization: Value,
    pub entity: &'static str,
    pub from: Value,
    pub below: Value,
}

impl Worded {
    pub(super) fn render<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        Value: Bind<DB>,
    {
        // How many rows have such a word decides the plan: each search has its own.
        out.unsafe_to_cache_prepared();
        out.push_sql(if self.walked { "(" } else { "EXISTS (" });
        out.push_sql("SELECT 1 FROM search_words w WHERE w.organization_id = ");
        self.organization.bind(out)?;
        out.push_sql(" AND w.entity_type = '");
        out.push_sql(self.entity);
        out.push_sql("' AND w.entity_id = ");
        self.id.push(out)?;
        out.push_sql(" AND w.word >= ");
        self.from.bind(out)?;
        out.push_sql(" AND w.word < ");
        self.below.bind(out)?;
        out.push_sql(if self.walked { " LIMIT 1) IS NOT NULL" } else { ")" });
        Ok(())
    }
}
