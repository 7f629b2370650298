//! What every entity's use cases have in common, written once.

use crate::keeping::Keeping;
use crate::link::{check_links, expanded};
use crate::listing::{Query, Shape};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Action, Create, Delete, Grant, Read, Update, Writes};
use firma_domain::input::{self, Patch};
use firma_domain::{Entity, Id, Invalid, Record};
use firma_persistence::{Fault, Repo};
use serde_json::{Map, Value};

/// A page: its rows rendered as a JSON array.
pub struct Listed {
    pub rows: String,
    pub more: bool,
    pub total: Option<i64>,
    pub next: Option<String>,
}

/// One live row.
pub fn find<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Read>,
    id: Id,
) -> Result<Record<E>, Refusal> {
    match E::fixed(id) {
        Some(record) => Ok(record),
        None => Ok(work.open(grant)?.find(id)?),
    }
}

/// One live row as it was asked for.
pub fn shaped<E: Keeping>(
    work: &mut Work<'_, '_>,
    record: &Record<E>,
    shape: &Shape,
) -> Result<Value, Refusal> {
    let mut rows = expanded(work, std::slice::from_ref(record), &shape.expand)?;
    let mut row = rows.pop().unwrap_or(Value::Null);
    select(&mut row, shape);
    Ok(row)
}

/// A page.
pub fn list<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Read>,
    query: &Query,
    key: &firma_auth::keys::Key,
) -> Result<Listed, Refusal> {
    let mut listing = query.listing.clone();
    if !query.words.is_empty() {
        let matching = work.open(grant)?.matching(&query.words)?;
        listing.filters.extend(matching);
    }
    let page = work.open(grant)?.list(&listing)?;
    let total = match query.total {
        true => Some(work.open(grant)?.count(&listing.filters, listing.deleted)?),
        false => None,
    };
    let next = page
        .rows
        .last()
        .filter(|_| page.more)
        .and_then(|row| query.cursor_after(row, key));
    let rows = if query.shape.bare {
        json(&page.rows)?
    } else {
        let mut rows = expanded(work, &page.rows, &query.shape.expand)?;
        rows.iter_mut().for_each(|row| select(row, &query.shape));
        json(&rows)?
    };
    Ok(Listed {
        rows,
        more: page.more,
        total,
        next,
    })
}

/// JSON as text.
pub fn json<T: serde::Serialize>(value: &T) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|e| Fault::Internal(e.to_string()).into())
}

/// Rows as JSON, with the fields that were asked for.
pub(crate) fn picked<T: serde::Serialize>(rows: &[T], shape: &Shape) -> Result<String, Refusal> {
    if shape.bare {
        return json(&rows);
    }
    let values: Result<Vec<Value>, _> = rows.iter().map(serde_json::to_value).collect();
    let mut values = values.map_err(|e| Fault::Internal(e.to_string()))?;
    values.iter_mut().for_each(|row| select(row, shape));
    json(&values)
}

fn select(row: &mut Value, shape: &Shape) {
    if let (Some(wanted), Value::Object(fields)) = (&shape.fields, row) {
        let kept: Map<_, _> = std::mem::take(fields)
            .into_iter()
            .filter(|(name, _)| wanted.contains(name) || name == "omitted" || shape.expand.names(name))
            .collect();
        *fields = kept;
    }
}

/// A new row from a body.
pub fn create<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Create>,
    body: Value,
) -> Result<Record<E>, Refusal> {
    let (value, disowned) = new_value(body)?;
    add(work, grant, value, disowned)
}

/// A new value from a body, and whether it says that nobody owns it.
pub(crate) fn new_value<E: Keeping>(body: Value) -> Result<(E, bool), Invalid> {
    let disowned = body.get("owner_id") == Some(&Value::Null);
    Ok((input::read(body)?, disowned))
}

/// A new row. Who makes it owns it, unless another is named, or explicitly nobody.
pub(crate) fn add<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Create>,
    mut value: E,
    disowned: bool,
) -> Result<Record<E>, Refusal> {
    if E::OWNED && value.owner().is_none() && !disowned {
        value.set_owner(Some(work.user()));
    }
    check_links(work, None, &value)?;
    let value = E::creating(work, grant, value)?;
    let record = E::adding(work, grant, value).map_err(|fault| refused(grant, fault))?;
    E::created(work, grant, &record)?;
    Ok(record)
}

/// A row changed by a merge patch. A patch that changes nothing stores nothing.
pub fn update<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Update>,
    id: Id,
    patch: Value,
    expected: &Expected,
) -> Result<Record<E>, Refusal> {
    let patch = input::patch::<E>(patch)?;
    patched(work, grant, id, patch, expected)
}

/// The same by a patch that was read.
pub(crate) fn patched<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Update>,
    id: Id,
    patch: Patch,
    expected: &Expected,
) -> Result<Record<E>, Refusal> {
    not_fixed(grant, id)?;
    let before = held(work, grant, expected, |rows| rows.find_for_change(id))?;
    let value = input::merge(&before.value, patch)?;
    change(work, grant, before, value)
}

/// A row changed to a value.
pub(crate) fn change<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Update>,
    before: Record<E>,
    value: E,
) -> Result<Record<E>, Refusal> {
    if value == before.value {
        return Ok(before);
    }
    check_links(work, Some(&before.value), &value)?;
    let value = E::changing(work, grant, &before, value)?;
    if value == before.value {
        return Ok(before);
    }
    let after = work
        .open(grant)?
        .change(&before, value)
        .map_err(|fault| refused(grant, fault))?;
    E::changed(work, grant, &before, &after)?;
    Ok(after)
}

/// Deletes a row softly, with what goes with it.
pub fn delete<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Delete>,
    id: Id,
    expected: &Expected,
) -> Result<Record<E>, Refusal> {
    not_fixed(grant, id)?;
    let before = held(work, grant, expected, |rows| rows.find_for_delete(id))?;
    let deletion = work.tx.new_id();
    E::deleting(work, grant, &before, deletion)?;
    let gone = work
        .open(grant)?
        .delete(&before, deletion)
        .map_err(|fault| refused(grant, fault))?;
    E::deleted(work, grant, &gone)?;
    Ok(gone)
}

/// Brings back a deleted row, and what the same delete took.
pub fn restore<E: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Delete>,
    id: Id,
    expected: &Expected,
) -> Result<Record<E>, Refusal> {
    not_fixed(grant, id)?;
    let before = held(work, grant, expected, |rows| rows.find_for_restore(id))?;
    let value = E::restoring(work, grant, &before)?;
    let after = work
        .open(grant)?
        .restore(&before, value)
        .map_err(|fault| refused(grant, fault))?;
    if let Some(deletion) = before.deletion_id {
        E::restored(work, grant, &after, deletion)?;
    }
    Ok(after)
}

/// A row that is about to be acted on, held as `find` does it, at the version that is expected.
pub(crate) fn held<E: Keeping, A: Writes>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, A>,
    expected: &Expected,
    find: impl FnOnce(&mut Repo<'_, '_, E, A>) -> Result<Record<E>, Fault>,
) -> Result<Record<E>, Refusal> {
    let found = find(&mut work.open(grant)?).map_err(|fault| refused(grant, fault))?;
    expected.check(&found)?;
    Ok(found)
}

/// What is code may be read, and not changed.
fn not_fixed<E: Keeping, A: Action>(grant: Grant<E, A>, id: Id) -> Result<(), Refusal> {
    match E::fixed(id) {
        Some(_) => Err(out_of_reach(grant)),
        None => Ok(()),
    }
}

/// The versions that `If-Match` names; none where it isn't sent or is `*`.
#[derive(Debug, Clone, Default)]
pub struct Expected(pub Option<Vec<i32>>);

impl Expected {
    pub(crate) fn check<E: Entity>(&self, record: &Record<E>) -> Result<(), Refusal> {
        match &self.0 {
            Some(versions) if !versions.contains(&record.version) => Err(Refusal::PreconditionFailed),
            _ => Ok(()),
        }
    }

    /// The same for what has no version, or isn't there: none that is named is its own.
    pub(crate) fn check_unversioned(&self) -> Result<(), Refusal> {
        match &self.0 {
            Some(_) => Err(Refusal::PreconditionFailed),
            None => Ok(()),
        }
    }
}

/// The row may be seen, and what the grant stands for doesn't reach it.
pub(crate) fn out_of_reach<E: Entity, A: Action>(grant: Grant<E, A>) -> Refusal {
    Refusal::Forbidden {
        held: grant.permission(),
        missing: grant.widest(),
    }
}

/// A fault in the words of the entity: which field a constraint is about, which permission did not reach.
pub(crate) fn refused<E: Keeping, A: Action>(grant: Grant<E, A>, fault: Fault) -> Refusal {
    match fault {
        Fault::Forbidden => out_of_reach(grant),
        Fault::Conflict(constraint) => {
            let field = E::FIELDS
                .iter()
                .filter(|field| constraint.ends_with(**field))
                .max_by_key(|field| field.len());
            let field = field.map(|field| (*field).to_owned());
            let what = field.as_deref().unwrap_or("value");
            let detail = format!("another {} has the same {what}", E::NAME.replace('_', " "));
            Refusal::Conflict {
                code: "not_unique",
                field,
                detail,
            }
        }
        other => other.into(),
    }
}
