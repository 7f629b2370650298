//! Conditions and orders as data: what scoping, filters and pages are made of, rendered for any table.

use super::bind::Bind;
use super::side::{Listed, Worded};
use super::statement::Sql;
use super::team;
use super::value::Value;
use diesel::query_builder::AstPass;
use diesel::{QueryResult, backend::Backend};

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Col {
    pub table: &'static str,
    pub name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Op {
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Op::Eq => " = ",
            Op::Ne => " <> ",
            Op::Lt => " < ",
            Op::Le => " <= ",
            Op::Gt => " > ",
            Op::Ge => " >= ",
        }
    }
}

#[derive(Debug, Clone)]
pub enum Cond {
    All(Vec<Cond>),
    Any(Vec<Cond>),
    Is(Col, Op, Value),
    In(Col, Vec<Value>),
    /// One of an array, for PostgreSQL alone. Its planner can't know how many there are, so it looks them up
    /// rather than walk an order and throw away what isn't among them.
    Among(Col, Value),
    Null(Col),
    NotNull(Col),
    /// A query of one column that has nothing to do with the row gives a value
    Gives(Box<Sql>),
    /// A key after (or before) another in one direction: a row comparison, which both planners seek.
    Beyond(Vec<Col>, Vec<Value>, Op),
    Worded(Worded),
    Listed(Listed),
    /// The row's owner is the member, or shares a live team with the member.
    TeamOf {
        owner: Col,
        organization: Value,
        member: Value,
    },
    /// The row is among the first, in the order of the tail, that fit and are the member's, or among those of somebody
    /// who shares a live team with the member: the first of each are sought, and no more than that.
    FirstOfTeam {
        id: Col,
        owner: Col,
        organization: Value,
        member: Value,
        within: Vec<Cond>,
        tail: Tail,
    },
}

/// How rows that are read are held until the end of a transaction, on PostgreSQL; SQLite's writer is alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hold {
    /// So that they aren't deleted; others may refer to them too, and change them
    Refer,
    /// So that nobody changes them; others may rely on them too
    Rely,
    /// So that nobody else changes them; others may refer to them
    Change,
    /// So that nobody else does anything with them
    Delete,
}

/// What follows a condition: the order (columns, and whether each goes down), the most rows, how they are held.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    pub order: Vec<(Col, bool)>,
    pub limit: Option<i64>,
    pub hold: Option<Hold>,
}
impl Col {
    pub(super) fn push<DB: Backend>(&self, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
        out.push_identifier(self.table)?;
        out.push_sql(".");
        out.push_identifier(self.name)
    }
}

impl Tail {
    pub(super) fn render<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        Value: Bind<DB>,
    {
        if !self.order.is_empty() {
            out.push_sql(" ORDER BY ");
        }
        list(out, &self.order, ", ", |out, (col, down)| {
            col.push(out)?;
            if *down {
                out.push_sql(" DESC");
            }
            Ok(())
        })?;
        if let Some(limit) = self.limit {
            // A number of ours, not a bind: SQLite would plan the statement anew for each value.
            out.push_sql(" LIMIT ");
            out.push_sql(&limit.to_string());
        }
        // Where one alone writes there are no words for it.
        out.push_sql(match self.hold.filter(|_| <Value as Bind<DB>>::POSTGRES) {
            None => "",
            Some(Hold::Refer) => " FOR KEY SHARE",
            Some(Hold::Rely) => " FOR SHARE",
            Some(Hold::Change) => " FOR NO KEY UPDATE",
            Some(Hold::Delete) => " FOR UPDATE",
        });
        Ok(())
    }
}

impl Cond {
    /// Of a column and one value or many: an equality or a list.
    pub fn one_of(col: Col, mut values: Vec<Value>) -> Cond {
        match (values.len(), values.pop()) {
            (1, Some(only)) => Cond::Is(col, Op::Eq, only),
            (_, last) => {
                values.extend(last);
                Cond::In(col, values)
            }
        }
    }

    /// Whether a statement with it is kept prepared, and so planned once, and looks for rows at all.
    pub(crate) fn is_kept(&self) -> bool {
        match self {
            Cond::In(..) | Cond::Worded(_) | Cond::Listed(_) => false,
            Cond::Any(some) if some.is_empty() => false,
            Cond::All(some) | Cond::Any(some) | Cond::FirstOfTeam { within: some, .. } => {
                some.iter().all(Cond::is_kept)
            }
            Cond::Is(..) | Cond::Among(..) | Cond::Null(_) | Cond::NotNull(_) => true,
            Cond::Gives(_) | Cond::Beyond(..) | Cond::TeamOf { .. } => true,
        }
    }

    pub(super) fn render<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        Value: Bind<DB>,
    {
        match self {
            Cond::All(all) if all.is_empty() => out.push_sql("1 = 1"),
            Cond::Any(any) if any.is_empty() => out.push_sql("1 = 0"),
            Cond::In(_, values) if values.is_empty() => out.push_sql("1 = 0"),
            Cond::All(all) => return grouped(out, all, " AND ", |out, cond| cond.render(out)),
            Cond::Any(any) => return grouped(out, any, " OR ", |out, cond| cond.render(out)),
            Cond::Is(col, op, value) => {
                col.push(out)?;
                out.push_sql(op.sql());
                return value.bind(out);
            }
            Cond::In(col, values) => {
                out.unsafe_to_cache_prepared(); // its length is the caller's
                col.push(out)?;
                out.push_sql(" IN ");
                return grouped(out, values, ", ", |out, value| value.bind(out));
            }
            Cond::Among(col, values) => {
                col.push(out)?;
                out.push_sql(" = ANY (ARRAY(SELECT unnest(");
                values.bind(out)?;
                out.push_sql(")))");
            }
            Cond::Null(col) => {
                col.push(out)?;
                out.push_sql(" IS NULL");
            }
            Cond::NotNull(col) => {
                col.push(out)?;
                out.push_sql(" IS NOT NULL");
            }
            Cond::Gives(query) => {
                out.push_sql("(");
                query.render(out)?;
                out.push_sql(") IS NOT NULL");
            }
            Cond::Beyond(cols, values, op) => {
                grouped(out, cols, ", ", |out, col| col.push(out))?;
                out.push_sql(op.sql());
                return grouped(out, values, ", ", |out, value| value.bind(out));
            }
            Cond::Worded(worded) => return worded.render(out),
            Cond::Listed(listed) => return listed.render(out),
            Cond::TeamOf {
                owner,
                organization,
                member,
            } => {
                owner.push(out)?;
                out.push_sql(" IN (");
                team::mates(out, (organization, member), " UNION ALL SELECT ")?;
                out.push_sql(")");
            }
            Cond::FirstOfTeam {
                id,
                owner,
                organization,
                member,
                within,
                tail,
            } => {
                id.push(out)?;
                team::first_of_each(out, (organization, member), id.table, |out| {
                    out.push_sql("SELECT ");
                    id.push(out)?;
                    out.push_sql(" FROM ");
                    out.push_sql(id.table);
                    out.push_sql(" WHERE ");
                    list(out, within, " AND ", |out, cond| cond.render(out))?;
                    out.push_sql(" AND ");
                    owner.push(out)?;
                    out.push_sql(" = mate.user_id");
                    tail.render(out)
                })?;
            }
        }
        Ok(())
    }
}

fn list<'a, 'b, DB: Backend, X>(
    out: &mut AstPass<'a, 'b, DB>,
    items: &'b [X],
    glue: &str,
    mut each: impl FnMut(&mut AstPass<'a, 'b, DB>, &'b X) -> QueryResult<()>,
) -> QueryResult<()> {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push_sql(glue);
        }
        each(out, item)?;
    }
    Ok(())
}

pub(super) fn grouped<'a, 'b, DB: Backend, X>(
    out: &mut AstPass<'a, 'b, DB>,
    items: &'b [X],
    glue: &str,
    each: impl FnMut(&mut AstPass<'a, 'b, DB>, &'b X) -> QueryResult<()>,
) -> QueryResult<()> {
    out.push_sql("(");
    list(out, items, glue, each)?;
    out.push_sql(")");
    Ok(())
}
