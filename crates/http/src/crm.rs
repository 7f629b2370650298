//! Companies, contacts, pipelines, stages, deals, activities, and the pipeline report.

use crate::call::Call;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, resource};
use crate::schemas::Schemas;
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Read, Verb};
use firma_domain::crm::{Activity, Company, Contact, Deal, DealContact, Pipeline, Stage};
use firma_services::crm;
use serde_json::json;

type Answered = Result<HttpResponse, Problem>;

impl Resource for Company {
    const MODULE: &'static str = "crm";
}
impl Resource for Contact {
    const MODULE: &'static str = "crm";
}
impl Resource for Pipeline {
    const MODULE: &'static str = "crm";
}
impl Resource for Stage {
    const MODULE: &'static str = "crm";
}
impl Resource for Deal {
    const MODULE: &'static str = "crm";
}
impl Resource for DealContact {
    const MODULE: &'static str = "crm";
}
impl Resource for Activity {
    const MODULE: &'static str = "crm";
}

async fn stage_history(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<Deal, Read>()?;
        said.no_query()?;
        let periods = crm::stage_history(work, grant, said.id()?)?;
        render::plain(
            200,
            &json!({"data": periods, "pagination": {"next_cursor": null, "has_more": false}}),
        )
    })
    .await
}

async fn pipeline_report(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<Deal, Read>()?;
        render::plain(200, &crm::pipeline_report(work, grant, said.query()?)?)
    })
    .await
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    resource::<Company>(to, schemas);
    resource::<Contact>(to, schemas);
    resource::<Pipeline>(to, schemas);
    resource::<Stage>(to, schemas);
    resource::<Deal>(to, schemas);
    resource::<DealContact>(to, schemas);
    resource::<Activity>(to, schemas);
    let read = Access::Permission("deals", Verb::Read);
    let root = "/api/v1/organizations/{organization}";
    to.push(
        Operation::new(
            Method::GET,
            &format!("{root}/deals/{{id}}/stage-history"),
            "list_stage_history",
            "crm",
            read,
            || web::get().to(stage_history),
        )
        .text("The stages that the deal stood in, who moved it there, and from when to when."),
    );
    let parameter = |name: &str, text: &str| Parameter {
        name: name.into(),
        text: text.into(),
    };
    to.push(
        Operation::new(
            Method::GET,
            &format!("{root}/reports/pipeline"),
            "get_pipeline_report",
            "crm",
            read,
            || web::get().to(pipeline_report),
        )
        .text("Deals, won, lost, open, won value, win rate and days to won, by a group and in total.")
        .parameters(vec![
            parameter("group_by", "stage, owner, team, quarter or company"),
            parameter("from", "Closed on this day or later; leaves open deals out"),
            parameter("to", "Closed on this day or earlier; leaves open deals out"),
            parameter(
                "currency",
                "The currency of the won value; the organization's unless given",
            ),
        ]),
    );
}
