//! Some rows of a file in one transaction, through the same use cases as any other call.

use super::plan::Plan;
use super::referring::{Names, names, refer, waits};
use super::row::Read;
use crate::crud::{self, Expected};
use crate::keeping::Keeping;
use crate::naming;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Update};
use firma_domain::platform::{ImportRefusal, ImportedRow};
use firma_domain::{Email, Invalid, Record, input};
use firma_persistence::Fault;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What became of some rows.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub created: i32,
    pub updated: i32,
    pub unchanged: i32,
    pub refused: i32,
    pub rows: Vec<ImportedRow>,
    pub refusals: Vec<ImportRefusal>,
}

enum Done {
    Created(ImportedRow),
    Updated(ImportedRow),
    Unchanged,
}

/// Why a row isn't stored.
enum Halt {
    /// It was refused, and has stored nothing
    Row(Refusal),
    /// It was refused while it was stored, or the database failed
    Batch(Refusal),
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Halt {
        match is_fatal(&refusal) {
            true => Halt::Batch(refusal),
            false => Halt::Row(refusal),
        }
    }
}

/// Creates and updates what the rows say; each that is refused alone, the others go on. `before` has what
/// a dry run has counted as made in earlier batches, which isn't there to be referred to.
///
/// A savepoint for each row costs SQLite more than the row itself, and most rows that are refused are so
/// before anything is stored. So all are tried together, and with a savepoint each only where that failed.
pub(super) fn batch<E: Keeping>(
    work: &mut Work<'_, '_>,
    plan: &Plan,
    rows: &[Read],
    before: &HashSet<u64>,
) -> Result<Outcome, Refusal> {
    match work.part(|work| attempt::<E>(work, plan, rows, before, false)) {
        Err(refusal) if !is_fatal(&refusal) => attempt::<E>(work, plan, rows, before, true),
        done => done,
    }
}

/// `alone`: each row in a savepoint of its own.
fn attempt<E: Keeping>(
    work: &mut Work<'_, '_>,
    plan: &Plan,
    rows: &[Read],
    before: &HashSet<u64>,
    alone: bool,
) -> Result<Outcome, Refusal> {
    let mut outcome = Outcome::default();
    let mut waiting = Vec::with_capacity(rows.len());
    for row in rows {
        match row.faults.is_empty() {
            true => waiting.push(row),
            false => outcome.refuse(row.faults.clone()),
        }
    }
    let there = there::<E>(work, plan, &waiting)?;
    let mut named = names::<E>(work, plan, &waiting, false)?;
    loop {
        let count = waiting.len();
        let mut later = Vec::new();
        for row in waiting {
            match one::<E>(work, plan, row, &named, &there, before, alone) {
                Ok(done) => outcome.note(done),
                Err(Halt::Batch(refusal)) => return Err(refusal),
                Err(Halt::Row(refusal)) => later.push((row, refusal)),
            }
        }
        // A row may refer to one of the same collection that stands further down: once that is in, again.
        let (again, refused): (Vec<_>, Vec<_>) = later
            .into_iter()
            .partition(|(row, refusal)| waits::<E>(plan, row, &named, refusal));
        for (row, refusal) in refused {
            outcome.refuse(told(plan, row.line, &refusal));
        }
        if again.is_empty() {
            break;
        }
        if again.len() == count {
            for (row, refusal) in again {
                outcome.refuse(told(plan, row.line, &refusal));
            }
            break;
        }
        waiting = again.into_iter().map(|(row, _)| row).collect();
        for (at, found) in names::<E>(work, plan, &waiting, true)? {
            named.entry(at).or_default().extend(found);
        }
    }
    outcome.refusals.sort_by_key(|refusal| refusal.line);
    outcome.rows.sort_by_key(|row| row.line);
    Ok(outcome)
}

impl Outcome {
    fn note(&mut self, done: Done) {
        match done {
            Done::Created(row) => {
                self.created += 1;
                self.rows.push(row);
            }
            Done::Updated(row) => {
                self.updated += 1;
                self.rows.push(row);
            }
            Done::Unchanged => self.unchanged += 1,
        }
    }

    fn refuse(&mut self, faults: Vec<ImportRefusal>) {
        self.refused += 1;
        self.refusals.extend(faults);
    }
}

/// What ends the whole batch: a fault of the database, and not one of a row.
fn is_fatal(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Fault(fault) if !matches!(fault, Fault::Conflict(_) | Fault::Reference))
}

/// The rows that are there already, by their key.
fn there<E: Keeping>(
    work: &mut Work<'_, '_>,
    plan: &Plan,
    rows: &[&Read],
) -> Result<HashMap<String, Vec<Record<E>>>, Refusal> {
    let mut there: HashMap<String, Vec<Record<E>>> = HashMap::new();
    let Some(key) = plan.key else { return Ok(there) };
    let texts: Vec<_> = rows.iter().filter_map(|row| row.key.as_deref()).collect();
    let grant = work.grant::<E, Update>()?;
    for (name, record) in naming::rows(work, grant, key, &texts)? {
        there.entry(name).or_default().push(record);
    }
    Ok(there)
}

fn one<E: Keeping>(
    work: &mut Work<'_, '_>,
    plan: &Plan,
    row: &Read,
    names: &Names,
    there: &HashMap<String, Vec<Record<E>>>,
    before: &HashSet<u64>,
    alone: bool,
) -> Result<Done, Halt> {
    let found = row
        .key
        .as_ref()
        .and_then(|key| there.get(key))
        .map_or(&[][..], Vec::as_slice);
    let found = match found {
        [] => None,
        [one] => Some(one),
        many => {
            let key = plan.key.unwrap_or_default();
            let detail = format!("{} rows have this {key}", many.len());
            return Err(Refusal::field(key, "ambiguous", detail).into());
        }
    };
    let mut fields = row.fields.clone();
    refer(work, plan, row, names, found, before, &mut fields)?;
    let Some(found) = found else {
        // What is empty is as if it weren't there, so that what is required is told so.
        fields.retain(|_, value| !is_empty(value));
        let grant = work.grant::<E, Create>()?;
        let value: E = input::read(Value::Object(fields)).map_err(Refusal::from)?;
        let made = stored(work, alone, |work| crud::add(work, grant, value, false))?;
        return Ok(Done::Created(imported(row, &made, true)));
    };
    for target in &plan.targets {
        if let Some(value) = fields.get_mut(&target.field).filter(|value| value.is_null()) {
            *value = target.kind.empty();
        }
    }
    // Who is found again by one of several addresses keeps the others.
    let is_known = |email: &Value| found.value.emails().iter().any(|known| is_same(known, email));
    let emails = fields.get("emails").and_then(Value::as_array);
    if plan.key == Some("emails") && emails.is_some_and(|emails| emails.iter().all(is_known)) {
        fields.remove("emails");
    }
    let stands = serde_json::to_value(&found.value).unwrap_or(Value::Null);
    fields.retain(|name, value| !is_empty(value) || stands.get(name).is_some_and(|was| !was.is_null()));
    let patch = input::patch::<E>(Value::Object(fields)).map_err(Refusal::from)?;
    if input::merge(&found.value, patch.clone()).map_err(Refusal::from)? == found.value {
        return Ok(Done::Unchanged);
    }
    let grant = work.grant::<E, Update>()?;
    let changed = stored(work, alone, |work| {
        crud::patched(work, grant, found.id, patch, &Expected(None))
    })?;
    // What its rules make of it may be what is there.
    match changed.version == found.version {
        true => Ok(Done::Unchanged),
        false => Ok(Done::Updated(imported(row, &changed, false))),
    }
}

/// Stores a row: in a savepoint of its own, or so that a refusal is one of the whole batch.
fn stored<'c, T>(
    work: &mut Work<'_, 'c>,
    alone: bool,
    run: impl FnOnce(&mut Work<'_, 'c>) -> Result<T, Refusal>,
) -> Result<T, Halt> {
    match alone {
        true => Ok(work.part(run)?),
        false => run(work).map_err(Halt::Batch),
    }
}

fn is_same(known: &Email, email: &Value) -> bool {
    email
        .as_str()
        .and_then(Email::parse)
        .is_some_and(|email| email.key() == known.key())
}

/// Null, or an object of nothing else.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

fn imported<E>(row: &Read, record: &Record<E>, made: bool) -> ImportedRow {
    ImportedRow {
        id: record.id,
        line: row.line,
        made,
        version: record.version,
    }
}

/// A refusal in the words of the file: which column is to blame.
fn told(plan: &Plan, line: i32, refusal: &Refusal) -> Vec<ImportRefusal> {
    let one = |field: Option<&str>, code: &str, detail: String| ImportRefusal {
        line,
        column: field.and_then(|field| plan.column_of(field)).map(str::to_owned),
        field: field.map(str::to_owned),
        code: code.to_owned(),
        detail,
    };
    let alone = |code: &str| vec![one(None, code, refusal.to_string())];
    match refusal {
        Refusal::Invalid(Invalid(errors)) => errors
            .iter()
            .map(|error| {
                let field = error.pointer.trim_start_matches("#/").replace('/', ".");
                one(
                    Some(&field).filter(|f| !f.is_empty()).map(|f| f.as_str()),
                    &error.code,
                    error.detail.clone(),
                )
            })
            .collect(),
        Refusal::Conflict { code, field, detail } => vec![one(field.as_deref(), code, detail.clone())],
        Refusal::Permission(_) => alone("permission_required"),
        Refusal::Forbidden { .. } => alone("out_of_reach"),
        Refusal::PreconditionFailed => alone("changed"),
        Refusal::NotFound => alone("not_found"),
        Refusal::Fault(Fault::Conflict(_)) => alone("not_unique"),
        Refusal::Fault(Fault::Reference) => alone("referred_to"),
        _ => alone("refused"),
    }
}
