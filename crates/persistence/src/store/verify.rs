//! Whether the log is whole, from its beginning, or the checkpoint where it was cut, to its head.

use super::checkpoint::Checkpoint;
use super::tx::Tx;
use super::walked::{Columns, Doubt, Row, Walk, Walked};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Nullable};
use firma_auth::access::{Grant, Read};
use firma_auth::keys::Key;
use firma_auth::signed::{Unproved, check};
use firma_domain::Id;
use firma_domain::platform::AuditEntry;

/// What a look at an organization's log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Entries that are whole, from the first that is there on
    pub entries: i64,
    /// Entries before that, which were cut and have a checkpoint in their place
    pub cut: i64,
    /// The number of the first entry that isn't whole, and in which way
    pub broken: Option<(i64, &'static str)>,
}

/// What a part of a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// All is whole up to there
    On(Walked),
    /// There is no more to look at
    End(Verification),
}

const PAGE: i64 = 1_000;

impl Tx<'_> {
    /// Walks the log of the organization of the grant, whoever writes meanwhile.
    pub fn verify_still(&mut self, grant: Grant<AuditEntry, Read>, key: &Key) -> Result<Verification, Fault> {
        self.still(|tx| tx.verify_log(grant, Some(key)))
    }

    /// Walks the log of the organization of the grant. Without the key, where a log was cut is in doubt. To be called in
    /// one state of the database.
    pub fn verify_log(
        &mut self,
        grant: Grant<AuditEntry, Read>,
        key: Option<&Key>,
    ) -> Result<Verification, Fault> {
        let mut from = Walked::default();
        loop {
            match self.verify_some(grant, key, from, i64::MAX)? {
                Stretch::On(to) => from = to,
                Stretch::End(found) => return Ok(found),
            }
        }
    }

    /// Walks on from where a log was walked to, for at least `most` entries and to the end of a transaction.
    /// To be called in one state of the database.
    pub fn verify_some(
        &mut self,
        grant: Grant<AuditEntry, Read>,
        key: Option<&Key>,
        from: Walked,
        most: i64,
    ) -> Result<Stretch, Fault> {
        let organization = grant.organization();
        self.fenced(organization)?;
        let (cut, from) = match self.log_begins(organization, key, from)? {
            Ok(begins) => begins,
            Err(doubt) => return Ok(Stretch::End(found(0, 0, Some(doubt)))),
        };
        let begun = from.number;
        let mut walk = Walk::behind(from);
        loop {
            let page = self.log_page(organization, walk.number)?;
            if page.is_empty() {
                break;
            }
            for row in page {
                if let Err(doubt) = walk.step(organization, row) {
                    return Ok(Stretch::End(found(cut, walk.number, Some(doubt))));
                }
            }
            if walk.settled.number.saturating_sub(begun) >= most {
                return Ok(Stretch::On(walk.settled));
            }
        }
        let doubt = match self.head_of(organization)? {
            Some((last, digest)) => at_end(&mut walk, (last, &digest)),
            None => Some((walk.number.max(1), "its head is missing")),
        };
        Ok(Stretch::End(found(cut, walk.number, doubt)))
    }

    /// Where what is there of a log begins, at or behind a place that was walked to: the last entry that was
    /// cut, and where to go on from.
    pub(super) fn log_begins(
        &mut self,
        organization: Id,
        key: Option<&Key>,
        from: Walked,
    ) -> Result<Result<(i64, Walked), Doubt>, Fault> {
        let last = Sql::<Nullable<BigInt>>::text(
            "SELECT MAX(number) FROM audit_checkpoints WHERE organization_id = ",
        )
        .bind(organization)
        .one::<Option<i64>>(self)?
        .unwrap_or(0);
        // What was looked at once isn't again, unless the log was cut meanwhile.
        if last == 0 || (1..=from.number).contains(&last) {
            return Ok(Ok((last, from)));
        }
        let begins = match begins(organization, key, self.checkpoints(organization)?) {
            Ok(begins) => begins,
            Err(doubt) => return Ok(Err(doubt)),
        };
        let number = begins.number;
        let doubt = self.log_before(organization, number)?;
        Ok(doubt.map_or(Ok((number, begins)), Err))
    }

    /// Where what is there of a log begins, as its last checkpoint alone says: for the next cut, which needn't
    /// look at all of them each time.
    pub(super) fn log_was_cut_at(
        &mut self,
        organization: Id,
        key: &Key,
    ) -> Result<Result<Walked, Doubt>, Fault> {
        let begins = match self.last_checkpoint(organization)? {
            Some(checkpoint) => proved(organization, Some(key), checkpoint),
            None => Ok(Walked::default()),
        };
        Ok(match begins {
            Ok(begins) => self
                .log_before(organization, begins.number)?
                .map_or(Ok(begins), Err),
            Err(doubt) => Err(doubt),
        })
    }

    /// What is wrong where entries are there up to one that was cut.
    fn log_before(&mut self, organization: Id, cut: i64) -> Result<Option<Doubt>, Fault> {
        let first =
            Sql::<Nullable<BigInt>>::text("SELECT MIN(number) FROM audit_entries WHERE organization_id = ")
                .bind(organization)
                .one::<Option<i64>>(self)?;
        let what = "it is there, and a checkpoint says that it was cut";
        Ok(first.filter(|first| *first <= cut).map(|first| (first, what)))
    }

    pub(super) fn log_page(&mut self, organization: Id, after: i64) -> Result<Vec<Row>, Fault> {
        Sql::<Columns>::text(
            "SELECT a.number, a.id, a.batch_id, a.occurred_at, a.actor_id, a.key_id, a.action, a.entity_type, a.entity_id, \
             a.entity_version, a.request_id, a.payload_digest, a.digest, a.chain, p.salt, p.changes, p.ip, p.user_agent, \
             p.origin_digest FROM audit_entries a LEFT JOIN audit_payloads p ON p.organization_id = a.organization_id \
             AND p.entry_id = a.id WHERE a.organization_id = ",
        )
        .bind(organization)
        .then(" AND a.number > ")
        .bind(Value::Big(after))
        .then(" ORDER BY a.number LIMIT ")
        .bind(Value::Big(PAGE))
        .rows(self)
    }
}

/// Where what is there of a log begins, as all its checkpoints say.
pub(super) fn begins(
    organization: Id,
    key: Option<&Key>,
    checkpoints: Vec<Checkpoint>,
) -> Result<Walked, Doubt> {
    let mut begins = Walked::default();
    for checkpoint in checkpoints {
        let here = checkpoint.number;
        if here.saturating_sub(checkpoint.entries) != begins.number {
            return Err((here, "a checkpoint before it is missing"));
        }
        begins = proved(organization, key, checkpoint)?;
    }
    Ok(begins)
}

/// What is wrong at the end of a walk, where that should be the log's.
pub(super) fn at_end(walk: &mut Walk, (last, digest): (i64, &[u8])) -> Option<Doubt> {
    match walk.end() {
        Err(doubt) => Some(doubt),
        Ok(()) if last != walk.number => Some((walk.number + 1, "entries at the end are missing")),
        Ok(()) if digest != walk.settled.head => Some((walk.number, "the head doesn't follow from it")),
        Ok(()) => None,
    }
}

/// Where the log goes on behind a checkpoint that the server signed.
fn proved(organization: Id, key: Option<&Key>, made: Checkpoint) -> Result<Walked, Doubt> {
    let what = match key.map(|key| check(key, &made.message(organization), &made.signature)) {
        Some(Ok(())) => {
            return Ok(Walked {
                number: made.number,
                head: made.digest,
            });
        }
        Some(Err(Unproved::UnknownKey)) => "its checkpoint was signed with a secret that is not known here",
        Some(Err(Unproved::Forged)) => "its checkpoint was forged",
        None => "the signature of its checkpoint can't be checked without the secret",
    };
    Err((made.number, what))
}

pub(super) fn found(cut: i64, walked: i64, broken: Option<Doubt>) -> Verification {
    let whole = broken.map_or(walked, |(number, _)| walked.min(number - 1));
    Verification {
        entries: whole.saturating_sub(cut).max(0),
        cut,
        broken,
    }
}
