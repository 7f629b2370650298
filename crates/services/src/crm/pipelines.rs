use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::rows::{delete_parts, is, restore_parts, unless_any};
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant};
use firma_domain::crm::{Deal, Pipeline, Stage, end_stages};
use firma_domain::{Id, Record};

impl Keeping for Pipeline {
    const NAMED_BY: &'static [&'static str] = &["name"];

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
        let of = is::<Deal>("pipeline_id", before.id);
        let why = "the pipeline has deals";
        unless_any(work, grant.also::<Deal, _>(), vec![of.clone()], why)?;
        let stages = is::<Stage>("pipeline_id", before.id);
        delete_parts(work, grant.also::<Stage, _>(), stages, deletion)?;
        // Now that the stages are held, no deal comes into one.
        unless_any(work, grant.also::<Deal, _>(), vec![of], why)
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        _: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        restore_parts(work, grant.also::<Stage, _>(), deletion)
    }
}
