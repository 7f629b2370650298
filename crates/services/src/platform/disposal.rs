//! What goes by itself of an organization's own: rows that were deleted long ago, and entries of the log that
//! are older than the organization keeps them.

use super::running::{Progress, Running, Stop};
use firma_auth::access::Disposing;
use firma_auth::keys::Key;
use firma_domain::Id;
use firma_persistence::{Cut, References};
use std::sync::Arc;

/// Organizations that are looked at in one call.
const SOME: usize = 50;
/// Rows that are purged in one transaction, about.
const ROWS: usize = 500;
/// The fewest entries of one cut, where there are so many: each leaves a checkpoint.
const ENTRIES: i64 = 2_000;

/// Purges the rows of all organizations that were deleted so many seconds ago. How many.
pub(super) fn purge(job: &Running<'_>, kept: i64) -> Result<i64, Stop> {
    let references = Arc::new(job.read(|tx| Ok(tx.references()?))?);
    let mut all = Vec::new();
    for some in job.read(|tx| Ok(tx.kept_tenants()?))?.chunks(SOME) {
        let some = some.to_vec();
        let due = job.read(move |tx| {
            let before = tx.now().plus_seconds(-kept);
            let mut due = Vec::new();
            for organization in &some {
                if tx.purge_is_due(Disposing::of(*organization), before)? {
                    due.push(*organization);
                }
            }
            Ok(due)
        })?;
        all.extend(due);
    }
    each(all, |organization| {
        purge_one(job, organization, &references, kept)
    })
}

/// In each of them. Where something goes wrong with one, the others have their turn before it is told.
fn each(organizations: Vec<Id>, run: impl Fn(Id) -> Result<i64, Stop>) -> Result<i64, Stop> {
    let (mut gone, mut wrong) = (0, None);
    for organization in organizations {
        match run(organization) {
            Ok(count) => gone += count,
            Err(stop @ (Stop::Failed(_) | Stop::Broken(_))) => {
                log::error!("the clean-up of {organization}: {stop:?}");
                wrong.get_or_insert(stop);
            }
            // The same would happen to all.
            Err(stop) => return Err(stop),
        }
    }
    wrong.map_or(Ok(gone), Err)
}

/// Purges one of them: all that it deleted, again and again until nothing goes any more, for what went may
/// have held what was looked at before.
fn purge_one(
    job: &Running<'_>,
    organization: Id,
    references: &Arc<References>,
    kept: i64,
) -> Result<i64, Stop> {
    let (mut gone, mut round, mut after) = (0, 0, Id::NIL);
    loop {
        let references = references.clone();
        let purged = job.step(move |tx| {
            let before = tx.now().plus_seconds(-kept);
            let purged = tx.purge(Disposing::of(organization), &references, before, after, ROWS)?;
            Ok((Progress::default(), purged))
        })?;
        round += purged.rows;
        match purged.after {
            Some(last) => after = last,
            None if round > 0 => {
                gone += round;
                (round, after) = (0, Id::NIL);
            }
            None => return Ok(gone),
        }
    }
}

/// Cuts the logs of the organizations that don't keep them for ever, by whole days, so that there are few
/// checkpoints. How many entries went.
pub(super) fn cut(job: &Running<'_>, key: &Key) -> Result<i64, Stop> {
    let all = job.read(|tx| Ok(tx.logs_to_cut()?))?;
    each(all, |organization| cut_one(job, organization, key))
}

fn cut_one(job: &Running<'_>, organization: Id, key: &Key) -> Result<i64, Stop> {
    let mut gone = 0;
    loop {
        let key = key.clone();
        let cut = job.step(move |tx| {
            let cut = tx.cut_log(Disposing::of(organization), &key, ENTRIES)?;
            Ok((Progress::default(), cut))
        })?;
        match cut {
            Cut::Gone(0) => break,
            Cut::Gone(count) => gone += count,
            Cut::Broken(number, what) => {
                log::error!("the log of {organization} was not cut: entry {number}: {what}");
                break;
            }
            Cut::Unsure => {
                log::error!("the log of {organization} was not cut: how long it is kept is in doubt");
                break;
            }
        }
    }
    Ok(gone)
}
