//! Companies, contacts, pipelines, stages, deals, activities, and the pipeline report.

use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, page_parameters, resource};
use crate::schemas::{Schemas, maybe_text, object, reference, string};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Read, Verb};
use firma_domain::crm::{
    Activity, Company, Contact, Deal, DealContact, Group, Pipeline, PipelineRow, Stage, StagePeriod,
};
use firma_services::crm;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder};
use utoipa::openapi::{RefOr, Schema, SchemaFormat};

type Answered = Result<HttpResponse, Problem>;

impl Resource for Company {
    const MODULE: &'static str = "crm";
    const EXAMPLE: &'static str = r#"{"name": "Nordlicht GmbH", "industry": "Energy", "tags": ["north"]}"#;
    const CHANGE: &'static str = r#"{"industry": "Solar energy"}"#;
}
impl Resource for Contact {
    const MODULE: &'static str = "crm";
    const EXAMPLE: &'static str =
        r#"{"name": "Jelena Petrović", "company_id": "$COMPANY_ID", "emails": ["jelena@nordlicht.example"]}"#;
    const CHANGE: &'static str = r#"{"position": "Buyer"}"#;
}
impl Resource for Pipeline {
    const MODULE: &'static str = "crm";
    const EXAMPLE: &'static str = r#"{"name": "Renewals $RANDOM"}"#;
    const CHANGE: &'static str = r#"{"name": "Sales $RANDOM"}"#;
}
impl Resource for Stage {
    const MODULE: &'static str = "crm";
    const EXAMPLE: &'static str =
        r#"{"name": "Trial $RANDOM", "pipeline_id": "$PIPELINE_ID", "probability": "0.4000"}"#;
    const CHANGE: &'static str = r#"{"probability": "0.5000"}"#;
}
impl Resource for Deal {
    const MODULE: &'static str = "crm";
    const EXAMPLE: &'static str = r#"{"title": "Roof for the depot", "company_id": "$COMPANY_ID", "value": {"amount": "48000.00", "currency": "EUR"}}"#;
    const CHANGE: &'static str = r#"{"title": "Roof and battery", "expected_close": "2027-03-31"}"#;
    const REFUSALS: &'static [&'static str] = &["no_open_stage"];
}
impl Resource for DealContact {
    const MODULE: &'static str = "crm";
    const EXAMPLE: &'static str = r#"{"deal_id": "$DEAL_ID", "contact_id": "$CONTACT_ID"}"#;
    const CHANGE: &'static str = r#"{"is_primary": true}"#;
    const BEFORE: &'static str = r#"CONTACT_ID=$(curl -sS "$ORG/contacts" \
  -H "Authorization: Bearer $TOKEN" \
  --json '{"name": "Emre Yıldız"}' | jq -r .id)"#;
}
impl Resource for Activity {
    const MODULE: &'static str = "crm";
    const EXAMPLE: &'static str = r#"{"kind": "CALL", "subject": "Ask about the offer", "company_id": "$COMPANY_ID", "due_at": "2027-02-01T09:00:00Z"}"#;
    const CHANGE: &'static str = r#"{"done_at": "2026-02-01T09:30:00Z"}"#;
}

async fn stage_history(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<Deal, Read>()?;
        let (query, key) = (said.query()?, &said.state.signer.keys.cursor);
        render::page(crm::stage_history(work, grant, said.id()?, query, key)?)
    })
    .await
}

async fn pipeline_report(call: Call) -> Answered {
    call.read_widely(|work, said| {
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
    let period = schemas.named::<StagePeriod>();
    let report = report(schemas);
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
        .text(
            "Lists the stages that a deal stood in. Who moved it there, and from when to when; the first one first, \
             and in no other order.",
        )
        .parameters(page_parameters(vec![]))
        .example(Example::default().id("$DEAL_ID"))
        .answers(200, Some(schemas.page(&period))),
    );
    to.push(
        Operation::new(
            Method::GET,
            &format!("{root}/reports/pipeline"),
            "get_pipeline_report",
            "crm",
            read,
            || web::get().to(pipeline_report),
        )
        .text("Counts deals. Deals, won, lost, open, won value, win rate and days to won, by a group and in total.")
        .parameters(vec![
            Parameter::new("group_by", "What there is a row for")
                .required()
                .of(schemas.word::<Group>()),
            Parameter::new("from", "Closed on this day or later; leaves open deals out").of(day()),
            Parameter::new("to", "Closed on this day or earlier; leaves open deals out").of(day()),
            Parameter::new(
                "currency",
                "The currency of the won value; the organization's unless given",
            ),
        ])
        .example(Example::default().query("?group_by=stage"))
        .answers(200, Some(report)),
    );
}

fn day() -> ObjectBuilder {
    string("A day: `2026-01-31`").format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
}

/// The report: its rows have the figures of the total, and say what they are about.
fn report(schemas: &mut Schemas) -> RefOr<Schema> {
    let total = schemas.named::<PipelineRow>();
    let mut row = schemas.fields_of::<PipelineRow>();
    row.required = row.properties.keys().cloned().collect();
    for (name, about) in [
        (
            "key",
            "What the row is about: an id or a quarter; none for deals that have none",
        ),
        (
            "label",
            "Its name; none where the caller may not read what it is about",
        ),
    ] {
        row.properties.insert(name.into(), maybe_text(about).into());
        row.required.push(name.into());
    }
    schemas.put("PipelineLine", Schema::Object(row));
    let lines = ArrayBuilder::new().items(reference("PipelineLine"));
    let report = object([("data", lines.into()), ("total", reference(&total))], &[]);
    schemas.put("PipelineReport", report);
    reference("PipelineReport")
}
