//! An organization's log, and what concerned its safety.

use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::resource::page_parameters;
use crate::schemas::{Schemas, integer, maybe_text, object, or_null, reference};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Read, Verb};
use firma_domain::identity::SecurityEvent;
use firma_domain::platform::AuditEntry;
use firma_services::platform;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

async fn security_events(call: Call) -> Result<HttpResponse, Problem> {
    call.read(|work, said| {
        let grant = work.grant::<SecurityEvent, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(platform::security_events(work, grant, said.query()?, key)?)
    })
    .await
}

async fn audit_entries(call: Call) -> Result<HttpResponse, Problem> {
    call.read(|work, said| {
        let grant = work.grant::<AuditEntry, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(platform::audit_entries(work, grant, said.query()?, key)?)
    })
    .await
}

async fn verification(call: Call) -> Result<HttpResponse, Problem> {
    call.read_widely(|work, said| {
        let grant = work.grant::<AuditEntry, Read>()?;
        said.no_query()?;
        render::plain(
            200,
            &platform::verify(work, grant, &said.state.signer.keys.audit)?,
        )
    })
    .await
}

/// What security events may be cut by.
pub(crate) fn event_parameters() -> Vec<Parameter> {
    vec![
        Parameter::new("type", "What happened, or several between commas"),
        Parameter::new("severity", "How grave it is, or several between commas"),
        Parameter::new("user_id", "Whom it concerns, or several between commas"),
        Parameter::new("occurred_at", "An instant, or with [gt], [gte], [lt], [lte]"),
    ]
}

/// What entries of a log may be cut by.
pub(crate) fn entry_parameters() -> Vec<Parameter> {
    vec![
        Parameter::new("entity_type", "What was changed: `deal`; goes with entity_id"),
        Parameter::new("entity_id", "Which one; goes with entity_type"),
        Parameter::new("actor_id", "Who did it, or several between commas"),
        Parameter::new("action", "What was done: `deal.won`, or several between commas"),
        Parameter::new("occurred_at", "An instant, or with [gt], [gte], [lt], [lte]"),
    ]
}

/// What a look at a log found.
pub(crate) fn verified_log(schemas: &mut Schemas) -> RefOr<Schema> {
    let flag = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether every entry is as it was written, and in its place"));
    let at = integer("The number of the first entry that isn't").schema_type(or_null(Type::Integer));
    let problem = maybe_text("In which way");
    let found = object(
        [
            ("is_whole", flag.into()),
            (
                "entries",
                integer("Entries that are whole, from the first that is there on").into(),
            ),
            (
                "cut",
                integer("Entries before that, which aren't kept any more").into(),
            ),
            ("broken_at", at.into()),
            ("problem", problem.into()),
        ],
        &[],
    );
    schemas.put("VerifiedLog", found);
    reference("VerifiedLog")
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let at = |path: &'static str, id: &str, route| {
        let collection = path.split('/').next().unwrap_or(path);
        let path = format!("/api/v1/organizations/{{organization}}/{path}");
        let access = Access::Permission(collection, Verb::Read);
        Operation::new(Method::GET, &path, id, "platform", access, route)
    };
    let events = schemas.named::<SecurityEvent>();
    to.push(
        at("security-events", "list_organization_security_events", || {
            web::get().to(security_events)
        })
        .text("Lists what concerned the safety of the organization. The newest first: a log has no other order.")
        .parameters(page_parameters(event_parameters()))
        .example(Example::default().query("?limit=1"))
        .answers(200, Some(schemas.page(&events))),
    );
    let entries = schemas.named::<AuditEntry>();
    to.push(
        at("audit-entries", "list_audit_entries", || {
            web::get().to(audit_entries)
        })
        .text("Lists the organization's log. Who did what to which row, and what changed; the newest first: a log has no other order.")
        .parameters(page_parameters(entry_parameters()))
        .refuses(&["required"])
        .example(Example::default().query("?limit=1"))
        .answers(200, Some(schemas.page(&entries))),
    );
    let verified = verified_log(schemas);
    to.push(
        at("audit-entries/verification", "verify_audit_log", || {
            web::get().to(verification)
        })
        .text("Says whether the organization's log is whole. It is walked from the first entry that is kept on.")
        .answers(200, Some(verified)),
    );
}
