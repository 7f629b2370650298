//! The queue: jobs are put in with what asks for them, and taken out by workers under a lease that ends by itself.

use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{Tx, id_or_null};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use firma_auth::access::{Grant, Writes};
use firma_domain::platform::JobState;
use firma_domain::{Entity, Id, Instant};

/// Work to be done later.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Which handler does it
    pub kind: &'static str,
    /// What it works on, as JSON
    pub payload: String,
    /// Not before; none for at once
    pub run_at: Option<Instant>,
    /// After so many attempts it is given up
    pub max_attempts: i32,
}

/// The right to work on a job, until it ends or another worker takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub organization: Id,
    pub job: Id,
    pub(super) id: Id,
}

/// A job in the hands of a worker.
#[derive(Debug, Clone)]
pub struct Leased {
    pub lease: Lease,
    pub kind: String,
    /// Who asked for it; none for the system
    pub owner: Option<Id>,
    /// The API key by which it was asked for, if it was one
    pub key: Option<Id>,
    /// This one included
    pub attempts: i32,
    pub max_attempts: i32,
    pub payload: String,
    /// Where an earlier attempt got to, as JSON
    pub place: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done; what came of it, as JSON
    Succeeded(String),
    /// Called off
    Cancelled,
    /// Given up, and why
    Failed(String),
    /// To be tried again at an instant, and why
    Again(Instant, String),
    /// Given back as it was
    Yielded,
}

/// What waits of one kind, and since when the oldest of it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    pub kind: String,
    pub waiting: i64,
    pub oldest: Instant,
}

impl Tx<'_> {
    /// Has work done later, if this transaction commits: in its organization, and for who acts.
    pub fn enqueue<E: Entity, A: Writes>(&mut self, grant: Grant<E, A>, new: NewJob) -> Result<Id, Fault> {
        let owner = crate::store::actor(grant.actor());
        self.add_job(grant.organization(), (owner, grant.key()), new)
    }

    /// Has work done later that belongs to no organization.
    pub fn enqueue_for_system(&mut self, new: NewJob) -> Result<Id, Fault> {
        self.add_job(Id::NIL, (None, None), new)
    }

    /// The same for work of which one at a time is enough: has it queued, and no later than it is asked for now.
    pub fn keep_queued(&mut self, new: NewJob) -> Result<(), Fault> {
        let run_at = new.run_at.unwrap_or(self.now());
        let queued = Sql::<(IdType, AtType, Bool)>::text(
            "SELECT id, run_at, lease_id IS NULL AND attempts = 0 FROM job_queue WHERE kind = ",
        )
        .bind(new.kind)
        .then(" LIMIT 1")
        .maybe::<(Uid, At, bool)>(self)?;
        match queued {
            None => self.add_job(Id::NIL, (None, None), new).map(drop),
            Some((job, later, true)) if run_at < later.0 => self.bring_forward(job.0, run_at),
            Some(_) => Ok(()),
        }
    }

    /// Has a job of the system that nobody began run earlier.
    fn bring_forward(&mut self, job: Id, run_at: Instant) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(Id::NIL)?;
        let waits = Sql::<()>::text("UPDATE job_queue SET run_at = ")
            .bind(run_at)
            .then(" WHERE organization_id = ")
            .bind(Id::NIL)
            .then(" AND id = ")
            .bind(job)
            .then(" AND lease_id IS NULL AND attempts = 0");
        if waits.run(self)? == 1 {
            Sql::<()>::text("UPDATE jobs SET run_at = ")
                .bind(run_at)
                .then(" WHERE organization_id = ")
                .bind(Id::NIL)
                .then(" AND id = ")
                .bind(job)
                .run(self)?;
        }
        Ok(())
    }

    /// Calls off a job of the system that has been due since then and that nobody takes: what does it was turned off.
    pub fn drop_untaken(&mut self, kind: &'static str, since: Instant) -> Result<(), Fault> {
        self.unit()?;
        let now = self.now();
        let untaken = Sql::<IdType>::text("SELECT id FROM job_queue WHERE kind = ")
            .bind(kind)
            .then(" AND run_at < ")
            .bind(since)
            .then(" AND (lease_ends_at IS NULL OR lease_ends_at <= ")
            .bind(now)
            .then(")")
            .then_either(" FOR UPDATE SKIP LOCKED", "")
            .maybe::<Uid>(self)?;
        let Some(job) = untaken else { return Ok(()) };
        let lease = Lease {
            organization: Id::NIL,
            job: job.0,
            id: Id::NIL,
        };
        self.end_job(lease, Outcome::Cancelled)
    }

    fn add_job(
        &mut self,
        organization: Id,
        (owner, key): (Option<Id>, Option<Id>),
        new: NewJob,
    ) -> Result<Id, Fault> {
        self.unit()?;
        self.fenced(organization)?;
        let (id, now) = (self.new_id(), self.now());
        let run_at = new.run_at.unwrap_or(now);
        Sql::<()>::text(
            "INSERT INTO jobs (organization_id, id, version, created_at, created_by, updated_at, kind, state, owner_id, \
             progress_done, attempts, max_attempts, run_at, cancel_requested) VALUES (",
        )
        .binds(vec![
            organization.into(),
            id.into(),
            Value::Int(1),
            now.into(),
            id_or_null(owner),
            now.into(),
            new.kind.into(),
            JobState::Queued.as_str().into(),
            id_or_null(owner),
            Value::Int(0),
            Value::Int(0),
            Value::Int(new.max_attempts),
            run_at.into(),
            Value::Bool(false),
        ])
        .then(")")
        .run(self)?;
        Sql::<()>::text("INSERT INTO job_payloads (organization_id, job_id, payload, key_id) VALUES (")
            .binds(vec![
                organization.into(),
                id.into(),
                Value::Text(new.payload),
                id_or_null(key),
            ])
            .then(")")
            .run(self)?;
        self.queue(organization, id, new.kind, run_at)?;
        Ok(id)
    }

    pub(super) fn queue(&mut self, organization: Id, id: Id, kind: &str, at: Instant) -> Result<(), Fault> {
        Sql::<()>::text("INSERT INTO job_queue (organization_id, id, kind, run_at, attempts) VALUES (")
            .binds(vec![
                organization.into(),
                id.into(),
                kind.into(),
                at.into(),
                Value::Int(0),
            ])
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Whether anything is due: asked before a lease, which on SQLite needs the one writer.
    pub fn job_is_due(&mut self, kinds: &[&'static str]) -> Result<bool, Fault> {
        let now = self.now();
        let due = Sql::<Bool>::text("SELECT TRUE").due(kinds, now).then(" LIMIT 1");
        Ok(due.maybe::<bool>(self)?.is_some())
    }

    /// Takes the job that has been due for longest, for `seconds`.
    pub fn lease_job(&mut self, kinds: &[&'static str], seconds: i64) -> Result<Option<Leased>, Fault> {
        loop {
            let (now, id) = (self.now(), self.new_id());
            // A row compared with a query is looked up once, where IN might look it up for each row.
            let taken = Sql::<(IdType, IdType, Integer)>::text("UPDATE job_queue SET lease_id = ")
                .bind(id)
                .then(", lease_ends_at = ")
                .bind(now.plus_seconds(seconds))
                .then(
                    ", attempts = attempts + 1 WHERE (organization_id, id) = (SELECT q.organization_id, q.id",
                )
                .due(kinds, now)
                .then(" ORDER BY q.run_at, q.id LIMIT 1")
                .then_either(" FOR UPDATE OF q SKIP LOCKED", "")
                .then(") RETURNING organization_id, id, attempts")
                .maybe::<(Uid, Uid, i32)>(self)?;
            let Some((organization, job, attempts)) = taken else {
                return Ok(None);
            };
            let lease = Lease {
                organization: organization.0,
                job: job.0,
                id,
            };
            if let Some(leased) = self.begin_job(lease, attempts)? {
                return Ok(Some(leased));
            }
        }
    }

    /// Takes this job, unless somebody has it, for `seconds`: also where it would be tried again later.
    pub fn lease_this_job(
        &mut self,
        organization: Id,
        job: Id,
        seconds: i64,
    ) -> Result<Option<Leased>, Fault> {
        self.unit()?;
        let (now, id) = (self.now(), self.new_id());
        let taken = Sql::<Integer>::text("UPDATE job_queue SET lease_id = ")
            .bind(id)
            .then(", lease_ends_at = ")
            .bind(now.plus_seconds(seconds))
            .then(", attempts = attempts + 1 WHERE organization_id = ")
            .bind(organization)
            .then(" AND id = ")
            .bind(job)
            .then(" AND (lease_ends_at IS NULL OR lease_ends_at <= ")
            .bind(now)
            .then(") RETURNING attempts")
            .maybe::<i32>(self)?;
        let Some(attempts) = taken else { return Ok(None) };
        let lease = Lease {
            organization,
            job,
            id,
        };
        self.begin_job(lease, attempts)
    }

    /// None for a job that was called off, or whose last attempt killed its worker.
    fn begin_job(&mut self, lease: Lease, attempts: i32) -> Result<Option<Leased>, Fault> {
        self.fenced(lease.organization)?;
        let now = self.now();
        let (kind, owner, max_attempts, cancelled) = Sql::<(Text, Nullable<IdType>, Integer, Bool)>::text(
            "UPDATE jobs SET state = 'RUNNING', attempts = ",
        )
        .bind(Value::Int(attempts))
        .then(", version = version + 1, updated_at = ")
        .bind(now)
        .of_job("organization_id", "id", lease)
        .then(" RETURNING kind, owner_id, max_attempts, cancel_requested")
        .one::<(String, Option<Uid>, i32, bool)>(self)?;
        if cancelled {
            self.end_job(lease, Outcome::Cancelled)?;
            return Ok(None);
        }
        if attempts > max_attempts {
            let problem = "the worker ended in the middle of the last attempt".to_owned();
            self.end_job(lease, Outcome::Failed(problem))?;
            return Ok(None);
        }
        let payload = Sql::<(Text, Nullable<Text>, Nullable<IdType>)>::text(
            "SELECT payload, place, key_id FROM job_payloads",
        )
        .of_job("organization_id", "job_id", lease)
        .maybe::<(String, Option<String>, Option<Uid>)>(self)?;
        let Some((payload, place, key)) = payload else {
            // It would be the first one due for ever, and nobody would get at those behind it.
            self.end_job(lease, Outcome::Failed("its payload is gone".to_owned()))?;
            return Ok(None);
        };
        Ok(Some(Leased {
            lease,
            kind,
            owner: owner.map(|owner| owner.0),
            key: key.map(|key| key.0),
            attempts,
            max_attempts,
            payload,
            place,
        }))
    }

    /// What is due and not yet taken, over all organizations; a kind of which nothing is isn't named.
    pub fn backlog(&mut self) -> Result<Vec<Backlog>, Fault> {
        let now = self.now();
        let kinds = Sql::<(Text, BigInt, AtType)>::text(
            "SELECT kind, COUNT(*), MIN(run_at) FROM job_queue WHERE run_at <= ",
        )
        .bind(now)
        .then(" AND (lease_ends_at IS NULL OR lease_ends_at <= ")
        .bind(now)
        .then(") GROUP BY kind ORDER BY kind")
        .rows::<(String, i64, At)>(self)?;
        let backlog = |(kind, waiting, oldest): (String, i64, At)| Backlog {
            kind,
            waiting,
            oldest: oldest.0,
        };
        Ok(kinds.into_iter().map(backlog).collect())
    }
}

impl<R> Sql<R> {
    /// The due jobs of active organizations and of the system.
    fn due(self, kinds: &[&'static str], now: Instant) -> Self {
        self.then(
            " FROM job_queue q JOIN tenants t ON t.id = q.organization_id \
             WHERE (t.status = 'active' AND t.deleted_at IS NULL OR t.id = ",
        )
        .bind(Id::NIL)
        .then(") AND q.run_at <= ")
        .bind(now)
        .then(" AND (q.lease_ends_at IS NULL OR q.lease_ends_at <= ")
        .bind(now)
        .then(") AND q.kind IN (")
        .binds(kinds.iter().map(|kind| Value::from(*kind)).collect())
        .then(")")
    }

    /// The job of a lease, whose columns are called so.
    pub(super) fn of_job(self, organization: &'static str, id: &'static str, lease: Lease) -> Self {
        self.then(" WHERE ")
            .then(organization)
            .then(" = ")
            .bind(lease.organization)
            .then(" AND ")
            .then(id)
            .then(" = ")
            .bind(lease.job)
    }
}
