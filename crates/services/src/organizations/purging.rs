//! An organization goes for good, by who runs the server alone: deleted before, its log exported, then marked, then
//! emptied by the owner of the tables ([`Removal`]), then forgotten. Beginning and end are in the system's own log.

use crate::refusal::Refusal;
use firma_auth::access::Disposing;
use firma_domain::Id;
use firma_persistence::{Fault, LogEnd, Tx};

pub use firma_persistence::organizations::{Closed, Removal};

/// The organization of that slug, deleted or not.
pub fn closed(tx: &mut Tx<'_>, slug: &str) -> Result<Closed, Refusal> {
    tx.closed(slug)?.ok_or(Refusal::NotFound)
}

/// From now on nothing brings it back, and nothing can be written to its log. Where that was exported to has to be its
/// end still.
///
/// # Errors
/// Not found where it isn't deleted, or was begun already.
pub fn begin_purge(tx: &mut Tx<'_>, organization: Id, exported: &LogEnd) -> Result<(), Refusal> {
    match tx.begin_purge(Disposing::of(organization), exported) {
        Err(Fault::Changed) => {
            let detail = "its log goes on behind what was exported: begin again";
            Err(Refusal::conflict("changed", detail))
        }
        begun => Ok(begun?),
    }
}

/// It is empty, and gone with that.
pub fn end_purge(tx: &mut Tx<'_>, organization: Id) -> Result<(), Refusal> {
    match tx.end_purge(Disposing::of(organization)) {
        Err(Fault::Reference) => {
            let detail = "something came into it meanwhile: purge it again";
            Err(Refusal::conflict("in_use", detail))
        }
        ended => Ok(ended?),
    }
}
