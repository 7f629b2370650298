//! What goes by itself of an organization's own: rows that were deleted long ago, and entries of the log that
//! are older than the organization keeps them.

use super::clean_up::BATCH;
use super::running::{Progress, Running, Stop};
use firma_auth::access::Disposing;
use firma_auth::keys::Key;
use firma_persistence::Cut;
use std::sync::Arc;

/// Organizations that are looked at in one call.
const SOME: usize = 50;
/// The fewest entries of one cut, where there are so many: each leaves a checkpoint.
const ENTRIES: i64 = 2_000;

/// Purges the rows of all organizations that were deleted so many seconds ago. How many.
pub(super) fn purge(job: &Running<'_>, kept: i64) -> Result<i64, Stop> {
    let references = Arc::new(job.read(|tx| Ok(tx.references()?))?);
    let mut gone = 0;
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
        for organization in due {
            loop {
                let references = references.clone();
                let count = job.step(move |tx| {
                    let before = tx.now().plus_seconds(-kept);
                    let gone = tx.purge(Disposing::of(organization), &references, before, BATCH)?;
                    Ok((Progress::default(), gone))
                })?;
                gone += count;
                // Fewer than a batch may be because of references to what has just gone.
                if count == 0 {
                    break;
                }
            }
        }
    }
    Ok(gone)
}

/// Cuts the logs of the organizations that don't keep them for ever, by whole days, so that there are few
/// checkpoints. How many entries went.
pub(super) fn cut(job: &Running<'_>, key: &Key) -> Result<i64, Stop> {
    let mut gone = 0;
    for organization in job.read(|tx| Ok(tx.logs_to_cut()?))? {
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
    }
    Ok(gone)
}
