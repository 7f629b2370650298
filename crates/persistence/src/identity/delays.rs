//! Wrong guesses, counted where all servers see them.

use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::Integer;
use firma_domain::Instant;
use firma_domain::identity::LONGEST_WAIT;

/// Seconds that clocks may be apart.
const APART: i64 = 60;

impl Tx<'_> {
    /// From when on one may try again at a subject; none where nobody guessed wrong. In a call that writes it waits for
    /// those who count there now.
    pub fn free_at(&mut self, subject: [u8; 16]) -> Result<Option<Instant>, Fault> {
        let hold = self.hold();
        let found = Sql::<AtType>::text("SELECT free_at FROM sign_in_delays WHERE subject = ")
            .bind(Value::Bytes(subject.to_vec()))
            .then_either(hold, "")
            .maybe::<At>(self)?;
        // Nobody waits for longer: that was written by a clock that was ahead.
        let latest = self.latest();
        Ok(found.map(|at| at.0).filter(|free| *free <= latest))
    }

    /// Counts a wrong guess, anew after `quiet` seconds without one; how many there are now. None where one had to wait
    /// by then. Held until the call ends.
    pub fn count_failure(&mut self, subject: [u8; 16], quiet: i64) -> Result<Option<i32>, Fault> {
        self.unit()?;
        let now = self.now();
        Sql::<Integer>::text("INSERT INTO sign_in_delays (subject, failures, failed_at, free_at) VALUES (")
            .binds(vec![
                Value::Bytes(subject.to_vec()),
                Value::Int(1),
                now.into(),
                now.into(),
            ])
            .then(") ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN sign_in_delays.failed_at < ")
            .bind(now.plus_seconds(-quiet))
            .then(" OR sign_in_delays.failed_at > ")
            .bind(self.latest())
            .then(
                " THEN 1 ELSE sign_in_delays.failures + 1 END, failed_at = excluded.failed_at \
                 WHERE sign_in_delays.free_at <= ",
            )
            .bind(now)
            .then(" OR sign_in_delays.free_at > ")
            .bind(self.latest())
            .then(" RETURNING failures")
            .maybe::<i32>(self)
    }

    /// What lies behind it was written by a clock that was ahead, and not by one of another server, or by a call that
    /// began a little later.
    fn latest(&self) -> Instant {
        self.now().plus_seconds(LONGEST_WAIT + APART)
    }

    /// Nobody may try at a subject before that instant.
    pub fn hold_until(&mut self, subject: [u8; 16], free_at: Instant) -> Result<(), Fault> {
        Sql::<()>::text("UPDATE sign_in_delays SET free_at = ")
            .bind(free_at)
            .then(" WHERE subject = ")
            .bind(Value::Bytes(subject.to_vec()))
            .run(self)?;
        Ok(())
    }

    /// Forgets the wrong guesses at a subject.
    pub fn forget_failures(&mut self, subject: [u8; 16]) -> Result<(), Fault> {
        self.unit()?;
        Sql::<()>::text("DELETE FROM sign_in_delays WHERE subject = ")
            .bind(Value::Bytes(subject.to_vec()))
            .run(self)?;
        Ok(())
    }
}
