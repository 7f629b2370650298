//! What the rows of a file refer to, by the names that stand in it.

use super::cells::quoted;
use super::plan::Plan;
use super::row::Read;
use crate::keeping::Keeping;
use crate::link::not_found;
use crate::naming::Named;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_domain::{FieldError, Id, Invalid, Record};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The rows that texts name, by the place of the target that refers to them.
pub(super) type Names = HashMap<usize, Named>;

/// What all references of these rows name, looked up together: those to the collection itself, or all.
pub(super) fn names<E: Keeping>(
    work: &mut Work<'_, '_>,
    plan: &Plan,
    rows: &[&Read],
    own: bool,
) -> Result<Names, Refusal> {
    let mut names = Names::new();
    for (at, target) in plan.targets.iter().enumerate() {
        let Some((link, by)) = &target.link else { continue };
        let Some(link) = E::links()
            .get(*link)
            .filter(|link| !own || link.to == E::COLLECTION)
        else {
            continue;
        };
        let texts: HashSet<&str> = rows
            .iter()
            .flat_map(|row| &row.links)
            .filter(|(of, _)| *of == at)
            .map(|(_, text)| text.as_str())
            .collect();
        let texts: Vec<_> = texts.into_iter().collect();
        names.insert(at, (link.named)(work, by.as_deref(), &texts)?);
    }
    Ok(names)
}

/// Whether a row was refused for a reference to its own collection that nothing is called by yet.
pub(super) fn waits<E: Keeping>(plan: &Plan, row: &Read, names: &Names, refusal: &Refusal) -> bool {
    let own = |at: usize| {
        let link = plan.targets.get(at).and_then(|target| target.link.as_ref());
        link.and_then(|(link, _)| E::links().get(*link))
            .is_some_and(|link| link.to == E::COLLECTION)
    };
    let unknown = |(at, text): &(usize, String)| {
        own(*at) && !names.get(at).is_some_and(|named| named.contains_key(text))
    };
    matches!(refusal, Refusal::Invalid(_)) && row.links.iter().any(unknown)
}

/// Puts the ids in that the row's references name.
pub(super) fn refer<E: Keeping>(
    work: &mut Work<'_, '_>,
    plan: &Plan,
    row: &Read,
    names: &Names,
    found: Option<&Record<E>>,
    before: &HashSet<u64>,
    fields: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let place = |(at, _): &&(usize, String)| {
        plan.targets
            .get(*at)
            .and_then(|t| t.link.as_ref())
            .map(|(link, _)| *link)
    };
    let mut links: Vec<_> = row.links.iter().collect();
    // In the order in which the entity lists them: what is meant by one may hang on another before it.
    links.sort_by_key(place);
    for (at, text) in links {
        let Some(target) = plan.targets.get(*at) else {
            continue;
        };
        let field = target.field.as_str();
        let mut ids = names
            .get(at)
            .and_then(|named| named.get(text))
            .cloned()
            .unwrap_or_default();
        if ids.is_empty() {
            ids.extend(text.parse::<Id>().ok());
        }
        if ids.len() > 1 {
            ids = E::meant(work, field, fields, found.map(|found| &found.value), ids)?;
        }
        match ids[..] {
            [id] => drop(fields.insert(field.to_owned(), Value::String(id.to_string()))),
            [] if before.contains(&mark(E::COLLECTION, text)) => {}
            [] => errors.push(FieldError {
                detail: format!("nothing that you may see is called {}", quoted(text)),
                ..not_found(field)
            }),
            _ => errors.push(FieldError {
                code: "ambiguous".into(),
                detail: format!("{} rows are called {}", ids.len(), quoted(text)),
                ..not_found(field)
            }),
        }
    }
    Ok(Invalid::unless_empty(errors)?)
}

/// What stands for a name in a set.
pub(super) fn mark(of: &str, name: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (of, name).hash(&mut hasher);
    hasher.finish()
}
