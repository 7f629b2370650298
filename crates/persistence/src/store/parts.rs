//! A list that is a field of an entity, and stands in rows of a table of its own.

use super::tx::Tx;
use crate::fault::Fault;
use firma_domain::{Id, Record};

/// Fills the list of each of these rows of an organization.
type ReadParts<E> = fn(&mut Tx<'_>, Id, &mut [Record<E>]) -> Result<(), Fault>;
/// Brings the list of a row, of an organization and for who acts, to what it is now.
type WriteParts<E> = fn(&mut Tx<'_>, (Id, Id), Option<&E>, &Record<E>) -> Result<(), Fault>;

/// Says that what is kept in memory of a row of an organization, as it is now, is old.
pub(crate) type Outdates<E> = fn(&mut Tx<'_>, Id, &E) -> Result<(), Fault>;

/// How such a list is read and written. It is read by a statement of its own, after the rows: where these are held for
/// a change, nobody changes the list any more.
pub struct Parts<E> {
    pub(crate) read: ReadParts<E>,
    pub(crate) write: WriteParts<E>,
}

impl<E> Clone for Parts<E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E> Copy for Parts<E> {}
