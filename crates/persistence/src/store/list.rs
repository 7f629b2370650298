//! Pages by keyset: the next one begins after the last row's key, at the same cost wherever it is.

use crate::sql::{Col, Cond, Op, Value};
use firma_domain::{Id, Record};

/// What to list.
#[derive(Debug, Clone)]
pub struct Listing {
    pub filters: Vec<Cond>,
    /// The place in the entity's list of sorts, and whether it goes down
    pub sort: (usize, bool),
    pub after: Option<Position>,
    pub limit: i64,
    /// Deleted rows instead of live ones
    pub deleted: bool,
}

/// Where a page ended: the sorted column's value, none among the nulls at the end, and the id.
#[derive(Debug, Clone)]
pub struct Position {
    pub key: Option<Value>,
    pub id: Id,
}

/// A page and whether there is more.
#[derive(Debug, Clone)]
pub struct Page<E> {
    pub rows: Vec<Record<E>>,
    pub more: bool,
}

/// One query of a page: its condition and its order.
pub(super) struct Part {
    pub cond: Vec<Cond>,
    pub order: Vec<(Col, bool)>,
}

/// The queries that make a page, in turn: rows with a value, then those without. Two plain seeks, where
/// one order with nulls last would walk the organization.
pub(super) fn parts(col: Col, id: Col, nullable: bool, down: bool, after: Option<&Position>) -> Vec<Part> {
    let beyond = if down { Op::Lt } else { Op::Gt };
    let order = vec![(col, down), (id, down)];
    let mut parts = Vec::with_capacity(2);
    let key = after.map(|position| position.key.as_ref());
    if key != Some(None) {
        let mut cond = Vec::new();
        if nullable {
            cond.push(Cond::NotNull(col));
        }
        if let (Some(Some(key)), Some(position)) = (key, after) {
            cond.push(Cond::Beyond(
                vec![col, id],
                vec![key.clone(), position.id.into()],
                beyond,
            ));
        }
        parts.push(Part {
            cond,
            order: order.clone(),
        });
    }
    if nullable {
        let mut cond = vec![Cond::Null(col)];
        if let (Some(None), Some(position)) = (key, after) {
            cond.push(Cond::Is(id, beyond, position.id.into()));
        }
        parts.push(Part { cond, order });
    }
    parts
}
