//! Pages in the order of ids, the newest first: of what belongs to a person, of logs, and of the platform's lists.

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
    filtered(parameters, user, name, key, |_, _| Ok(false))
}

/// The same, and whatever `take` knows: what the list is cut by. A cursor is good for the same cut alone.
pub(crate) fn filtered<'k>(
    parameters: &Parameters,
    whose: Id,
    name: &str,
    key: &'k Key,
    mut take: impl FnMut(&str, &str) -> Result<bool, Refusal>,
) -> Result<Page<'k>, Refusal> {
    let mut page = Page {
        before: None,
        limit: listing::LIMIT.0,
        bound: format!("{whose}/{name}"),
        key,
    };
    let (mut cursor, mut parts) = (None, Vec::new());
    listing::each(parameters, |name, value| {
        match name {
            "limit" => page.limit = listing::limit(value)?,
            "cursor" => cursor = Some(value),
            _ if take(name, value)? => parts.push(format!("{name}={value}")),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if !parts.is_empty() {
        parts.sort_unstable();
        page.bound.push_str(&format!("?{}", parts.join("&")));
    }
    if let Some(cursor) = cursor {
        let position = cursor::read(key, &page.bound, cursor);
        let position = position
            .ok_or_else(|| Refusal::parameter("cursor", "invalid_cursor", "is not a cursor of this list"))?;
        page.before = Some(position.id);
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
