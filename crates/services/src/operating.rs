//! What who runs the server looks at, beside any caller: one organization at a time, and reading alone.

use crate::refusal::Refusal;
use firma_auth::access::Operating;
use firma_auth::keys::Key;
use firma_domain::organizations::Organization;
use firma_domain::{Id, Instant};
use firma_persistence::operating::{Drift, INVARIANTS, Invariant, KEPT};
use firma_persistence::{Fault, Stretch, Tx, Verification, Walked};

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
}

/// All organizations, and the nil one.
pub fn places(tx: &mut Tx<'_>) -> Result<Vec<Place>, Refusal> {
    let place = |(id, slug)| Place { id, slug };
    Ok(tx.tenants()?.into_iter().map(place).collect())
}

/// Whether the log of an organization is whole. Without the key nobody knows of one that was cut.
pub fn verify(tx: &mut Tx<'_>, place: Id, key: Option<&Key>) -> Result<Verification, Refusal> {
    let operating = Operating::on(place);
    Ok(tx.operate(operating, |tx| {
        tx.verify_log(operating.grant::<Organization>(), key)
    })?)
}

/// The same, a part at a time: on from where it was walked to.
pub fn verify_some(
    tx: &mut Tx<'_>,
    place: Id,
    key: &Key,
    from: &Walked,
    most: i64,
) -> Result<Stretch, Refusal> {
    let operating = Operating::on(place);
    Ok(tx.operate(operating, |tx| {
        tx.verify_some(operating.grant::<Organization>(), Some(key), from.clone(), most)
    })?)
}

/// Everything that can be wrong with an organization's rows.
pub fn examine(tx: &mut Tx<'_>, place: Id, key: Option<&Key>) -> Result<Found, Refusal> {
    let operating = Operating::on(place);
    let found = tx.operate(operating, |tx| {
        let mut drift = Vec::new();
        for (table, look) in KEPT {
            drift.push((*table, look(tx, operating)?));
        }
        let mut broken = Vec::new();
        for invariant in INVARIANTS {
            broken.push((invariant, tx.broken(operating, invariant)?));
        }
        Ok::<_, Fault>(Found {
            log: tx.verify_log(operating.grant::<Organization>(), key)?,
            newest: tx.newest_entry(operating)?,
            drift,
            broken,
        })
    })?;
    Ok(found)
}
