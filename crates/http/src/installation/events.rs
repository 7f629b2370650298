use super::{Answered, at, example};
use crate::call::Call;
use crate::logs::{entry_parameters, event_parameters, verified_log};
use crate::operation::{Operation, Parameter};
use crate::render;
use crate::resource::page_parameters;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Read, Verb};
use firma_domain::identity::SecurityEvent;
use firma_domain::platform::{AuditEntry, Stats};
use firma_services::installation;

async fn security_events(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<SecurityEvent, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::security_events(desk, grant, said.query()?, key)?)
    })
    .await
}

async fn audit_entries(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<AuditEntry, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::audit_entries(desk, grant, said.query()?, key)?)
    })
    .await
}

async fn verification(call: Call) -> Answered {
    call.read_platform_widely(|desk, said| {
        let grant = desk.grant::<AuditEntry, Read>()?;
        said.no_query()?;
        render::plain(
            200,
            &installation::verify(desk, grant, &said.state.signer.keys.audit)?,
        )
    })
    .await
}

async fn stats(call: Call) -> Answered {
    call.read_platform_widely(|desk, said| {
        let grant = desk.grant::<Stats, Read>()?;
        said.no_query()?;
        render::plain(200, &installation::stats(desk, grant)?)
    })
    .await
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let events = schemas.named::<SecurityEvent>();
    to.push(
        at(
            Method::GET,
            "security-events",
            "list_all_security_events",
            ("security-events", Verb::Read),
            || web::get().to(security_events),
        )
        .text("Lists what concerned anybody's safety. The newest first: a log has no other order.")
        .parameters(page_parameters(
            event_parameters()
                .into_iter()
                .chain([Parameter::new(
                    "organization_id",
                    "The organization, or several between commas",
                )])
                .collect(),
        ))
        .example(example().query("?limit=1"))
        .answers(200, Some(schemas.page(&events))),
    );
    let entries = schemas.named::<AuditEntry>();
    let may = ("audit-entries", Verb::Read);
    to.push(
        at(
            Method::GET,
            "audit-entries",
            "list_system_audit_entries",
            may,
            || web::get().to(audit_entries),
        )
        .text("Lists the system's log. What was done about no organization, such as giving platform roles. The newest first: a log has no other order.")
        .parameters(page_parameters(entry_parameters()))
        .refuses(&["required"])
        .example(example().query("?limit=1"))
        .answers(200, Some(schemas.page(&entries))),
    );
    let verified = verified_log(schemas);
    to.push(
        at(
            Method::GET,
            "audit-entries/verification",
            "verify_system_log",
            may,
            || web::get().to(verification),
        )
        .text("Says whether the system's log is whole. It is walked from its first entry on.")
        .answers(200, Some(verified)),
    );
    let counted = schemas.named::<Stats>();
    to.push(
        at(Method::GET, "stats", "get_stats", ("stats", Verb::Read), || {
            web::get().to(stats)
        })
        .text("Counts what there is. Users, organizations, sessions, jobs that wait, and what files take.")
        .answers(200, Some(reference(&counted))),
    );
}
