//! Where a log was cut: how far, and the head there, from which the rest is verified. Signed, so that nobody
//! without the secret can cut a log and say that it was always so.

use super::tx::Tx;
use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use firma_auth::access::{Disposing, Operating};
use firma_domain::{Id, Instant};
use serde::{Deserialize, Serialize};

/// What a cut leaves in the place of what it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The last entry that was cut
    pub number: i64,
    /// The head after it
    #[serde(with = "super::exported::bytes")]
    pub digest: Vec<u8>,
    /// The latest instant of what this cut took: calls that overlapped aren't numbered in the order of theirs
    pub entry_at: Instant,
    /// How many this cut took
    pub entries: i64,
    pub cut_at: Instant,
    pub signature: String,
}

impl Checkpoint {
    /// What is signed.
    pub fn message(&self, organization: Id) -> Vec<u8> {
        let numbers = [
            self.number,
            self.entries,
            self.entry_at.micros(),
            self.cut_at.micros(),
        ];
        let mut message = b"audit checkpoint\0".to_vec();
        message.extend_from_slice(organization.as_bytes());
        message.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        message.extend_from_slice(&self.digest);
        message
    }
}

type Columns = (BigInt, Binary, AtType, BigInt, AtType, Text);
type Row = (i64, Vec<u8>, At, i64, At, String);

impl Tx<'_> {
    /// Those of a log, the oldest first.
    pub(super) fn checkpoints(&mut self, organization: Id) -> Result<Vec<Checkpoint>, Fault> {
        self.some_checkpoints(organization, " ORDER BY number")
    }

    /// The last of a log, if it was ever cut.
    pub(super) fn last_checkpoint(&mut self, organization: Id) -> Result<Option<Checkpoint>, Fault> {
        let last = self.some_checkpoints(organization, " ORDER BY number DESC LIMIT 1")?;
        Ok(last.into_iter().next())
    }

    fn some_checkpoints(&mut self, organization: Id, which: &'static str) -> Result<Vec<Checkpoint>, Fault> {
        let rows = Sql::<Columns>::text(
            "SELECT number, digest, entry_at, entries, cut_at, signature FROM audit_checkpoints WHERE organization_id = ",
        )
        .bind(organization)
        .then(which)
        .rows::<Row>(self)?;
        let checkpoint = |(number, digest, entry_at, entries, cut_at, signature): Row| Checkpoint {
            number,
            digest,
            entry_at: entry_at.0,
            entries,
            cut_at: cut_at.0,
            signature,
        };
        Ok(rows.into_iter().map(checkpoint).collect())
    }

    /// Up to which instant the log of an organization was cut: what was last changed before it has no entry
    /// any more.
    pub fn log_cut_until(&mut self, operating: Operating) -> Result<Option<Instant>, Fault> {
        let until = Sql::<Nullable<AtType>>::text(
            "SELECT MAX(entry_at) FROM audit_checkpoints WHERE organization_id = ",
        )
        .bind(operating.organization())
        .one::<Option<At>>(self)?;
        Ok(until.map(|at| at.0))
    }

    /// All checkpoints of an organization, to be signed anew.
    pub fn signed_checkpoints(&mut self, disposing: Disposing) -> Result<Vec<Checkpoint>, Fault> {
        self.fenced(disposing.organization())?;
        self.checkpoints(disposing.organization())
    }

    /// Puts another signature under one of them.
    pub fn sign_checkpoint(
        &mut self,
        disposing: Disposing,
        number: i64,
        signature: &str,
    ) -> Result<(), Fault> {
        self.unit()?;
        let organization = disposing.organization();
        self.fenced(organization)?;
        if self.is_postgres() {
            return Sql::<Nullable<Text>>::text("SELECT sign_audit_checkpoint(")
                .binds(vec![organization.into(), Value::Big(number), signature.into()])
                .then(")::text")
                .rows::<Option<String>>(self)
                .map(drop);
        }
        Sql::<()>::text("UPDATE audit_checkpoints SET signature = ")
            .bind(signature)
            .then(" WHERE organization_id = ")
            .bind(organization)
            .then(" AND number = ")
            .bind(Value::Big(number))
            .run(self)
            .map(drop)
    }
}
