//! What who runs the server looks at, beside any caller: one organization at a time, and reading alone.

use crate::refusal::Refusal;
use firma_auth::access::Operating;
use firma_auth::keys::Key;
use firma_domain::identity::SecurityEvent;
use firma_domain::platform::AuditEntry;
use firma_domain::{Id, Instant};
use firma_persistence::operating::{Drift, INVARIANTS, Invariant, KEPT};
use firma_persistence::{Checkpoint, LogEnd, LogPage, LoggedEntry, Stretch, Tx, Verification, Walked};
use serde::Serialize;

/// Security events of one page.
const EVENTS: i64 = 500;

/// An organization, or the nil one, to whose chain belongs what concerns none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub id: Id,
    /// Empty for the nil one
    pub slug: String,
}

/// What was found in one organization.
pub struct Found {
    /// Its log
    pub log: Verification,
    /// When that was last written to
    pub newest: Option<Instant>,
    /// Each table whose rows were compared with the log
    pub drift: Vec<(&'static str, Drift)>,
    /// Each invariant, and how many rows break it
    pub broken: Vec<(&'static Invariant, i64)>,
    /// Its files, by their keys in the store, and the size that each should have
    pub files: Vec<(String, i64)>,
}

/// All organizations but those that are being purged, and the nil one.
pub fn places(tx: &mut Tx<'_>) -> Result<Vec<Place>, Refusal> {
    let place = |(id, slug)| Place { id, slug };
    Ok(tx.tenants()?.into_iter().map(place).collect())
}

/// A look at one place, in one state of it; none where it isn't there any more, or is being purged.
fn look<T>(
    tx: &mut Tx<'_>,
    place: Id,
    look: impl FnOnce(&mut Tx<'_>, Operating) -> Result<T, Refusal>,
) -> Result<Option<T>, Refusal> {
    let operating = Operating::on(place);
    tx.operate(operating, |tx| match tx.has_tenant(place)? {
        true => look(tx, operating).map(Some),
        false => Ok(None),
    })
}

/// Whether the log of an organization is whole. Without the key nobody knows of one that was cut.
pub fn verify(tx: &mut Tx<'_>, place: Id, key: Option<&Key>) -> Result<Option<Verification>, Refusal> {
    look(tx, place, |tx, operating| {
        Ok(tx.verify_log(operating.grant::<AuditEntry>(), key)?)
    })
}

/// The same, a part at a time: on from where it was walked to.
pub fn verify_some(
    tx: &mut Tx<'_>,
    place: Id,
    key: &Key,
    from: &Walked,
    most: i64,
) -> Result<Option<Stretch>, Refusal> {
    look(tx, place, |tx, operating| {
        Ok(tx.verify_some(operating.grant::<AuditEntry>(), Some(key), from.clone(), most)?)
    })
}

/// A part of a log, to be kept outside of the database.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Logged {
    /// Where it was cut; all before the entries, the oldest first
    Checkpoint(Checkpoint),
    Entry(LoggedEntry),
    /// Beside the log; all behind the entries, the newest first
    SecurityEvent(SecurityEvent),
    /// The last
    End(LogEnd),
}

/// All of a log, part after part.
pub fn export(
    tx: &mut Tx<'_>,
    place: Id,
    mut to: impl FnMut(Logged) -> Result<(), Refusal>,
) -> Result<Option<()>, Refusal> {
    look(tx, place, |tx, operating| {
        for checkpoint in tx.logged_checkpoints(operating)? {
            to(Logged::Checkpoint(checkpoint))?;
        }
        // What stands where a checkpoint says that it was cut is for the walk to find.
        let mut reached = 0;
        loop {
            let some = tx.logged_entries(operating, reached)?;
            let Some(last) = some.last() else { break };
            reached = last.number;
            some.into_iter().try_for_each(|entry| to(Logged::Entry(entry)))?;
        }
        let mut page = LogPage {
            rows: EVENTS,
            ..LogPage::default()
        };
        loop {
            let some = tx.security_events(operating.grant(), &page)?;
            let Some(last) = some.last() else { break };
            page.before = Some(last.id);
            some.into_iter()
                .try_for_each(|event| to(Logged::SecurityEvent(event)))?;
        }
        to(Logged::End(tx.log_end(operating)?))
    })
}

/// The slugs of the organizations whose purge has begun and isn't over.
pub fn purging(tx: &mut Tx<'_>) -> Result<Vec<String>, Refusal> {
    Ok(tx.purging()?)
}

/// Everything that can be wrong with an organization's rows.
pub fn examine(tx: &mut Tx<'_>, place: Id, key: Option<&Key>) -> Result<Option<Found>, Refusal> {
    look(tx, place, |tx, operating| {
        let mut drift = Vec::new();
        for (table, look) in KEPT {
            drift.push((*table, look(tx, operating)?));
        }
        let mut broken = Vec::new();
        for invariant in INVARIANTS {
            broken.push((invariant, tx.broken(operating, invariant)?));
        }
        Ok(Found {
            log: tx.verify_log(operating.grant::<AuditEntry>(), key)?,
            newest: tx.newest_entry(operating)?,
            drift,
            broken,
            files: tx.stored_files(operating)?,
        })
    })
}
