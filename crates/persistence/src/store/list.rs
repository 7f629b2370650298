//! Pages by keyset: the next one begins after the last row's key, at the same cost wherever it is.

use super::repo::Repo;
use super::stored::Stored;
use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Tail, Value};
use firma_auth::access::{Action, Reach};
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
struct Part {
    cond: Vec<Cond>,
    order: Vec<(Col, bool)>,
}

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// A page.
    pub fn list(&mut self, listing: &Listing) -> Result<Page<E>, Fault> {
        let wanted = listing.limit + 1;
        let mut rows: Vec<Record<E>> = Vec::new();
        for part in Self::parts_of(listing)? {
            let left = wanted - i64::try_from(rows.len()).unwrap_or(wanted);
            if left <= 0 {
                break;
            }
            let (cond, tail) = self.query(listing, part, left);
            rows.extend(self.rows(cond, tail)?);
        }
        let limit = usize::try_from(listing.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Page { rows, more })
    }

    fn parts_of(listing: &Listing) -> Result<Vec<Part>, Fault> {
        let (at, down) = listing.sort;
        let sort = E::sorts()
            .get(at)
            .ok_or_else(|| Fault::internal("a sort that the entity doesn't have"))?;
        let after = listing.after.as_ref();
        Ok(parts(sort.col, E::COMMON.id, sort.nullable, down, after))
    }

    /// One of the queries that make a page.
    fn query(&self, listing: &Listing, part: Part, limit: i64) -> (Vec<Cond>, Tail) {
        let common = E::COMMON;
        let by_time = part
            .order
            .first()
            .is_some_and(|(col, _)| *col == common.created_at);
        let tail = Tail {
            order: part.order,
            limit: Some(limit),
            hold: None,
        };
        let also = listing.filters.iter().cloned().chain(part.cond);
        match (self.grant.seen(), E::OWNER) {
            // There is an index of each owner's rows by time. In one of all owners, those of a team may stand last.
            (Some(Reach::Team), Some(owner)) if by_time && !listing.deleted => {
                let mut within = self.visible(Some(Reach::Org), false);
                within.extend(also);
                let mut cond = self.within(Some(Reach::Org));
                cond.push(Cond::FirstOfTeam {
                    id: common.id,
                    owner,
                    organization: self.grant.organization().into(),
                    member: self.grant.actor().into(),
                    within,
                    tail: tail.clone(),
                });
                (cond, tail)
            }
            _ => {
                let mut cond = self.visible(self.grant.seen(), listing.deleted);
                cond.extend(also);
                (cond, tail)
            }
        }
    }

    /// The plans of the queries that make a page.
    #[cfg(feature = "testing")]
    pub fn plans(&mut self, listing: &Listing) -> Result<Vec<String>, Fault> {
        let mut plans = Vec::new();
        for part in Self::parts_of(listing)? {
            let (cond, tail) = self.query(listing, part, listing.limit + 1);
            plans.extend(super::rows::plan(self.tx, E::TABLE, Cond::All(cond), tail)?);
        }
        Ok(plans)
    }
}

/// The queries that make a page, in turn: rows with a value, then those without. Two plain seeks, where
/// one order with nulls last would walk the organization.
fn parts(col: Col, id: Col, nullable: bool, down: bool, after: Option<&Position>) -> Vec<Part> {
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
