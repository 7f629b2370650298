//! Bytes that go once their time has come: uploads under way, in case they never end, and deleted files.

use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::Text;
use firma_domain::{Id, Instant};

/// Why bytes go, some time after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// An upload that hasn't ended
    Upload,
    /// A file that was deleted
    Deleted,
}

impl Sweep {
    fn as_str(self) -> &'static str {
        match self {
            Sweep::Upload => "UPLOAD",
            Sweep::Deleted => "DELETED",
        }
    }
}

const INTO: &str = "INSERT INTO file_sweeps (storage_key, reason, noted_at) ";
const IN_PLACE: &str =
    " ON CONFLICT (storage_key) DO UPDATE SET reason = excluded.reason, noted_at = excluded.noted_at";
/// What is noted then goes with the next clean-up.
const LONG_AGO: Instant = Instant::EPOCH;

/// Has the bytes of all files of an organization go with the next clean-up.
pub(crate) fn drop_bytes_of(organization: Id) -> Sql {
    Sql::text(INTO)
        .then("SELECT storage_key, ")
        .bind(Sweep::Deleted.as_str())
        .then(", ")
        .bind(LONG_AGO)
        .then(" FROM files WHERE organization_id = ")
        .bind(organization)
        .then(IN_PLACE)
}

impl Tx<'_> {
    /// Has the bytes under a key swept some time from now, unless they are spared before.
    pub fn sweep_bytes(&mut self, key: &str, reason: Sweep) -> Result<(), Fault> {
        self.unit()?;
        let now = self.now();
        Sql::<()>::text(INTO)
            .then("VALUES (")
            .binds(vec![key.into(), reason.as_str().into(), now.into()])
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Has the bytes under a key go with the next clean-up.
    pub fn drop_bytes(&mut self, key: &str) -> Result<(), Fault> {
        self.unit()?;
        Sql::<()>::text(INTO)
            .then("VALUES (")
            .binds(vec![key.into(), Sweep::Deleted.as_str().into(), LONG_AGO.into()])
            .then(")")
            .then(IN_PLACE)
            .run(self)?;
        Ok(())
    }

    /// Keeps the bytes under a key; whether it isn't too late.
    pub fn spare_bytes(&mut self, key: &str) -> Result<bool, Fault> {
        self.unit()?;
        let spared =
            Sql::<()>::text("DELETE FROM file_sweeps WHERE claimed_at IS NULL AND storage_key = ").bind(key);
        Ok(spared.run(self)? == 1)
    }

    /// The keys whose bytes are to go, at most so many. Nobody can spare them any more.
    pub fn claim_bytes(&mut self, reason: Sweep, before: Instant, most: i64) -> Result<Vec<String>, Fault> {
        self.unit()?;
        let now = self.now();
        Sql::<Text>::text("UPDATE file_sweeps SET claimed_at = ")
            .bind(now)
            .then(" WHERE storage_key IN (SELECT storage_key FROM file_sweeps WHERE reason = ")
            .bind(reason.as_str())
            .then(" AND noted_at <= ")
            .bind(before)
            .then(" ORDER BY noted_at LIMIT ")
            .bind(Value::Big(most))
            .then(") RETURNING storage_key")
            .rows(self)
    }

    /// The bytes under these keys are gone.
    pub fn bytes_are_gone(&mut self, keys: &[String]) -> Result<(), Fault> {
        self.unit()?;
        for key in keys {
            Sql::<()>::text("DELETE FROM file_sweeps WHERE storage_key = ")
                .bind(key.as_str())
                .run(self)?;
        }
        Ok(())
    }
}
