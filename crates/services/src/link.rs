//! References between rows: checked when set, followed by `expand`, each under its own grant.

use crate::keeping::Keeping;
use crate::naming::{self, Named};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Grant, Read};
use firma_domain::input::NAME_TOLD;
use firma_domain::organizations::Member;
use firma_domain::value::text;
use firma_domain::{Entity, Id, Record};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// How deep `expand` follows.
const DEPTH: usize = 3;

/// A reference from `E` to another entity.
pub struct Link<E> {
    /// The field: `company_id`
    pub field: &'static str,
    /// What `expand` calls it: `company`
    pub name: &'static str,
    of: fn(&E) -> Option<Id>,
    /// Whether setting it is checked here; a rule of the entity checks it otherwise
    checked: bool,
    exists: fn(&mut Work<'_, '_>, Id) -> Result<bool, Refusal>,
    load: Load,
    /// Its targets by what they are called
    pub(crate) named: Find,
    /// The target's collection
    pub(crate) to: &'static str,
    /// Fields that a target is named by
    pub(crate) named_by: &'static [&'static str],
    understands: fn(&Expand, usize) -> Result<(), Refusal>,
}

type Loaded = HashMap<Id, Value>;
/// The rows that texts name, by one field or by any.
type Find = fn(&mut Work<'_, '_>, Option<&str>, &[&str]) -> Result<Named, Refusal>;
/// The rows of these ids as JSON; none where the caller may not read any.
type Load = fn(&mut Work<'_, '_>, &[Id], &Expand) -> Result<Option<Loaded>, Refusal>;

impl<E> Link<E> {
    /// A reference to a row of `T`, checked when it is set.
    pub const fn to<T: Keeping>(
        field: &'static str,
        name: &'static str,
        of: fn(&E) -> Option<Id>,
    ) -> Link<E> {
        Link {
            field,
            name,
            of,
            checked: true,
            exists: exists::<T>,
            load: load::<T>,
            named: naming::find::<T>,
            to: T::COLLECTION,
            named_by: T::NAMED_BY,
            understands: understands::<T>,
        }
    }

    /// A reference to a row of `T` that changes with what refers to it, so that nobody else changes it meanwhile: two
    /// that only relied on it would wait for each other.
    pub const fn changing<T: Keeping>(
        field: &'static str,
        name: &'static str,
        of: fn(&E) -> Option<Id>,
    ) -> Link<E> {
        Link {
            exists: is_held::<T>,
            ..Link::to::<T>(field, name, of)
        }
    }

    /// A reference that the entity's own rule checks, because it needs the row.
    pub const fn ruled<T: Keeping>(
        field: &'static str,
        name: &'static str,
        of: fn(&E) -> Option<Id>,
    ) -> Link<E> {
        Link {
            checked: false,
            ..Link::to::<T>(field, name, of)
        }
    }
}

/// Paths that `expand` names, as a tree.
#[derive(Debug, Clone, Default)]
pub struct Expand(Vec<(String, Expand)>);

impl Expand {
    /// Reads `company,lines.item`, and refuses what `E` doesn't have.
    pub fn parse<E: Keeping>(text: &str) -> Result<Expand, Refusal> {
        let mut tree = Expand::default();
        for path in text.split(',') {
            // Looked at before it is kept: else a long one would be as deep, and many would be as wide.
            if path.split('.').nth(DEPTH).is_some() {
                return Err(not_here(path));
            }
            let mut one = Expand::default();
            one.add(path.split('.'));
            understands::<E>(&one, DEPTH)?;
            tree.add(path.split('.'));
        }
        Ok(tree)
    }

    /// Whether it names this at its top.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn add<'a>(&mut self, mut path: impl Iterator<Item = &'a str>) {
        let Some(name) = path.next() else { return };
        let at = match self.0.iter().position(|(known, _)| known == name) {
            Some(at) => at,
            None => {
                self.0.push((name.to_owned(), Expand::default()));
                self.0.len() - 1
            }
        };
        if let Some((_, below)) = self.0.get_mut(at) {
            below.add(path);
        }
    }
}

fn not_here(name: &str) -> Refusal {
    let detail = format!("{} can't be expanded here", text::cut(name, NAME_TOLD));
    Refusal::parameter("expand", "unknown_expansion", detail)
}

fn understands<E: Keeping>(tree: &Expand, depth: usize) -> Result<(), Refusal> {
    for (name, below) in &tree.0 {
        let link = E::links()
            .iter()
            .find(|link| link.name == name)
            .ok_or_else(|| not_here(name))?;
        let left = depth.checked_sub(1).ok_or_else(|| not_here(name))?;
        if left == 0 && !below.0.is_empty() {
            return Err(not_here(name));
        }
        (link.understands)(below, left)?;
    }
    Ok(())
}

fn exists<T: Keeping>(work: &mut Work<'_, '_>, id: Id) -> Result<bool, Refusal> {
    looked(work, id, |work, grant: Grant<T, Read>| match T::MAY_REST {
        true => is_in_use(work, grant, id),
        false => Ok(work.open(grant)?.may_be_referred_to(id)?),
    })
}

fn is_held<T: Keeping>(work: &mut Work<'_, '_>, id: Id) -> Result<bool, Refusal> {
    looked(work, id, |work, grant: Grant<T, Read>| {
        let found = work.open(grant)?.find_to_hold(id)?;
        Ok(found.is_some_and(|row| !row.value.rests()))
    })
}

/// What `look` says, for who may read such rows.
fn looked<T: Keeping>(
    work: &mut Work<'_, '_>,
    id: Id,
    look: impl FnOnce(&mut Work<'_, '_>, Grant<T, Read>) -> Result<bool, Refusal>,
) -> Result<bool, Refusal> {
    // Who calls is a live member, whether or not they may read the others.
    if T::COLLECTION == Member::COLLECTION && id == work.user() {
        return Ok(true);
    }
    if T::fixed(id).is_some() {
        return Ok(true);
    }
    let Some(grant) = work.facts().may_read::<T>() else {
        return Ok(false);
    };
    look(work, grant)
}

/// Whether a row is there and doesn't rest, until the call ends.
pub(crate) fn is_in_use<T: Keeping>(
    work: &mut Work<'_, '_>,
    grant: Grant<T, Read>,
    id: Id,
) -> Result<bool, Refusal> {
    let found = work.open(grant)?.find_to_rely_on(id)?;
    Ok(found.is_some_and(|row| !row.value.rests()))
}

fn load<T: Keeping>(work: &mut Work<'_, '_>, ids: &[Id], tree: &Expand) -> Result<Option<Loaded>, Refusal> {
    let Some(grant) = work.facts().may_read::<T>() else {
        return Ok(None);
    };
    let mut rows = work.open(grant)?.by_ids(ids)?;
    rows.extend(ids.iter().filter_map(|id| T::fixed(*id)));
    let of: Vec<_> = rows.iter().map(|row| row.id).collect();
    Ok(Some(of.into_iter().zip(expanded(work, &rows, tree)?).collect()))
}

/// Rows as JSON, with what `expand` names beside the ids. What may not be read is null and named in `omitted`.
pub(crate) fn expanded<E: Keeping>(
    work: &mut Work<'_, '_>,
    rows: &[Record<E>],
    tree: &Expand,
) -> Result<Vec<Value>, Refusal> {
    let json =
        |row| serde_json::to_value(row).map_err(|e| firma_persistence::Fault::Internal(e.to_string()).into());
    let mut values = rows.iter().map(json).collect::<Result<Vec<_>, Refusal>>()?;
    for (name, below) in &tree.0 {
        let Some(link) = E::links().iter().find(|link| link.name == name) else {
            continue;
        };
        let mut ids: Vec<_> = rows.iter().filter_map(|row| (link.of)(&row.value)).collect();
        ids.sort_unstable();
        ids.dedup();
        let loaded = if ids.is_empty() {
            Some(Loaded::new())
        } else {
            (link.load)(work, &ids, below)?
        };
        for (row, value) in rows.iter().zip(&mut values) {
            let Value::Object(fields) = value else { continue };
            let wanted = (link.of)(&row.value);
            let found = wanted.and_then(|id| loaded.as_ref()?.get(&id).cloned());
            if wanted.is_some() && found.is_none() {
                omit(fields, name);
            }
            fields.insert(name.clone(), found.unwrap_or(Value::Null));
        }
    }
    Ok(values)
}

fn omit(fields: &mut Map<String, Value>, name: &str) {
    let omitted = fields.entry("omitted").or_insert_with(|| Value::Array(vec![]));
    if let Value::Array(names) = omitted {
        names.push(Value::String(name.to_owned()));
    }
}

/// Whether every reference that is new is to a live row that the caller may read.
pub(crate) fn check_links<E: Keeping>(
    work: &mut Work<'_, '_>,
    before: Option<&E>,
    value: &E,
) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    for link in E::links().iter().filter(|link| link.checked) {
        let set = (link.of)(value);
        let was = before.and_then(|before| (link.of)(before));
        let Some(id) = set.filter(|id| Some(*id) != was) else {
            continue;
        };
        if !(link.exists)(work, id)? {
            errors.push(not_found(link.field));
        }
    }
    Ok(firma_domain::Invalid::unless_empty(errors)?)
}

/// The fault of a reference that leads nowhere, or to where the caller may not look.
pub(crate) fn not_found(field: &str) -> firma_domain::FieldError {
    firma_domain::FieldError {
        pointer: format!("#/{field}"),
        code: "not_found".into(),
        detail: "there is no such resource".into(),
    }
}
