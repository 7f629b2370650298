//! What the last look at each log found: for the figures, and to see what is new.

use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Kind, Sql, Value};
use crate::store::{Tx, Verification, text_or_null};
use diesel::sql_types::{BigInt, Nullable};
use firma_domain::{Id, Instant};

/// Over all logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Logs that weren't whole when they were last looked at
    pub broken: i64,
    /// When the one that was looked at longest ago was
    pub oldest: Instant,
    /// When one was last looked at
    pub newest: Instant,
}

impl Tx<'_> {
    /// Keeps what a look at a log found, unless it is being purged. Whether that is a break that wasn't known.
    pub fn note_verification(&mut self, organization: Id, found: &Verification) -> Result<bool, Fault> {
        self.unit()?;
        if !self.has_tenant(organization)? {
            return Ok(false);
        }
        let known =
            Sql::<Nullable<BigInt>>::text("SELECT broken_number FROM audit_verifications WHERE tenant_id = ")
                .bind(organization)
                .maybe::<Option<i64>>(self)?
                .flatten();
        let (number, problem) = found.broken.unzip();
        let now = self.now();
        Sql::<()>::text(
            "INSERT INTO audit_verifications (tenant_id, verified_at, entries, broken_number, problem) VALUES (",
        )
        .binds(vec![
            organization.into(),
            now.into(),
            Value::Big(found.entries),
            number.map_or(Value::Null(Kind::Big), Value::Big),
            text_or_null(problem),
        ])
        .then(
            ") ON CONFLICT (tenant_id) DO UPDATE SET verified_at = excluded.verified_at, entries = excluded.entries, \
             broken_number = excluded.broken_number, problem = excluded.problem",
        )
        .run(self)?;
        Ok(number.is_some() && number != known)
    }

    /// What is known of all logs; none where none was ever looked at.
    pub fn verified(&mut self) -> Result<Option<Verified>, Fault> {
        let (broken, oldest, newest) = Sql::<(BigInt, Nullable<AtType>, Nullable<AtType>)>::text(
            "SELECT COUNT(v.broken_number), MIN(v.verified_at), MAX(v.verified_at) FROM audit_verifications v \
             JOIN tenants t ON t.id = v.tenant_id WHERE t.purging_at IS NULL",
        )
        .one::<(i64, Option<At>, Option<At>)>(self)?;
        Ok(oldest.zip(newest).map(|(oldest, newest)| Verified {
            broken,
            oldest: oldest.0,
            newest: newest.0,
        }))
    }
}
