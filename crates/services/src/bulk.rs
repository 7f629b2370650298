//! Many operations on one collection in one call.

use crate::crud::{self, Expected};
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Update};
use firma_domain::{Id, Record, input};
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
    op: Kind,
    id: Option<Id>,
    version: Option<i32>,
    #[serde(default)]
    value: Value,
}

/// The operations of a call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    operations: Vec<Operation>,
}

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
    let read: Operations = input::raw(body)?;
    if read.operations.len() > MOST {
        return Err(Refusal::field(
            "operations",
            "length",
            format!("has to be at most {MOST} long"),
        ));
    }
    let needs_id = |operation: &Operation| matches!(operation.op, Kind::Update | Kind::Delete);
    let nameless = |operation: &Operation| needs_id(operation) && operation.id.is_none();
    if let Some(n) = read.operations.iter().position(nameless) {
        let at = format!("operations/{n}/id");
        return Err(Refusal::field(&at, "required", "the operation names no id"));
    }
    Ok(read)
}

/// Runs the operations in their order: all or nothing, or each for itself, where `problem` says how a
/// refusal is answered.
pub fn run<E: Keeping>(
    work: &mut Work<'_, '_>,
    Operations { operations }: &Operations,
    each: Option<Problem>,
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes = Vec::with_capacity(operations.len());
    for (n, operation) in operations.iter().enumerate() {
        let below = |refusal: Refusal| refusal.below(&format!("operations/{n}"), "/value");
        let outcome = match each {
            None => one::<E>(work, operation).map_err(below)?,
            Some(problem) => match work.part(|work| one::<E>(work, operation)) {
                Ok(outcome) => outcome,
                Err(refusal) if firma_persistence::Failure::fault(&refusal).is_some() => return Err(refusal),
                Err(refusal) => {
                    let (status, problem) = problem(&below(refusal));
                    Outcome {
                        status,
                        id: operation.id,
                        version: None,
                        problem: Some(problem),
                    }
                }
            },
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn one<E: Keeping>(work: &mut Work<'_, '_>, operation: &Operation) -> Result<Outcome, Refusal> {
    let expected = Expected(operation.version.map(|version| vec![version]));
    let id = || operation.id.ok_or(Refusal::NotFound);
    match operation.op {
        Kind::Create => {
            let grant = work.grant::<E, Create>()?;
            Ok(done(
                201,
                &crud::create::<E>(work, grant, operation.value.clone())?,
            ))
        }
        Kind::Update => {
            let grant = work.grant::<E, Update>()?;
            Ok(done(
                200,
                &crud::update::<E>(work, grant, id()?, operation.value.clone(), &expected)?,
            ))
        }
        Kind::Delete => {
            let grant = work.grant()?;
            let gone = crud::delete::<E>(work, grant, id()?, &expected)?;
            Ok(Outcome {
                status: 204,
                id: Some(gone.id),
                version: None,
                problem: None,
            })
        }
        Kind::Upsert => upsert::<E>(work, operation, &expected),
    }
}

/// By `external_id`: changes the row that has it, or makes one.
fn upsert<E: Keeping>(
    work: &mut Work<'_, '_>,
    operation: &Operation,
    expected: &Expected,
) -> Result<Outcome, Refusal> {
    let field = E::filters().iter().find(|field| field.name == "external_id");
    let field = field.ok_or_else(|| Refusal::conflict("no_upsert", "this collection has no external_id"))?;
    let named = operation.value.get("external_id").and_then(Value::as_str);
    let named = named.ok_or_else(|| Refusal::field("external_id", "required", "is required"))?;
    let update = work.grant::<E, Update>()?;
    let found = match (field.parse)(named) {
        Some(value) => work
            .open(update)?
            .first(vec![Cond::Is(field.col, Op::Eq, value)])?,
        None => None,
    };
    match found {
        Some(found) => {
            let record = crud::update::<E>(work, update, found.id, operation.value.clone(), expected)?;
            Ok(done(200, &record))
        }
        None => {
            let grant = work.grant::<E, Create>()?;
            Ok(done(
                201,
                &crud::create::<E>(work, grant, operation.value.clone())?,
            ))
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
