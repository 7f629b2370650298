use super::activities::{self, Of};
use super::deal_contacts;
use crate::crud::Listed;
use crate::keeping::Keeping;
use crate::link::{Link, not_found};
use crate::listing::Parameters;
use crate::pages::{self, listed};
use crate::refusal::Refusal;
use crate::rows::{delete_parts, is, needs, restore_parts};
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant, Read, Touches, Update};
use firma_auth::keys::Key;
use firma_domain::crm::{
    Activity, Company, Deal, DealContact, DealStatus, Pipeline, Stage, StageKind, StagePeriod, first_periods,
};
use firma_domain::organizations::Member;
use firma_domain::{Id, Invalid, Record};
use firma_persistence::{Fault, Position, Value};
use serde_json::{Map, Value as Json};

impl Keeping for Deal {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<Deal>] = &[
            Link::to::<Company>("company_id", "company", |deal| deal.company_id),
            Link::to::<Member>("owner_id", "owner", |deal| deal.owner_id),
            Link::ruled::<Pipeline>("pipeline_id", "pipeline", |deal| deal.pipeline_id),
            Link::ruled::<Stage>("stage_id", "stage", |deal| deal.stage_id),
        ];
        LINKS
    }

    const NAMED_BY: &'static [&'static str] = &["external_id"];

    fn meant(
        work: &mut Work<'_, '_>,
        field: &str,
        beside: &Map<String, Json>,
        before: Option<&Self>,
        named: Vec<Id>,
    ) -> Result<Vec<Id>, Refusal> {
        match field {
            "stage_id" => in_its_pipeline(work, beside, before, named),
            _ => Ok(named),
        }
    }

    fn creating(work: &mut Work<'_, '_>, grant: Grant<Self, Create>, value: Self) -> Result<Self, Refusal> {
        placed(work, grant, None, value)
    }

    fn adding(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Create>,
        value: Self,
    ) -> Result<Record<Self>, Fault> {
        let periods = first_periods(&value, work.now(), work.zone());
        work.tx.add_deal(grant, value, periods)
    }

    fn changing(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        let deal = placed(work, grant, Some(&before.value), value)?;
        let reopened = before.value.status != DealStatus::Open && deal.status == DealStatus::Open;
        if let Some(company) = deal.company_id.filter(|_| reopened)
            && !work
                .open(grant.also::<Company, Read>())?
                .may_be_referred_to(company)?
        {
            return Err(Invalid(vec![not_found("company_id")]).into());
        }
        Ok(deal)
    }

    fn changed(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Update>,
        before: &Record<Self>,
        after: &Record<Self>,
    ) -> Result<(), Refusal> {
        if before.value.owner_id != after.value.owner_id {
            deal_contacts::hand_over(work, grant.also(), after)?;
        }
        if before.value.stage_id == after.value.stage_id {
            return Ok(());
        }
        let now = work.now();
        let ended = work.tx.end_stage_period(grant, after.id, now)?;
        let stage = after.value.stage_id;
        Ok(work.tx.begin_stage_period(grant, after.id, stage, ended)?)
    }

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        let of = is::<DealContact>("deal_id", before.id);
        delete_parts(work, grant.also::<DealContact, _>(), of, deletion)?;
        activities::take(work, grant.also(), Of::Deal(before.id), deletion)
    }

    fn restored(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        after: &Record<Self>,
        deletion: Id,
    ) -> Result<(), Refusal> {
        needs(
            work,
            grant.also::<Stage, _>(),
            after.value.stage_id.unwrap_or(Id::NIL),
        )?;
        // A company with open deals isn't deleted; so none comes back to one that was.
        if let Some(company) = after
            .value
            .company_id
            .filter(|_| after.value.status == DealStatus::Open)
        {
            needs(work, grant.also::<Company, _>(), company)?;
        }
        deal_contacts::bring_back(work, grant.also(), deletion)?;
        restore_parts(work, grant.also::<Activity, _>(), deletion)
    }
}

/// The deal in its stage: the one that is named, the one it stands in, or the first of its pipeline.
fn placed<A>(
    work: &mut Work<'_, '_>,
    grant: Grant<Deal, A>,
    before: Option<&Deal>,
    mut deal: Deal,
) -> Result<Deal, Refusal>
where
    A: firma_auth::access::Action,
    (Deal, A): Touches<Stage, Read> + Touches<Pipeline, Read>,
{
    // Where none is named, it is the one that it is in.
    deal.pipeline_id = deal.pipeline_id.or(before.and_then(|was| was.pipeline_id));
    let moved_on = |was: &Deal| deal.pipeline_id != was.pipeline_id && deal.stage_id == was.stage_id;
    if before.is_some_and(moved_on) {
        deal.stage_id = None;
    }
    let stage = match deal.stage_id {
        Some(id) => {
            let found = work.open(grant.also::<Stage, Read>())?.recall_to_refer(id)?;
            found.ok_or_else(|| Invalid(vec![not_found("stage_id")]))?
        }
        None => {
            let pipeline = pipeline(work, grant, deal.pipeline_id)?;
            first_stage(work, grant, pipeline)?
        }
    };
    if deal
        .pipeline_id
        .is_some_and(|pipeline| pipeline != stage.value.pipeline_id)
    {
        return Err(Refusal::field(
            "pipeline_id",
            "not_its_stage",
            "the stage is one of another pipeline",
        ));
    }
    deal.stage_id = Some(stage.id);
    Ok(deal.standing_in(&stage.value, before, work.today())?)
}

fn pipeline<A>(work: &mut Work<'_, '_>, grant: Grant<Deal, A>, named: Option<Id>) -> Result<Id, Refusal>
where
    A: firma_auth::access::Action,
    (Deal, A): Touches<Pipeline, Read>,
{
    let mut pipelines = work.open(grant.also::<Pipeline, Read>())?;
    let found = match named {
        Some(id) => pipelines.by_ids(&[id])?.pop(),
        None => pipelines.first(vec![is::<Pipeline>("is_default", Value::Bool(true))])?,
    };
    Ok(found.ok_or_else(|| Invalid(vec![not_found("pipeline_id")]))?.id)
}

fn first_stage<A>(
    work: &mut Work<'_, '_>,
    grant: Grant<Deal, A>,
    pipeline: Id,
) -> Result<Record<Stage>, Refusal>
where
    A: firma_auth::access::Action,
    (Deal, A): Touches<Stage, Read>,
{
    let of = is::<Stage>("pipeline_id", pipeline);
    let open = is::<Stage>("kind", StageKind::Open.as_str());
    let mut open_stages = work.open(grant.also::<Stage, Read>())?;
    let mut stages = open_stages.some(vec![of, open], 1_000)?;
    stages.sort_by_key(|stage| (stage.value.position, stage.id));
    for stage in stages {
        // One may be deleted at once.
        if open_stages.may_be_referred_to(stage.id)? {
            return Ok(stage);
        }
    }
    Err(Refusal::conflict(
        "no_open_stage",
        "the pipeline has no open stage",
    ))
}

/// Those of several stages that are of the deal's pipeline: the named one, its own, or the default one.
fn in_its_pipeline(
    work: &mut Work<'_, '_>,
    beside: &Map<String, Json>,
    before: Option<&Deal>,
    stages: Vec<Id>,
) -> Result<Vec<Id>, Refusal> {
    let named = beside.get("pipeline_id").and_then(Json::as_str);
    let own = || before.and_then(|deal| deal.pipeline_id);
    let grant = work.grant::<Deal, Create>()?;
    let pipeline = match named.and_then(|id| id.parse().ok()).or_else(own) {
        Some(pipeline) => pipeline,
        None => pipeline(work, grant, None)?,
    };
    let found = work.open(grant.also::<Stage, Read>())?.by_ids(&stages)?;
    let fits = found
        .into_iter()
        .filter(|stage| stage.value.pipeline_id == pipeline);
    Ok(fits.map(|stage| stage.id).collect())
}

listed! {
    StagePeriod { "id", "stage_id", "entered_at", "left_at", "changed_by" }
}

/// The stages that a deal stood in, the first one first.
pub fn stage_history(
    work: &mut Work<'_, '_>,
    grant: Grant<Deal, Read>,
    deal: Id,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let name = format!("deals/{deal}/stage-history");
    let page = pages::page::<StagePeriod>(parameters, work.organization(), &name, key)?;
    let total = page.total(|| work.tx.count_stage_periods(grant, deal))?;
    let found = work
        .tx
        .stage_periods(grant, deal, page.after.as_ref(), page.rows())?;
    page.of(found, total, |period| Position {
        key: Some(period.entered_at.into()),
        id: period.id,
    })
}
