//! The collections that rows can be brought into.

use super::batch::{Outcome, batch};
use super::options::Options;
use super::plan::Plan;
use super::row::Read;
use crate::crud::{self, Expected};
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Delete, Update};
use firma_domain::Id;
use firma_domain::crm::{Activity, Company, Contact, Deal};
use firma_domain::platform::ImportedRow;
use std::collections::HashSet;

/// Every collection that takes part.
const ALL: &[Importer] = &[
    Importer::of::<Company>(),
    Importer::of::<Contact>(),
    Importer::of::<Deal>(),
    Importer::of::<Activity>(),
];

/// Brings some rows in; beside them what a dry run has counted before.
type Batch = fn(&mut Work<'_, '_>, &Plan, &[Read], &HashSet<u64>) -> Result<Outcome, Refusal>;

/// What can be done to a collection by a file of rows.
pub(super) struct Importer {
    pub collection: &'static str,
    /// Whether some file fits the options
    pub judge: fn(&Options) -> Result<(), Refusal>,
    pub plan: fn(&Options, &[String]) -> Result<Plan, Refusal>,
    pub batch: Batch,
    /// Whether the caller may make rows, and change those that are found again
    pub may_make: fn(&Work<'_, '_>, bool) -> Result<(), Refusal>,
    /// Whether the caller may delete rows
    pub may_delete: fn(&Work<'_, '_>) -> Result<(), Refusal>,
    /// Deletes a row that is still as the import left it
    pub delete: fn(&mut Work<'_, '_>, &ImportedRow) -> Result<(), Refusal>,
}

impl Importer {
    const fn of<E: Keeping>() -> Importer {
        Importer {
            collection: E::COLLECTION,
            judge: Plan::fits_some_file::<E>,
            plan: Plan::of::<E>,
            batch: batch::<E>,
            may_make: may_make::<E>,
            may_delete: |work| work.grant::<E, Delete>().map(drop),
            delete: delete::<E>,
        }
    }

    /// The one of that name.
    pub(super) fn named(collection: &str) -> Result<&'static Importer, Refusal> {
        let found = ALL.iter().find(|importer| importer.collection == collection);
        found.ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|importer| importer.collection).collect();
            let detail = format!("has to be one of {}", names.join(", "));
            Refusal::field("entity", "invalid_value", detail)
        })
    }
}

fn may_make<E: Keeping>(work: &Work<'_, '_>, also_change: bool) -> Result<(), Refusal> {
    work.grant::<E, Create>()?;
    match also_change {
        true => work.grant::<E, Update>().map(drop),
        false => Ok(()),
    }
}

fn delete<E: Keeping>(work: &mut Work<'_, '_>, row: &ImportedRow) -> Result<(), Refusal> {
    let grant = work.grant::<E, Delete>()?;
    let id: Id = row.id;
    crud::delete::<E>(work, grant, id, &Expected(Some(vec![row.version]))).map(drop)
}
