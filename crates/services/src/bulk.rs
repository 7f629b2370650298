//! Many operations on one collection in one call.

use crate::crud::{self, Expected};
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Delete, Update};
use firma_domain::input::{self, Patch, TOLD};
use firma_domain::{FieldError, Id, Invalid, Record};
use firma_persistence::{Cond, Op};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most operations that one call may have.
pub const MOST: usize = 1_000;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Create,
    Update,
    Delete,
    Upsert,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    #[serde(deserialize_with = "input::word")]
    op: Kind,
    id: Option<Id>,
    version: Option<i32>,
    #[serde(default)]
    value: Value,
}

impl Operation {
    fn read(body: Value) -> Result<Operation, Invalid> {
        let operation: Operation = input::raw(body)?;
        operation.check()?;
        Ok(operation)
    }

    /// What it needs it has, and nothing that it would pass over.
    fn check(&self) -> Result<(), Invalid> {
        let (needs_id, no_version, no_value) = match self.op {
            Kind::Create => (false, true, false),
            Kind::Update => (true, false, false),
            Kind::Delete => (true, false, true),
            Kind::Upsert => (false, false, false),
        };
        if needs_id && self.id.is_none() {
            return Err(Invalid::field("id", "required", "the operation names no id"));
        }
        let passed_over = [
            ("id", !needs_id && self.id.is_some()),
            ("version", no_version && self.version.is_some()),
            ("value", no_value && !self.value.is_null()),
        ];
        let passed_over = passed_over.iter().filter(|(_, is_there)| *is_there);
        let errors = passed_over.map(|(part, _)| FieldError {
            pointer: format!("#/{part}"),
            code: "unknown_field".into(),
            detail: "is no part of this operation".into(),
        });
        Invalid::unless_empty(errors.collect())
    }

    /// Reads what it says for `E`: whether it may be done at all, and what is wrong by itself.
    fn judged<E: Keeping>(self, work: &Work<'_, '_>) -> Result<Judged<E>, Refusal> {
        let expected = Expected(self.version.map(|version| vec![version]));
        let id = self.id.ok_or(Refusal::NotFound);
        Ok(match self.op {
            Kind::Create => {
                work.grant::<E, Create>()?;
                let (value, disowned) = crud::new_value(self.value)?;
                Judged::Create(value, disowned)
            }
            Kind::Update => {
                work.grant::<E, Update>()?;
                Judged::Update(id?, input::patch::<E>(self.value)?, expected)
            }
            Kind::Delete => {
                work.grant::<E, Delete>()?;
                Judged::Delete(id?, expected)
            }
            Kind::Upsert => {
                work.grant::<E, Update>()?;
                let (of, patch) = upserted::<E>(&self.value)?;
                Judged::Upsert(of, patch, expected, self.value)
            }
        })
    }
}

/// An operation that is right by itself.
#[derive(Clone)]
enum Judged<E> {
    /// Whether it says that nobody owns it
    Create(E, bool),
    Update(Id, Patch, Expected),
    Delete(Id, Expected),
    /// What finds the row, if any row can have it; what changes it, and what makes one
    Upsert(Option<Box<Cond>>, Patch, Expected, Value),
}

/// What finds the row that an upsert is about, if any row can have it: its `external_id`. And what changes the row.
fn upserted<E: Keeping>(value: &Value) -> Result<(Option<Box<Cond>>, Patch), Refusal> {
    let patch = input::patch::<E>(value.clone());
    let Some(field) = E::filters().iter().find(|field| field.name == "external_id") else {
        patch?;
        return Err(Refusal::conflict(
            "no_upsert",
            "this collection has no external_id",
        ));
    };
    // One of another type is a fault of the patch.
    let is_named = !value.is_object() || value.get(field.name).is_some_and(|named| !named.is_null());
    let missing = || Invalid::field(field.name, "required", "is required");
    let patch = match (patch, is_named) {
        (Ok(patch), true) => patch,
        (Ok(_), false) => return Err(missing().into()),
        (Err(invalid), true) => return Err(invalid.into()),
        (Err(invalid), false) => return Err(invalid.and(missing()).into()),
    };
    let named = patch.get(field.name).and_then(Value::as_str);
    let value = named.and_then(field.parse);
    let of = value.map(|value| Box::new(Cond::Is(field.col, Op::Eq, value)));
    Ok((of, patch))
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    operations: Vec<Value>,
}

/// The operations of a call, each as far as it can be read.
#[derive(Debug, Clone)]
pub struct Operations(Vec<Result<Operation, Invalid>>);

/// What became of one operation.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Value>,
}

/// How a refusal of one operation is answered: its status and its problem.
pub type Problem = fn(&Refusal) -> (u16, Value);

/// Reads the body of a bulk call.
pub fn read(body: Value) -> Result<Operations, Refusal> {
    let Body { operations } = input::raw(body)?;
    if operations.len() > MOST {
        return Err(Refusal::field(
            "operations",
            "length",
            format!("has to be at most {MOST} long"),
        ));
    }
    let one = |(n, body): (usize, Value)| {
        Operation::read(body).map_err(|invalid| invalid.below(&format!("/operations/{n}")))
    };
    Ok(Operations(operations.into_iter().enumerate().map(one).collect()))
}

/// Runs the operations in their order: all or nothing, or each for itself, where `problem` says how a
/// refusal is answered.
pub fn run<E: Keeping>(
    work: &mut Work<'_, '_>,
    Operations(operations): Operations,
    each: Option<Problem>,
) -> Result<Vec<Outcome>, Refusal> {
    match each {
        None => whole::<E>(work, operations),
        Some(problem) => apart::<E>(work, operations, problem),
    }
}

fn whole<E: Keeping>(
    work: &mut Work<'_, '_>,
    operations: Vec<Result<Operation, Invalid>>,
) -> Result<Vec<Outcome>, Refusal> {
    // What is wrong by itself is told before anything is looked up, of all operations; and before what can't be.
    let (mut judged, mut errors, mut conflict) = (Vec::with_capacity(operations.len()), Vec::new(), None);
    for (n, operation) in operations.into_iter().enumerate() {
        let read = operation.map_err(Refusal::from).and_then(|mut operation| {
            if errors.len() == TOLD {
                // Whether it may be done is still asked, and no more faults are looked for.
                operation.value = Value::Null;
            }
            let read = operation.judged::<E>(work);
            read.map_err(|refusal| below(n, refusal))
        });
        match read {
            Ok(read) => judged.push(read),
            Err(Refusal::Invalid(Invalid(more))) => {
                errors.extend(more.into_iter().take(TOLD - errors.len()));
            }
            Err(refusal) if is_conflict(&refusal) => conflict = conflict.or(Some(refusal)),
            Err(other) => return Err(other),
        }
    }
    Invalid::unless_empty(errors)?;
    conflict.map_or(Ok(()), Err)?;
    let mut outcomes = Vec::with_capacity(judged.len());
    for (n, operation) in judged.into_iter().enumerate() {
        outcomes.push(one::<E>(work, operation).map_err(|refusal| below(n, refusal))?);
    }
    Ok(outcomes)
}

fn apart<E: Keeping>(
    work: &mut Work<'_, '_>,
    operations: Vec<Result<Operation, Invalid>>,
    problem: Problem,
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes = Vec::with_capacity(operations.len());
    for (n, operation) in operations.into_iter().enumerate() {
        let operation = match operation {
            Ok(operation) => operation,
            Err(invalid) => {
                outcomes.push(refused(problem, &Refusal::from(invalid), None));
                continue;
            }
        };
        let id = operation.id;
        let done = match operation.judged::<E>(work) {
            Ok(operation) => in_part(work, operation),
            Err(refusal) => Err(refusal),
        };
        outcomes.push(match done {
            Ok(outcome) => outcome,
            Err(refusal) if firma_persistence::Failure::fault(&refusal).is_some() => return Err(refusal),
            Err(refusal) => refused(problem, &below(n, refusal), id),
        });
    }
    Ok(outcomes)
}

/// One of them, which may fail alone. An upsert that another call overtook looks once more.
fn in_part<E: Keeping>(work: &mut Work<'_, '_>, operation: Judged<E>) -> Result<Outcome, Refusal> {
    let again = matches!(operation, Judged::Upsert(..)).then(|| operation.clone());
    let is_overtaken = |refusal: &Refusal| {
        let is_taken = matches!(
            refusal,
            Refusal::Conflict {
                code: "not_unique",
                ..
            }
        );
        is_taken || matches!(refusal, Refusal::NotFound)
    };
    match (work.part(|work| one::<E>(work, operation)), again) {
        (Err(refusal), Some(again)) if is_overtaken(&refusal) => work.part(|work| one::<E>(work, again)),
        (done, _) => done,
    }
}

fn below(n: usize, refusal: Refusal) -> Refusal {
    refusal.below(&format!("operations/{n}"), "/value")
}

fn is_conflict(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Conflict { .. } => true,
        Refusal::Part { refusal, .. } => is_conflict(refusal),
        _ => false,
    }
}

fn refused(problem: Problem, refusal: &Refusal, id: Option<Id>) -> Outcome {
    let (status, problem) = problem(refusal);
    Outcome {
        status,
        id,
        version: None,
        problem: Some(problem),
    }
}

fn one<E: Keeping>(work: &mut Work<'_, '_>, operation: Judged<E>) -> Result<Outcome, Refusal> {
    match operation {
        Judged::Create(value, disowned) => {
            let grant = work.grant::<E, Create>()?;
            Ok(done(201, &crud::add(work, grant, value, disowned)?))
        }
        Judged::Update(id, patch, expected) => {
            let grant = work.grant::<E, Update>()?;
            Ok(done(200, &crud::patched(work, grant, id, patch, &expected)?))
        }
        Judged::Delete(id, expected) => {
            let grant = work.grant()?;
            let gone = crud::delete::<E>(work, grant, id, &expected)?;
            Ok(Outcome {
                status: 204,
                id: Some(gone.id),
                version: None,
                problem: None,
            })
        }
        Judged::Upsert(of, patch, expected, body) => {
            let update = work.grant::<E, Update>()?;
            let found = match of {
                Some(of) => work.open(update)?.first(vec![*of])?,
                None => None,
            };
            match found {
                Some(found) => {
                    let record = crud::patched(work, update, found.id, patch, &expected)?;
                    Ok(done(200, &record))
                }
                None => {
                    expected.check_unversioned()?;
                    let grant = work.grant::<E, Create>()?;
                    Ok(done(201, &crud::create::<E>(work, grant, body)?))
                }
            }
        }
    }
}

fn done<E>(status: u16, record: &Record<E>) -> Outcome {
    Outcome {
        status,
        id: Some(record.id),
        version: Some(record.version),
        problem: None,
    }
}

#[cfg(test)]
mod tests;
