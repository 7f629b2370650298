use crate::crud::{Expected, held};
use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Grant, Update};
use firma_domain::organizations::Member;
use firma_domain::platform::{Job, JobState};
use firma_domain::{Id, Record};

impl Keeping for Job {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Job>] = &[Link::to::<Member>("owner_id", "owner", |job| job.owner_id)];
        LINKS
    }
}

/// Calls a job off. One that runs is asked to stop, and does so at its next step.
pub fn cancel_job(
    work: &mut Work<'_, '_>,
    grant: Grant<Job, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Job>, Refusal> {
    work.tx.hold_queued(grant.organization(), id)?;
    let job = held(work, grant, expected, |rows| rows.find_for_change(id))?;
    if job.value.state.is_over() {
        let detail = format!("the job is {}", job.value.state.as_str());
        return Err(Refusal::conflict("transition", detail));
    }
    work.tx.cancel_job(grant, &job)?;
    Ok(work.open(grant)?.find(id)?)
}

/// Tries a dead letter again, with all its attempts.
pub fn retry_job(
    work: &mut Work<'_, '_>,
    grant: Grant<Job, Create>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Job>, Refusal> {
    work.tx.hold_queued(grant.organization(), id)?;
    let job = held(work, grant, expected, |rows| rows.find_for_change(id))?;
    if job.value.state != JobState::Failed {
        let detail = format!(
            "the job is {}; only FAILED ones are retried",
            job.value.state.as_str()
        );
        return Err(Refusal::conflict("transition", detail));
    }
    work.tx.retry_job(grant, &job)?;
    Ok(work.open(grant)?.find(id)?)
}
