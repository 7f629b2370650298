//! What is written once: the unit of work, the repository, lists, audit, idempotency.

mod at_once;
mod audit;
mod checkpoint;
mod computed;
mod cut;
mod erasing;
mod exported;
mod fence;
mod field;
mod finish;
mod idempotency;
mod in_turn;
mod list;
mod log;
mod owed;
mod owner;
mod parts;
mod purge;
mod references;
mod referring;
mod repo;
mod rows;
mod search;
mod sides;
mod stored;
mod taken;
#[cfg(feature = "testing")]
mod testing;
mod tx;
mod verify;
mod walk;
mod walked;
mod words;

pub(crate) use audit::Note;
pub use checkpoint::Checkpoint;
pub(crate) use computed::{Computed, Question};
pub use cut::Cut;
pub use erasing::Reached;
pub use exported::{LogEnd, LogWalk, LoggedEntry, LoggedPayload};
pub use field::{Field, SortBy};
pub(crate) use field::{field, sort_by};
pub use idempotency::{Key, Known, StoredAnswer};
pub use list::{Listing, Page, Position};
pub(crate) use log::{EVENTS, EventColumns, EventRow, event_of};
pub use log::{Log, LogPage};
pub(crate) use parts::{Outdates, Parts};
pub use purge::Purged;
pub use references::{HANGING, References};
pub(crate) use referring::Rows;
pub use repo::Repo;
pub(crate) use search::below;
pub use stored::Stored;
pub(crate) use stored::{
    Common, currency_column, currency_of, instant_literal, key_of, literal, minor_column, minor_of, money,
    no_literal, only, read, stored, value_of,
};
pub(crate) use tx::{Attempt, Unit, actor, id_or_null, instant_or_null, text_or_null};
pub use tx::{Origin, Tx};
pub use verify::{Stretch, Verification};
pub use walk::{Deed, OwnRows};
pub use walked::Walked;
pub(crate) use words::Texts;

#[cfg(feature = "testing")]
pub(crate) use rows::plan;
#[cfg(feature = "testing")]
use testing::has_tenant_condition;
#[cfg(feature = "testing")]
pub use testing::{drop_tenant_condition, restore_tenant_condition};
#[cfg(not(feature = "testing"))]
const fn has_tenant_condition() -> bool {
    true
}

/// The types of columns, for the lists of [`stored!`].
pub(crate) mod columns {
    pub(crate) use crate::backend::{Date, Id, Instant};
    pub(crate) use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
}
