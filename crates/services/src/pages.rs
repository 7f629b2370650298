//! Pages of what belongs to a person: the newest first, by the order of ids.

use crate::crud::{self, Listed};
use crate::cursor;
use crate::listing::{self, Parameters};
use crate::refusal::Refusal;
use firma_auth::keys::Key;
use firma_domain::Id;
use firma_persistence::Position;
use serde::Serialize;

/// The page that was asked for.
pub(crate) struct Page<'k> {
    /// The row before the page
    pub before: Option<Id>,
    limit: i64,
    bound: String,
    key: &'k Key,
}

/// Reads `limit` and `cursor`; `name` says of which list of a user's.
pub(crate) fn page<'k>(
    parameters: &Parameters,
    user: Id,
    name: &str,
    key: &'k Key,
) -> Result<Page<'k>, Refusal> {
    let mut page = Page {
        before: None,
        limit: listing::LIMIT.0,
        bound: format!("{user}/{name}"),
        key,
    };
    let mut seen = Vec::new();
    for (name, value) in parameters {
        listing::once(&mut seen, name)?;
        match name.as_str() {
            "limit" => page.limit = listing::limit(value)?,
            "cursor" => {
                let position = cursor::read(key, &page.bound, value);
                let position = position.ok_or_else(|| {
                    Refusal::parameter("cursor", "invalid_cursor", "is not a cursor of this list")
                })?;
                page.before = Some(position.id);
            }
            _ => return Err(listing::unknown(name)),
        }
    }
    Ok(page)
}

impl Page<'_> {
    /// How many rows to look for: one more than are shown.
    pub(crate) fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// The page of what was found.
    pub(crate) fn of<T: Serialize>(
        &self,
        mut rows: Vec<T>,
        id: impl Fn(&T) -> Id,
    ) -> Result<Listed, Refusal> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let position = |row: &T| Position {
            key: None,
            id: id(row),
        };
        let last = rows.last().filter(|_| more).map(position);
        Ok(Listed {
            rows: crud::json(&rows)?,
            more,
            total: None,
            next: last.map(|last| cursor::write(self.key, &self.bound, &last)),
        })
    }
}
