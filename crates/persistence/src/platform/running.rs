//! What happens to a job in the hands of a worker, and by the hands of people.

use super::queue::{Lease, Outcome};
use crate::fault::Fault;
use crate::sql::{Kind, Sql, Value};
use crate::store::{Tx, text_or_null};
use diesel::sql_types::{Bool, Integer};
use firma_auth::access::{Create, Grant, Update};
use firma_domain::platform::{Job, JobState};
use firma_domain::{Id, Record};

/// How far a job has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    pub done: i32,
    pub total: Option<i32>,
    /// Where the next attempt goes on if this one is killed, as JSON
    pub place: Option<String>,
}

impl Tx<'_> {
    /// Whether a lease is still its worker's. Held until the end of the transaction: what is stored in it is stored
    /// by the worker that has the job, and by no other.
    pub fn hold_lease(&mut self, lease: Lease) -> Result<bool, Fault> {
        let held = Sql::<Integer>::text("SELECT 1 FROM job_queue")
            .of_job("organization_id", "id", lease)
            .then(" AND lease_id = ")
            .bind(lease.id)
            .then_either(" FOR UPDATE", "");
        Ok(held.maybe::<i32>(self)?.is_some())
    }

    /// Keeps leases for `seconds` more, if they are still the worker's. One whose job stores something at this moment is
    /// passed over, so that no other waits for it: nobody can take it meanwhile, and it is kept by that itself.
    pub fn extend_leases(&mut self, leases: &[Lease], seconds: i64) -> Result<(), Fault> {
        self.unit()?;
        let until = self.now().plus_seconds(seconds);
        let ids = leases.iter().map(|lease| Value::from(lease.id)).collect();
        Sql::<()>::text(
            "UPDATE job_queue SET lease_ends_at = ",
        )
            .bind(until)
            .then(" WHERE (organization_id, id) IN (SELECT organization_id, id FROM job_queue WHERE lease_id IN (")
            .binds(ids)
            .then_either(") FOR UPDATE SKIP LOCKED)", "))")
            .run(self)
            .map(drop)
    }

    /// Notes how far a job has come, and keeps its lease for `seconds` from then on; whether somebody wants it to stop.
    /// The lease has to be held.
    pub fn step_job(&mut self, lease: Lease, step: Step, seconds: i64) -> Result<bool, Fault> {
        self.unit()?;
        self.fenced(lease.organization)?;
        // From the end of the step on, which may have taken longer than a lease.
        let until = self.moment().plus_seconds(seconds);
        Sql::<()>::text("UPDATE job_queue SET lease_ends_at = ")
            .bind(until)
            .of_job("organization_id", "id", lease)
            .run(self)?;
        if step.place.is_some() {
            Sql::<()>::text("UPDATE job_payloads SET place = ")
                .bind(text_or_null(step.place.as_deref()))
                .of_job("organization_id", "job_id", lease)
                .run(self)?;
        }
        let now = self.now();
        Sql::<Bool>::text("UPDATE jobs SET progress_done = ")
            .bind(Value::Int(step.done))
            .then(", progress_total = ")
            .bind(step.total.map_or(Value::Null(Kind::Int), Value::Int))
            .then(", version = version + 1, updated_at = ")
            .bind(now)
            .of_job("organization_id", "id", lease)
            .then(" RETURNING cancel_requested")
            .one(self)
    }

    /// Whether somebody wants a job to stop.
    pub fn job_is_cancelled(&mut self, lease: Lease) -> Result<bool, Fault> {
        self.fenced(lease.organization)?;
        Sql::<Bool>::text("SELECT cancel_requested FROM jobs")
            .of_job("organization_id", "id", lease)
            .one(self)
    }

    /// Ends an attempt. The lease has to be held.
    pub fn end_job(&mut self, lease: Lease, outcome: Outcome) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(lease.organization)?;
        match outcome {
            Outcome::Succeeded(result) => self.close_job(lease, JobState::Succeeded, Some(result), None),
            Outcome::Cancelled => self.close_job(lease, JobState::Cancelled, None, None),
            Outcome::Failed(problem) => self.close_job(lease, JobState::Failed, None, Some(problem)),
            Outcome::Again(at, problem) => {
                Sql::<()>::text("UPDATE job_queue SET lease_id = NULL, lease_ends_at = NULL, run_at = ")
                    .bind(at)
                    .of_job("organization_id", "id", lease)
                    .run(self)?;
                let now = self.now();
                Sql::<()>::text("UPDATE jobs SET state = 'QUEUED', run_at = ")
                    .bind(at)
                    .then(", problem = ")
                    .bind(Value::Text(problem))
                    .then(", version = version + 1, updated_at = ")
                    .bind(now)
                    .of_job("organization_id", "id", lease)
                    .run(self)
                    .map(drop)
            }
            Outcome::Yielded => {
                // It was no fault of the job's, so the attempt doesn't count.
                Sql::<()>::text(
                    "UPDATE job_queue SET lease_id = NULL, lease_ends_at = NULL, attempts = attempts - 1",
                )
                .of_job("organization_id", "id", lease)
                .run(self)?;
                let now = self.now();
                Sql::<()>::text(
                    "UPDATE jobs SET state = 'QUEUED', attempts = attempts - 1, version = version + 1, updated_at = ",
                )
                .bind(now)
                .of_job("organization_id", "id", lease)
                .run(self)
                .map(drop)
            }
        }
    }

    pub(super) fn close_job(
        &mut self,
        lease: Lease,
        state: JobState,
        result: Option<String>,
        problem: Option<String>,
    ) -> Result<(), Fault> {
        Sql::<()>::text("DELETE FROM job_queue")
            .of_job("organization_id", "id", lease)
            .run(self)?;
        if state != JobState::Failed {
            Sql::<()>::text("DELETE FROM job_payloads")
                .of_job("organization_id", "job_id", lease)
                .run(self)?;
        }
        let now = self.now();
        Sql::<()>::text("UPDATE jobs SET state = ")
            .bind(state.as_str())
            .then(", finished_at = ")
            .bind(now)
            .then(", result = ")
            .bind(text_or_null(result.as_deref()))
            .then(", problem = ")
            .bind(text_or_null(problem.as_deref()))
            .then(", version = version + 1, updated_at = ")
            .bind(now)
            .of_job("organization_id", "id", lease)
            .run(self)?;
        Ok(())
    }

    /// Waits for whoever is taking a job out of the queue, before its row is locked: workers take both in this order.
    pub fn hold_queued(&mut self, organization: Id, job: Id) -> Result<(), Fault> {
        Sql::<Integer>::text("SELECT 1 FROM job_queue WHERE organization_id = ")
            .bind(organization)
            .then(" AND id = ")
            .bind(job)
            .then_either(" FOR UPDATE", "")
            .maybe::<i32>(self)?;
        Ok(())
    }

    /// Calls a job off: at once if it waits, else by asking its worker. It has to be found for change before.
    pub fn cancel_job(&mut self, grant: Grant<Job, Update>, job: &Record<Job>) -> Result<(), Fault> {
        let lease = Lease {
            organization: grant.organization(),
            job: job.id,
            id: Id::NIL,
        };
        self.fenced(lease.organization)?;
        if job.value.state == JobState::Queued {
            return self.close_job(lease, JobState::Cancelled, None, None);
        }
        let now = self.now();
        Sql::<()>::text("UPDATE jobs SET cancel_requested = ")
            .bind(Value::Bool(true))
            .then(", version = version + 1, updated_at = ")
            .bind(now)
            .of_job("organization_id", "id", lease)
            .run(self)?;
        Ok(())
    }

    /// Puts a dead letter back into the queue, with all its attempts. It has to be found for change before.
    pub fn retry_job(&mut self, grant: Grant<Job, Create>, job: &Record<Job>) -> Result<(), Fault> {
        let (organization, now) = (grant.organization(), self.now());
        self.fenced(organization)?;
        self.queue(organization, job.id, &job.value.kind, now)?;
        Sql::<()>::text(
            "UPDATE jobs SET state = 'QUEUED', attempts = 0, finished_at = NULL, problem = NULL, cancel_requested = ",
        )
        .bind(Value::Bool(false))
        .then(", run_at = ")
        .bind(now)
        .then(", version = version + 1, updated_at = ")
        .bind(now)
        .then(" WHERE organization_id = ")
        .bind(organization)
        .then(" AND id = ")
        .bind(job.id)
        .run(self)?;
        Ok(())
    }

    /// Where a job of the system stands, and why its last attempt failed.
    pub fn system_job(&mut self, job: Id) -> Result<(JobState, Option<String>), Fault> {
        use diesel::sql_types::{Nullable, Text};
        self.fenced(Id::NIL)?;
        let (state, problem) =
            Sql::<(Text, Nullable<Text>)>::text("SELECT state, problem FROM jobs WHERE organization_id = ")
                .bind(Id::NIL)
                .then(" AND id = ")
                .bind(job)
                .one::<(String, Option<String>)>(self)?;
        let state = state
            .parse()
            .map_err(|()| Fault::internal(format!("state {state}")))?;
        Ok((state, problem))
    }
}
