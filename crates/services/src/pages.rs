//! Pages of what isn't listed by its own repository: of what belongs to a person, of logs, of what hangs on a row, and
//! of the platform's lists. Most are in the order of ids, the newest first.

use crate::crud::{self, Listed};
use crate::cursor;
use crate::listing::{self, Parameters, Shape};
use crate::refusal::Refusal;
use firma_auth::keys::Key;
use firma_domain::Id;
use firma_persistence::{Fault, Position};
use serde::Serialize;
use std::marker::PhantomData;

/// A row of such a list.
pub(crate) trait Row: Serialize {
    /// Whether it has a field of that name: one that may be asked for.
    fn has(field: &str) -> bool;
}

/// Says which fields rows have.
macro_rules! listed {
    ($($row:ty { $($field:literal),* $(,)? })*) => { $(
        impl $crate::pages::Row for $row {
            fn has(field: &str) -> bool {
                [$($field),*].contains(&field)
            }
        }
    )* };
}
pub(crate) use listed;

/// The page that was asked for.
pub(crate) struct Page<'k, R> {
    /// Where the page before ended
    pub after: Option<Position>,
    limit: i64,
    total: bool,
    shape: Shape,
    bound: String,
    key: &'k Key,
    of: PhantomData<fn() -> R>,
}

/// The place of a row in the order of ids.
pub(crate) fn by_id(id: Id) -> Position {
    Position { key: None, id }
}

/// Reads what every page may be asked for; `name` says of which list of whose.
pub(crate) fn page<'k, R: Row>(
    parameters: &Parameters,
    whose: Id,
    name: &str,
    key: &'k Key,
) -> Result<Page<'k, R>, Refusal> {
    filtered(parameters, whose, name, key, |_, _| Ok(false))
}

/// The same, and whatever `take` knows: what the list is cut and sorted by. A cursor is good for the same cut alone.
pub(crate) fn filtered<'k, R: Row>(
    parameters: &Parameters,
    whose: Id,
    name: &str,
    key: &'k Key,
    mut take: impl FnMut(&str, &str) -> Result<bool, Refusal>,
) -> Result<Page<'k, R>, Refusal> {
    let mut page = Page {
        after: None,
        limit: listing::LIMIT.0,
        total: false,
        shape: Shape {
            bare: true,
            ..Shape::default()
        },
        bound: format!("{whose}/{name}"),
        key,
        of: PhantomData,
    };
    let (mut cursor, mut parts) = (None, Vec::new());
    listing::each(parameters, |name, value| {
        match name {
            "limit" => page.limit = listing::limit(value)?,
            "cursor" => cursor = Some(value),
            "include" => page.total = listing::total(value)?,
            "fields" => {
                page.shape.fields = Some(listing::fields(value, R::has)?);
                page.shape.bare = false;
            }
            _ if take(name, value)? => parts.push((name, value)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    page.bound = cursor::bound(&page.bound, parts);
    if let Some(cursor) = cursor {
        let position = cursor::read(key, &page.bound, cursor);
        page.after =
            Some(position.ok_or_else(|| {
                Refusal::parameter("cursor", "invalid_cursor", "is not a cursor of this list")
            })?);
    }
    Ok(page)
}

/// Whether a list that is sorted by `created_at` alone, which its ids tell, begins with the oldest.
pub(crate) fn oldest_first(sort: &str) -> Result<bool, Refusal> {
    match sort {
        "created_at" => Ok(true),
        "-created_at" => Ok(false),
        _ => Err(Refusal::parameter(
            "sort",
            "unknown_sort",
            "has to be one of created_at, or - and one",
        )),
    }
}

impl<R: Row> Page<'_, R> {
    /// The row before the page, in the order of ids.
    pub(crate) fn before(&self) -> Option<Id> {
        self.after.as_ref().map(|position| position.id)
    }

    /// How many rows to look for: one more than are shown.
    pub(crate) fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// How many rows all pages have, where that was asked for.
    pub(crate) fn total(&self, count: impl FnOnce() -> Result<i64, Fault>) -> Result<Option<i64>, Refusal> {
        match self.total {
            true => Ok(Some(count()?)),
            false => Ok(None),
        }
    }

    /// The page of what was found, where each row has its place.
    pub(crate) fn of(
        &self,
        mut rows: Vec<R>,
        total: Option<i64>,
        place: impl Fn(&R) -> Position,
    ) -> Result<Listed, Refusal> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).map(place);
        Ok(Listed {
            rows: crud::picked(&rows, &self.shape)?,
            more,
            total,
            next: last.map(|last| cursor::write(self.key, &self.bound, &last)),
        })
    }

    /// The page of all rows that there are, in their order; `follows` says whether one comes after a place.
    pub(crate) fn cut(
        &self,
        mut all: Vec<R>,
        place: impl Fn(&R) -> Position,
        follows: impl Fn(&R, &Position) -> bool,
    ) -> Result<Listed, Refusal> {
        let total = self.total(|| Ok(i64::try_from(all.len()).unwrap_or(i64::MAX)))?;
        if let Some(after) = &self.after {
            all.retain(|row| follows(row, after));
        }
        self.of(all, total, place)
    }
}
