use super::{column, is};
use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant};
use firma_domain::crm::{Deal, Pipeline, Stage, end_stages};
use firma_domain::{Id, Record};
use firma_persistence::Op;

impl Keeping for Pipeline {
    fn created(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Create>,
        record: &Record<Self>,
    ) -> Result<(), Refusal> {
        work.open(grant.also::<Stage, Create>())?
            .add_many(end_stages(record.id))?;
        Ok(())
    }

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        if before.value.is_default {
            return Err(Refusal::conflict("in_use", "it is the default pipeline"));
        }
        let of = is(column::<Deal>("pipeline_id"), Op::Eq, before.id);
        if work.open(grant.also::<Deal, _>())?.first(vec![of])?.is_some() {
            return Err(Refusal::conflict("in_use", "the pipeline has deals"));
        }
        let of = is(column::<Stage>("pipeline_id"), Op::Eq, before.id);
        let mut stages = work.open(grant.also::<Stage, Delete>())?;
        for stage in stages.some(vec![of], i64::MAX)? {
            stages.delete(&stage, deletion)?;
        }
        Ok(())
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        _: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        let mut stages = work.open(grant.also::<Stage, Delete>())?;
        for stage in stages.taken_by(deletion)? {
            stages.restore(&stage)?;
        }
        Ok(())
    }
}
