//! What who runs the server looks at, beside any caller. Each look stands within one organization's
//! fence, as every call does, and only reads.

mod door;
mod drift;
mod invariants;
mod verified;

pub use drift::{Drift, ENTITIES, EntityTable, KEPT, OWN_ROWS};
pub use invariants::{INVARIANTS, Invariant};
pub use verified::Verified;
