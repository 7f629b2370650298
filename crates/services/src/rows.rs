//! Looking for rows that a rule is about, and taking parts along with their whole.

use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Action, Delete, Grant, Read};
use firma_domain::Id;
use firma_persistence::{Col, Cond, Fault, Op, Stored, Value};
use std::collections::HashSet;

fn column<E: Stored>(name: &'static str) -> Col {
    Col {
        table: E::TABLE,
        name,
    }
}

/// The condition that a column of `E` has a value.
pub(crate) fn is<E: Stored>(name: &'static str, value: impl Into<Value>) -> Cond {
    Cond::Is(column::<E>(name), Op::Eq, value.into())
}

/// So many rows are named in one statement.
const TOGETHER: usize = 1_000;

/// The conditions that a reference of `E` is to one of these, a statement for each.
pub(crate) fn is_one_of<E: Stored>(name: &'static str, ids: &[Id]) -> impl Iterator<Item = Cond> {
    let of = move |some: &[Id]| Cond::one_of(column::<E>(name), some.iter().map(|id| (*id).into()).collect());
    ids.chunks(TOGETHER).map(of)
}

/// Those of them that live, within what the grant sees.
pub(crate) fn living<E: Stored, A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, A>,
    mut ids: Vec<Id>,
) -> Result<HashSet<Id>, Refusal> {
    ids.sort_unstable();
    ids.dedup();
    let mut living = HashSet::with_capacity(ids.len());
    for some in ids.chunks(TOGETHER) {
        living.extend(work.open(grant)?.by_ids(some)?.iter().map(|row| row.id));
    }
    Ok(living)
}

/// What was looked for, where it need not be there.
pub(crate) fn there<T>(found: Result<T, Fault>) -> Result<Option<T>, Refusal> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Fault::Missing) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Deletes the parts that fit, with their whole: under its deletion.
pub(crate) fn delete_parts<P: Stored>(
    work: &mut Work<'_, '_>,
    grant: Grant<P, Delete>,
    of: Cond,
    deletion: Id,
) -> Result<(), Refusal> {
    let mut parts = work.open(grant)?;
    let gone = parts.some_for_delete(vec![of])?;
    Ok(parts.delete_all(&gone, deletion)?)
}

/// Brings back the parts that one deletion took.
pub(crate) fn restore_parts<P: Stored>(
    work: &mut Work<'_, '_>,
    grant: Grant<P, Delete>,
    deletion: Id,
) -> Result<(), Refusal> {
    restore_some_parts(work, grant, deletion, |_, _| Ok(true))
}

/// The same for those of them that may come back.
pub(crate) fn restore_some_parts<P: Stored>(
    work: &mut Work<'_, '_>,
    grant: Grant<P, Delete>,
    deletion: Id,
    mut may: impl FnMut(&mut Work<'_, '_>, &P) -> Result<bool, Refusal>,
) -> Result<(), Refusal> {
    let mut parts = Vec::new();
    for part in work.open(grant)?.taken_by(deletion)? {
        if may(work, &part.value)? {
            parts.push(part);
        }
    }
    Ok(work.open(grant)?.restore_all(&parts)?)
}

/// Refuses to bring a part back into a whole that is deleted; one that lives is there until the call ends.
pub(crate) fn needs<W: Stored>(
    work: &mut Work<'_, '_>,
    grant: Grant<W, Read>,
    whole: Id,
) -> Result<(), Refusal> {
    match work.open(grant)?.may_be_referred_to(whole)? {
        true => Ok(()),
        false => Err(Refusal::conflict(
            "referred_to",
            format!("its {} is deleted", W::NAME),
        )),
    }
}

/// Refuses where any row fits.
pub(crate) fn unless_any<E: Stored>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, Read>,
    fits: Vec<Cond>,
    detail: &str,
) -> Result<(), Refusal> {
    match work.open(grant)?.first(fits)? {
        None => Ok(()),
        Some(_) => Err(Refusal::conflict("in_use", detail)),
    }
}
