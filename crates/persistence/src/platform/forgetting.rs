//! Jobs that hold what somebody wants to be forgotten.

use super::queue::Lease;
use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::Text;
use firma_domain::Id;
use firma_domain::platform::JobState;

impl Tx<'_> {
    /// Calls off the mails that wait or were given up and name an address, or an id, and what else waits to be written to
    /// it, or of it. What is being sent is left to its worker, who erases it when it is sent.
    pub fn forget_mail(&mut self, organization: Id, named: &str) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(organization)?;
        // As a whole text of the payload's JSON: the address may be the end of another one.
        let said = format!("\"{}\"", named.to_lowercase());
        let jobs = Sql::<IdType>::text(
            "SELECT j.id FROM job_payloads p JOIN jobs j ON j.organization_id = p.organization_id AND j.id = p.job_id \
             WHERE j.kind IN ('mail', 'account', 'security_notice') AND j.state IN ('QUEUED', 'FAILED') \
             AND p.organization_id = ",
        )
        .bind(organization)
        .then_either(" AND position(", " AND instr(lower(p.payload), ")
        .bind(Value::Text(said))
        .then_either(" IN lower(p.payload)) > 0", ") > 0")
        .then(" ORDER BY j.id")
        .rows::<Uid>(self)?;
        for job in jobs {
            self.forget_job(organization, job.0)?;
        }
        Ok(())
    }

    fn forget_job(&mut self, organization: Id, job: Id) -> Result<(), Fault> {
        self.hold_queued(organization, job)?;
        let lease = Lease {
            organization,
            job,
            id: Id::NIL,
        };
        let state = Sql::<Text>::text("SELECT state FROM jobs")
            .of_job("organization_id", "id", lease)
            .then_either(" FOR UPDATE", "")
            .one::<String>(self)?;
        let waits = [JobState::Queued, JobState::Failed].map(JobState::as_str);
        match waits.contains(&state.as_str()) {
            true => self.close_job(lease, JobState::Cancelled, None, None),
            false => Ok(()),
        }
    }
}
