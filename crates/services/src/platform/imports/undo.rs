//! Taking back what an import made.

use super::registry::Importer;
use super::run::{Importing, store};
use crate::crud::{Expected, Listed};
use crate::listing::Parameters;
use crate::pages::{self, listed};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Delete, Grant, Read};
use firma_auth::keys::Key;
use firma_domain::Id;
use firma_domain::Record;
use firma_domain::platform::{Import, ImportRefusal, ImportState};
use firma_persistence::{Fault, Position, Tx, Value};
use serde::Serialize;

/// Rows of one transaction.
const ROWS: i64 = 500;
/// More refusals than one line can have.
const NUMBERS: i64 = 1 << 32;

/// Whether an import may be undone by the caller: it is over and stored something, and the caller may
/// delete such rows.
pub fn may_undo(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Delete>,
    import: Id,
    expected: &Expected,
) -> Result<Record<Import>, Refusal> {
    let record = work.open(grant)?.find_for_change(import)?;
    (Importer::named(&record.value.entity)?.may_delete)(work)?;
    expected.check(&record)?;
    match record.value.may_be_undone() {
        true => Ok(record),
        false => Err(Refusal::conflict(
            "not_undoable",
            "the import isn't over, or has stored nothing",
        )),
    }
}

/// Deletes the next of the rows that the import made, the last ones first. One that was touched since, or
/// that something else needs, is left, and noted with the reason. Updates stay as they are.
pub fn undo_some(tx: &mut Tx<'_>, of: Importing) -> Result<Record<Import>, Refusal> {
    let mut work = Work::go_on(tx, of.asker)?;
    let grant = work.grant::<Import, Delete>()?;
    let record = may_undo(&mut work, grant, of.import, &Expected::default())?;
    undo_in(&mut work, grant, record)
}

fn undo_in(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Delete>,
    record: Record<Import>,
) -> Result<Record<Import>, Refusal> {
    let importer = Importer::named(&record.value.entity)?;
    let rows = work.tx.imported_rows_to_undo(grant, record.id, ROWS)?;
    let (mut undone, mut kept) = (0, Vec::new());
    for row in &rows {
        let outcome = match work.part(|work| (importer.delete)(work, row)) {
            Ok(()) => "deleted",
            Err(refusal) => {
                let (code, detail) = why(refusal)?;
                kept.push(ImportRefusal {
                    line: row.line,
                    column: None,
                    field: None,
                    code: format!("undo_{code}"),
                    detail: format!("the row {} is left: {detail}", row.id),
                });
                code
            }
        };
        undone += i32::from(outcome == "deleted");
        work.tx.note_undo(grant, record.id, row.id, outcome)?;
    }
    let left = i32::try_from(kept.len()).unwrap_or(i32::MAX);
    kept.reverse();
    work.tx.add_import_refusals(grant, record.id, &kept)?;
    let last = rows.len() < usize::try_from(ROWS).unwrap_or(usize::MAX);
    store(work, grant.also(), record, |import| {
        import.undone += undone;
        import.kept += left;
        import.state = if last {
            ImportState::Undone
        } else {
            ImportState::Undoing
        };
    })
}

/// Why a row is left: a code, and what for a person.
fn why(refusal: Refusal) -> Result<(&'static str, String), Refusal> {
    match refusal {
        Refusal::PreconditionFailed => Ok(("touched", "it was changed since".into())),
        Refusal::NotFound => Ok(("gone", "it was deleted since, or is out of your sight".into())),
        Refusal::Forbidden { .. } => Ok(("out_of_reach", refusal.to_string())),
        Refusal::Conflict { code, detail, .. } => Ok((code, detail)),
        Refusal::Fault(Fault::Reference | Fault::Conflict(_)) => Ok(("in_use", refusal.to_string())),
        other => Err(other),
    }
}

/// A refusal as it is listed: several may be of one line.
#[derive(Serialize)]
struct Numbered {
    #[serde(skip)]
    number: i32,
    #[serde(flatten)]
    refusal: ImportRefusal,
}

listed! {
    Numbered { "line", "column", "field", "code", "detail" }
}

/// A page of what an import refused, and of what its undo left, in the order of the file.
pub fn list_refusals(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Read>,
    import: Id,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let name = format!("imports/{import}/refusals");
    let page = pages::page::<Numbered>(parameters, work.organization(), &name, key)?;
    let after = match page.after.as_ref().and_then(|after| after.key.as_ref()) {
        Some(Value::Big(place)) => placed(*place),
        _ => (0, 0),
    };
    let total = page.total(|| work.tx.count_import_refusals(grant, import))?;
    let found = work.tx.import_refusals(grant, import, after, page.rows())?;
    let numbered = |(number, refusal)| Numbered { number, refusal };
    page.of(found.into_iter().map(numbered).collect(), total, |of| Position {
        key: Some(Value::Big(place(of.refusal.line, of.number))),
        id: import,
    })
}

/// A line and a number as one number.
fn place(line: i32, number: i32) -> i64 {
    i64::from(line) * NUMBERS + i64::from(number)
}

fn placed(place: i64) -> (i32, i32) {
    let part = |part: i64| i32::try_from(part).unwrap_or(i32::MAX);
    (part(place.div_euclid(NUMBERS)), part(place.rem_euclid(NUMBERS)))
}

/// What an import refused, and what its undo left: whole rows after a line, and whether there are more.
pub fn refusals(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Read>,
    import: Id,
    after: i32,
    most: i64,
) -> Result<(Vec<ImportRefusal>, bool), Refusal> {
    let found = work
        .tx
        .import_refusals(grant, import, (after, i32::MAX), most + 1)?;
    let mut found: Vec<_> = found.into_iter().map(|(_, refusal)| refusal).collect();
    let more = i64::try_from(found.len()).is_ok_and(|count| count > most);
    if more && let Some(last) = found.pop() {
        // A row's refusals stay together, as far as a page can hold them.
        let whole = found
            .iter()
            .position(|refusal| refusal.line == last.line)
            .filter(|at| *at > 0);
        found.truncate(whole.unwrap_or(found.len()));
    }
    Ok((found, more))
}
