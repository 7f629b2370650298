//! Sealing and signing anew what was with the secret before.

use crate::operating;
use crate::refusal::Refusal;
use firma_auth::access::Disposing;
use firma_auth::keys::{Key, Keys};
use firma_auth::sealed::{self, Place, Unsealable};
use firma_auth::signed;
use firma_domain::Id;
use firma_domain::source::Entropy;
use firma_persistence::identity::SealedColumn;
use firma_persistence::{Database, Fault, Origin, Tx};
use serde::Serialize;
use std::sync::Arc;

/// Users of one transaction: those who use what is sealed don't wait long.
const BATCH: i64 = 100;

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// Texts that are sealed with the current secret now
    pub renewed: u64,
    /// Texts that were already
    pub current: u64,
    /// Texts that don't open: where they stand, and why. They were left as they are
    pub lost: Vec<String>,
}

impl Rotated {
    fn add(&mut self, done: Rotated) {
        self.renewed += done.renewed;
        self.current += done.current;
        self.lost.extend(done.lost);
    }
}

/// Seals every text of these columns, and signs every checkpoint of a log, with the current secret. May be
/// run again, and beside servers that know both.
pub async fn rotate_secrets(
    database: &Database,
    keys: Arc<Keys>,
    entropy: Arc<dyn Entropy>,
    columns: &'static [SealedColumn],
) -> Result<Rotated, Refusal> {
    let mut all = Rotated::default();
    let mut last = Id::NIL;
    loop {
        let (sealing, entropy) = (keys.clone(), entropy.clone());
        let batch = move |tx: &mut Tx<'_>| {
            let users = tx.users_behind(last, BATCH)?;
            let mut done = Rotated::default();
            for user in &users {
                for column in columns {
                    renew(tx, &sealing, entropy.as_ref(), *column, *user, &mut done)?;
                }
            }
            Ok::<_, Refusal>((users.last().copied(), done))
        };
        let (end, done) = database.write(Origin::default(), batch).await?;
        all.add(done);
        match end {
            Some(end) => last = end,
            None => break,
        }
    }
    for place in database.read(operating::places).await? {
        let (keys, id) = (keys.clone(), place.id);
        let signing = move |tx: &mut Tx<'_>| sign_anew(tx, &keys.audit, Disposing::of(id));
        all.add(database.write(Origin::default(), signing).await?);
    }
    Ok(all)
}

/// The first text of these columns that doesn't open, and why; none where all do. Nothing is changed.
pub async fn unsealable(
    database: &Database,
    key: &Key,
    columns: &'static [SealedColumn],
) -> Result<Option<String>, Refusal> {
    let mut last = Id::NIL;
    loop {
        let key = key.clone();
        let batch = move |tx: &mut Tx<'_>| {
            let users = tx.users_behind(last, BATCH)?;
            for user in &users {
                for column in columns {
                    for (row, text) in tx.sealed_texts(*column, *user)? {
                        if let Err(why) = sealed::open(&key, place(*column, row), &text) {
                            return Ok((None, Some(lost(*column, row, why))));
                        }
                    }
                }
            }
            Ok::<_, Refusal>((users.last().copied(), None))
        };
        match database.read(batch).await? {
            (Some(end), None) => last = end,
            (_, lost) => return Ok(lost),
        }
    }
}

fn place(column: SealedColumn, row: Id) -> Place<'static> {
    Place {
        table: column.table,
        column: column.column,
        row,
    }
}

fn lost(column: SealedColumn, row: Id, why: Unsealable) -> String {
    format!("{}.{} of {row} {why}", column.table, column.column)
}

/// Signs the checkpoints of a log anew. What doesn't prove anything isn't made to.
fn sign_anew(tx: &mut Tx<'_>, key: &Key, disposing: Disposing) -> Result<Rotated, Refusal> {
    let mut done = Rotated::default();
    let organization = disposing.organization();
    for checkpoint in tx.signed_checkpoints(disposing)? {
        let (message, number) = (checkpoint.message(organization), checkpoint.number);
        match signed::check(key, &message, &checkpoint.signature) {
            Ok(()) if signed::is_current(key, &checkpoint.signature) => done.current += 1,
            Ok(()) => {
                tx.sign_checkpoint(disposing, number, &signed::sign(key, &message))?;
                done.renewed += 1;
            }
            Err(why) => done.lost.push(format!(
                "audit_checkpoints.signature of {organization}, entry {number}, {why}"
            )),
        }
    }
    Ok(done)
}

fn renew(
    tx: &mut Tx<'_>,
    keys: &Keys,
    entropy: &dyn Entropy,
    column: SealedColumn,
    user: Id,
    done: &mut Rotated,
) -> Result<(), Fault> {
    for (row, text) in tx.sealed_texts(column, user)? {
        match sealed::reseal(&keys.sealing, place(column, row), &text, entropy) {
            Ok(None) => done.current += 1,
            Ok(Some(new)) => {
                tx.set_sealed_text(column, (user, row), &new)?;
                done.renewed += 1;
            }
            Err(why) => done.lost.push(lost(column, row, why)),
        }
    }
    Ok(())
}
