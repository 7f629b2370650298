//! What an entity's use cases do beside storing it. A plain entity leaves all of it as it is.

use crate::link::Link;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant, Update};
use firma_domain::{Id, Record};
use firma_persistence::{Fault, Stored};
use serde_json::{Map, Value};

/// An entity that is kept: its references, and what its rules say beside stored rows.
pub trait Keeping: Stored {
    /// Its references to other rows: checked when they are set, and what `expand` follows.
    fn links() -> &'static [Link<Self>] {
        &[]
    }

    /// The row of that id which is code: everybody reads it like any other, and nobody changes it.
    fn fixed(_: Id) -> Option<Record<Self>> {
        None
    }

    /// Whether a row may be out of use without being deleted.
    const MAY_REST: bool = false;

    /// Whether it is out of use: nothing more is made to refer to it.
    fn rests(&self) -> bool {
        false
    }

    /// Fields that name one of these for a person or in a file, the surest first. Each has an index, unless
    /// there are never many rows.
    const NAMED_BY: &'static [&'static str] = &[];

    /// Those of several rows with one name that are meant in `field` of a row to come, beside its other
    /// fields, where it is to change `before`.
    fn meant(
        _: &mut Work<'_, '_>,
        _field: &str,
        _beside: &Map<String, Value>,
        _before: Option<&Self>,
        named: Vec<Id>,
    ) -> Result<Vec<Id>, Refusal> {
        Ok(named)
    }

    /// The value as it is to be stored.
    fn creating(_: &mut Work<'_, '_>, _: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        Ok(value)
    }
    /// Stores it, with what comes with it.
    fn adding(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Create>,
        value: Self,
    ) -> Result<Record<Self>, Fault> {
        work.tx.open(grant)?.add(value)
    }
    /// What follows from a new row.
    fn created(_: &mut Work<'_, '_>, _: Grant<Self, Create>, _: &Record<Self>) -> Result<(), Refusal> {
        Ok(())
    }
    /// The changed value as it is to be stored.
    fn changing(
        _: &mut Work<'_, '_>,
        _: Grant<Self, Update>,
        _: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        Ok(value)
    }
    /// What follows from a change.
    fn changed(
        _: &mut Work<'_, '_>,
        _: Grant<Self, Update>,
        _: &Record<Self>,
        _: &Record<Self>,
    ) -> Result<(), Refusal> {
        Ok(())
    }
    /// Whether it may be deleted, and what goes with it under the same deletion.
    fn deleting(
        _: &mut Work<'_, '_>,
        _: Grant<Self, Delete>,
        _: &Record<Self>,
        _deletion: Id,
    ) -> Result<(), Refusal> {
        Ok(())
    }
    /// What follows once it is deleted.
    fn deleted(_: &mut Work<'_, '_>, _: Grant<Self, Delete>, _: &Record<Self>) -> Result<(), Refusal> {
        Ok(())
    }
    /// The value with which it is brought back.
    fn restoring(
        _: &mut Work<'_, '_>,
        _: Grant<Self, Delete>,
        before: &Record<Self>,
    ) -> Result<Self, Refusal> {
        Ok(before.value.clone())
    }
    /// What comes back with it.
    fn restored(
        _: &mut Work<'_, '_>,
        _: Grant<Self, Delete>,
        _: &Record<Self>,
        _deletion: Id,
    ) -> Result<(), Refusal> {
        Ok(())
    }
}
