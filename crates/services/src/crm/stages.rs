use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::{is, needs, unless_any};
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant, Update};
use firma_domain::crm::{Deal, Pipeline, Stage, StageKind};
use firma_domain::{Id, Record};

impl Keeping for Stage {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Stage>] = &[Link::to::<Pipeline>("pipeline_id", "pipeline", |stage| {
            Some(stage.pipeline_id)
        })];
        LINKS
    }

    const NAMED_BY: &'static [&'static str] = &["name"];

    fn creating(_: &mut Work<'_, '_>, _: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        match value.kind {
            StageKind::Open => Ok(value),
            _ => Err(Refusal::field(
                "kind",
                "stage_kind",
                "a pipeline has exactly one won and one lost stage",
            )),
        }
    }

    fn changing(
        _: &mut Work<'_, '_>,
        _: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        if value.kind != before.value.kind {
            return Err(Refusal::field(
                "kind",
                "stage_kind",
                "what a stage means can't be changed",
            ));
        }
        if value.pipeline_id != before.value.pipeline_id {
            return Err(Refusal::field(
                "pipeline_id",
                "fixed",
                "a stage stays in its pipeline",
            ));
        }
        Ok(value)
    }

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        if before.value.kind != StageKind::Open {
            return Err(Refusal::conflict(
                "in_use",
                "a pipeline has exactly one won and one lost stage",
            ));
        }
        let of = is::<Deal>("stage_id", before.id);
        unless_any(
            work,
            grant.also::<Deal, _>(),
            vec![of],
            "deals stand in this stage",
        )
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        after: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        needs(work, grant.also::<Pipeline, _>(), after.value.pipeline_id)
    }
}
