//! An import from its first row to its last: a transaction for each 500 rows, which also keeps its place,
//! so that one that was cut off goes on after the last that was stored.

use super::job::{Task, queue};
use super::options::Options;
use super::plan::Plan;
use super::reading::{MOST_AT_ONCE, Part, Reading};
use super::registry::Importer;
use super::row::Read;
use super::text::Source;
use crate::keeping::Keeping;
use crate::link::Link;
use crate::platform::{Received, add_file};
use crate::refusal::Refusal;
use crate::work::{Asker, Work};
use firma_auth::access::{Create, Grant, Update};
use firma_domain::organizations::Member;
use firma_domain::platform::{Import, ImportState};
use firma_domain::{Id, Record};
use firma_persistence::Tx;
use firma_persistence::platform::Leased;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// Rows of one transaction.
const ROWS: usize = 500;
/// The most rows that go in together or not at all: others wait to write for as long as those take.
const MOST_TOGETHER: usize = 10_000;

impl Keeping for Import {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Import>] = &[Link::to::<Member>("owner_id", "owner", |import| import.owner_id)];
        LINKS
    }
}

/// Stores a file and notes that its rows are to be brought in, which a job does. Who may not make such rows may not
/// ask for it. What is wrong by itself is told before anything is stored.
pub fn ask_for_file(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Create>,
    options: &Options,
    name: &str,
    received: &Received,
) -> Result<Record<Import>, Refusal> {
    let importer = Importer::named(&options.entity)?;
    (importer.may_make)(work, options.key.as_deref() != Some("none"))?;
    (importer.judge)(options)?;
    let file = add_file(work, grant.also(), name, received)?;
    // As it is now: an import that goes on later reads amounts as it began.
    let options = Options {
        currency: options.currency.or(Some(work.currency())),
        ..options.clone()
    };
    let kept = serde_json::to_value(&options).unwrap_or(Value::Null);
    let name = file.value.name.chars().take(255).collect();
    let mut import = Import::asked(options.entity, name, options.dry_run, kept, work.user());
    let id = work.tx.new_id();
    import.file_id = Some(file.id);
    import.job_id = Some(queue(
        work,
        grant,
        Task {
            import: id,
            undo: false,
        },
    )?);
    Ok(work.open(grant)?.add_as(id, import)?)
}

/// The same, and takes the job before any worker does, for `seconds`.
pub fn ask_and_take(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Create>,
    options: &Options,
    name: &str,
    received: &Received,
    seconds: i64,
) -> Result<(Record<Import>, Leased), Refusal> {
    let import = ask_for_file(work, grant, options, name, received)?;
    take(work, grant.also(), import.id, seconds)
}

/// Takes the job of an import on which nobody works, for `seconds`.
pub fn take(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Update>,
    import: Id,
    seconds: i64,
) -> Result<(Record<Import>, Leased), Refusal> {
    let import = work.open(grant)?.find(import)?;
    let leased = match import.value.job_id {
        Some(job) => work.tx.lease_this_job(grant.organization(), job, seconds)?,
        None => None,
    };
    match leased {
        Some(leased) => Ok((import, leased)),
        None => Err(Refusal::conflict(
            "transition",
            "the import is over, or somebody is at it",
        )),
    }
}

/// For whom an import runs, and where.
#[derive(Debug, Clone, Copy)]
pub struct Importing {
    pub asker: Asker,
    pub import: Id,
}

impl Importing {
    pub(super) fn enter<'t, 'c>(
        self,
        tx: &'t mut Tx<'c>,
    ) -> Result<(Work<'t, 'c>, Grant<Import, Update>), Refusal> {
        let work = Work::go_on(tx, self.asker)?;
        let grant = work.grant::<Import, Create>()?.also();
        Ok((work, grant))
    }
}

/// Takes a transaction of an import to the database, as a step of its job.
pub trait Steps {
    type Error: From<Refusal>;

    /// Runs an effect that gives the import as it stands after it.
    ///
    /// # Errors
    /// The effect was refused, or there is to be no further step.
    fn step<F>(&self, effect: F) -> Result<Record<Import>, Self::Error>
    where
        F: Fn(&mut Tx<'_>) -> Result<Record<Import>, Refusal> + Send + 'static;
}

/// An import under way.
pub struct Run<'s, S> {
    steps: &'s S,
    of: Importing,
    import: Record<Import>,
    together: bool,
    /// None once the file can't be read
    reading: Option<Reading>,
}

impl<'s, S: Steps> Run<'s, S> {
    /// Opens the file, and passes over the rows that are in already.
    pub fn begin(steps: &'s S, of: Importing, file: &Source) -> Result<Run<'s, S>, S::Error> {
        let import = steps.step(move |tx| {
            let (mut work, grant) = of.enter(tx)?;
            let record = work.open(grant)?.find_for_change(of.import)?;
            store(&mut work, grant, record, |import| {
                if import.state == ImportState::Waiting {
                    import.state = ImportState::Running;
                }
            })
        })?;
        let options = Options::read(import.value.options.clone())?;
        let mut run = Run {
            steps,
            of,
            together: options.all_or_nothing && !options.dry_run,
            import,
            reading: None,
        };
        if !run.is_over() {
            match Reading::open(file, &options, run.import.value.rows_read) {
                Ok(reading) => run.reading = Some(reading),
                Err(refusal) => run.fail(refusal)?,
            }
        }
        Ok(run)
    }

    /// The import as it stands.
    pub fn import(&self) -> &Record<Import> {
        &self.import
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.import.value.state != ImportState::Running
    }

    /// The next rows.
    pub fn step(&mut self) -> Result<(), S::Error> {
        let Some(reading) = &mut self.reading else {
            return Ok(());
        };
        let most = if self.together { MOST_TOGETHER + 1 } else { ROWS };
        let from = reading.read;
        let Part { rows, is_end } = reading.part(most)?;
        if self.together && !is_end {
            let most = match rows.len() > MOST_TOGETHER {
                true => format!("{MOST_TOGETHER} rows"),
                false => format!("{MOST_AT_ONCE} bytes"),
            };
            let detail = format!("all or nothing is for at most {most}");
            return self.fail(Refusal::field("all_or_nothing", "too_long", detail));
        }
        let rows = Arc::new(rows);
        let step = Step {
            of: self.of,
            importer: reading.importer,
            plan: reading.plan.clone(),
            last: is_end,
            rows: rows.clone(),
            from,
            together: self.together,
            named: reading.named.clone(),
        };
        self.import = self.steps.step(move |tx| step.run(tx))?;
        if self.import.value.dry_run {
            reading.remember(&rows);
        }
        Ok(())
    }

    fn fail(&mut self, refusal: Refusal) -> Result<(), S::Error> {
        if matches!(refusal, Refusal::Fault(_)) {
            return Err(refusal.into());
        }
        self.import = give_up(self.steps, self.of, refusal.to_string())?;
        Ok(())
    }
}

/// One transaction of an import.
struct Step {
    of: Importing,
    importer: &'static Importer,
    plan: Arc<Plan>,
    rows: Arc<Vec<Read>>,
    /// Rows before these
    from: i32,
    last: bool,
    together: bool,
    named: Arc<HashSet<u64>>,
}

impl Step {
    fn run(&self, tx: &mut Tx<'_>) -> Result<Record<Import>, Refusal> {
        let (mut work, grant) = self.of.enter(tx)?;
        let record = work.open(grant)?.find_for_change(self.of.import)?;
        if record.value.rows_read != self.from || record.value.state != ImportState::Running {
            return Ok(record); // another run of the same import was here
        }
        let mut outcome = None;
        let done = work.part(|work| {
            let found = outcome.insert((self.importer.batch)(work, &self.plan, &self.rows, &self.named)?);
            match record.value.dry_run || (self.together && found.refused > 0) {
                // What was stored to see whether it can be is taken back.
                true => Err(Refusal::NotFound),
                false => Ok(()),
            }
        });
        let Some(outcome) = outcome else {
            return done.map(|()| record);
        };
        let nothing = self.together && outcome.refused > 0;
        if done.is_ok() {
            work.tx.add_imported_rows(grant, record.id, &outcome.rows)?;
        }
        work.tx.add_import_refusals(grant, record.id, &outcome.refusals)?;
        let count = i32::try_from(self.rows.len()).unwrap_or(i32::MAX);
        store(&mut work, grant, record, |import| {
            import.rows_read += count;
            import.refused += outcome.refused;
            if !nothing {
                import.created += outcome.created;
                import.updated += outcome.updated;
                import.unchanged += outcome.unchanged;
            }
            import.state = match (nothing, self.last) {
                (true, _) => ImportState::Refused,
                (false, true) => ImportState::Done,
                (false, false) => ImportState::Running,
            };
        })
    }
}

/// Ends an import for a reason; what is in stays in.
pub(super) fn give_up<S: Steps>(steps: &S, of: Importing, why: String) -> Result<Record<Import>, S::Error> {
    steps.step(move |tx| {
        let (mut work, grant) = of.enter(tx)?;
        let record = work.open(grant)?.find_for_change(of.import)?;
        store(&mut work, grant, record, |import| {
            let is_over = !matches!(
                import.state,
                ImportState::Waiting | ImportState::Running | ImportState::Undoing
            );
            if !is_over {
                import.state = ImportState::Failed;
                import.failure = Some(why.clone());
            }
        })
    })
}

/// Stores the import changed, if it is.
pub(super) fn store(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Update>,
    before: Record<Import>,
    change: impl FnOnce(&mut Import),
) -> Result<Record<Import>, Refusal> {
    let mut value = before.value.clone();
    change(&mut value);
    if value == before.value {
        return Ok(before);
    }
    Ok(work.open(grant)?.change(&before, value)?)
}
