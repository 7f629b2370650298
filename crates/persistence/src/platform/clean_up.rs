//! What is over goes, in batches, over all organizations. On PostgreSQL row-level security hides other tenants' rows
//! from the server, so functions of the schema's owner do it; they delete what is over, whatever they are asked.

use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::BigInt;
use firma_domain::{Id, Instant};

/// The triggers keep security events for so many seconds.
const YOUNG: i64 = 90 * 86_400;

impl Tx<'_> {
    /// Ended sessions; how many went.
    pub fn sweep_sessions(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        if self.is_postgres() {
            return self.call_sweep("SELECT sweep_sessions(", before, most);
        }
        let over =
            Sql::<()>::text("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ");
        self.sweep(over, before, most)
    }

    /// Tokens of mails that are over; how many went. Of those that stay for a while, what they would have done goes.
    pub fn sweep_tokens(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        if self.is_postgres() {
            return self.call_sweep("SELECT sweep_tokens(", before, most);
        }
        let now = self.now();
        Sql::<()>::text(
            "UPDATE verification_tokens SET payload = NULL WHERE payload IS NOT NULL AND expires_at < ",
        )
        .bind(now)
        .run(self)?;
        let over = Sql::<()>::text(
            "DELETE FROM verification_tokens WHERE hash IN (SELECT hash FROM verification_tokens WHERE expires_at < ",
        );
        self.sweep(over, before, most)
    }

    /// Old security events; how many went. None younger than 90 days goes, whatever is asked.
    pub fn sweep_security_events(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        if self.is_postgres() {
            return self.call_sweep("SELECT sweep_security_events(", before, most);
        }
        let before = before.min(self.now().plus_seconds(-YOUNG));
        let old = Sql::<()>::text(
            "DELETE FROM security_events WHERE rowid IN (SELECT rowid FROM security_events WHERE occurred_at < ",
        );
        self.sweep(old, before, most)
    }

    /// Archives of people that nobody may fetch any more; how many went. Their bytes are noted to go.
    pub fn sweep_archives(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        if self.is_postgres() {
            return self.call_sweep("SELECT sweep_archives(", before, most);
        }
        Sql::<()>::text(
            "INSERT INTO file_sweeps (storage_key, reason, noted_at) SELECT storage_key, 'DELETED', 0 \
             FROM user_archives WHERE storage_key IS NOT NULL AND expires_at < ",
        )
        .bind(before)
        .run(self)?;
        let over = Sql::<()>::text(
            "DELETE FROM user_archives WHERE user_id IN (SELECT user_id FROM user_archives WHERE expires_at < ",
        );
        self.sweep(over, before, i64::MAX)
    }

    /// Counts of wrong guesses that nobody added to since; how many went.
    pub fn sweep_delays(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        let over = Sql::<()>::text(
            "DELETE FROM sign_in_delays WHERE subject IN (SELECT subject FROM sign_in_delays WHERE failed_at < ",
        );
        self.sweep(over, before, most)
    }

    /// Sign-ins at providers that nobody ended; how many went.
    pub fn sweep_attempts(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        let over = Sql::<()>::text(
            "DELETE FROM provider_attempts WHERE state IN (SELECT state FROM provider_attempts WHERE expires_at < ",
        );
        self.sweep(over, before, most)
    }

    /// Former slugs of organizations that lead nowhere any more; how many went.
    pub fn sweep_slugs(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        let over = Sql::<()>::text(
            "DELETE FROM former_slugs WHERE slug IN (SELECT slug FROM former_slugs WHERE ends_at < ",
        );
        self.sweep(over, before, most)
    }

    /// Answers that no retry gets any more; how many went.
    pub fn sweep_idempotency_keys(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        if self.is_postgres() {
            return self.call_sweep("SELECT sweep_idempotency_keys(", before, most);
        }
        let over = Sql::<()>::text(
            "DELETE FROM idempotency_keys WHERE rowid IN (SELECT rowid FROM idempotency_keys WHERE expires_at < ",
        );
        self.sweep(over, before, most)
    }

    /// Jobs that ended, with their payloads; how many went.
    pub fn sweep_jobs(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        if self.is_postgres() {
            return self.call_sweep("SELECT sweep_jobs(", before, most);
        }
        let payloads = Sql::<()>::text(
            "DELETE FROM job_payloads WHERE (organization_id, job_id) IN (SELECT organization_id, id FROM jobs \
             WHERE finished_at < ",
        );
        self.sweep(payloads, before, most)?;
        // A job that stays may be tried again, and needs its payload then.
        let jobs = Sql::<()>::text(
            "DELETE FROM jobs WHERE rowid IN (SELECT j.rowid FROM jobs j WHERE NOT EXISTS (SELECT 1 FROM job_payloads p \
             WHERE p.organization_id = j.organization_id AND p.job_id = j.id) AND j.finished_at < ",
        );
        self.sweep(jobs, before, most)
    }

    /// Errors on our side that haven't come again since; how many went. The system's own rows, which it sees itself.
    pub fn sweep_errors(&mut self, before: Instant, most: i64) -> Result<i64, Fault> {
        self.fenced(Id::NIL)?;
        let old = Sql::<()>::text(
            "DELETE FROM internal_errors WHERE (organization_id, id) IN (SELECT organization_id, id FROM internal_errors \
             WHERE organization_id = ",
        )
        .bind(Id::NIL)
        .then(" AND last_at < ");
        self.sweep(old, before, most)
    }

    fn call_sweep(&mut self, function: &'static str, before: Instant, most: i64) -> Result<i64, Fault> {
        self.unit()?;
        Sql::<BigInt>::text(function)
            .bind(before)
            .then(", ")
            .bind(Value::Big(most))
            .then(")")
            .one(self)
    }

    fn sweep(&mut self, over: Sql<()>, before: Instant, most: i64) -> Result<i64, Fault> {
        self.unit()?;
        let gone = over.bind(before).then(" LIMIT ").bind(Value::Big(most)).then(")");
        Ok(i64::try_from(gone.run(self)?).unwrap_or(i64::MAX))
    }
}
