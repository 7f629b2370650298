//! Everything about a person, for that person.

use super::Answered;
use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::render;
use crate::schemas::{
    Schemas, instant, integer, maybe_instant, maybe_text, object, or_null, reference, string,
};
use crate::upload;
use actix_web::http::Method;
use actix_web::web;
use firma_domain::platform::JobState;
use firma_services::Answer;
use firma_services::identity;
use utoipa::openapi::schema::Type;

const ARCHIVE: &str = "/api/v1/me/archive";

async fn ask(call: Call) -> Answered {
    call.write_alone(|tx, caller, said| {
        said.no_query()?;
        let state = identity::ask_for_archive(tx, caller, &said.language)?;
        Ok(Answer {
            location: Some(ARCHIVE.into()),
            ..render::plain(202, &state)?
        })
    })
    .await
}

async fn state(call: Call) -> Answered {
    call.read_alone(|tx, caller, said| {
        said.no_query()?;
        render::plain(200, &identity::archive(tx, caller)?)
    })
    .await
}

async fn content(call: Call) -> Answered {
    let file = call
        .look_alone(|tx, caller, said| {
            said.no_query()?;
            identity::archive_file(tx, caller)
        })
        .await?;
    upload::serve(&call, file).await
}

fn archive(schemas: &mut Schemas) {
    let states = JobState::ALL.iter().map(|state| state.as_str());
    let state = string("How far it is; `SUCCEEDED` where it may be fetched").enum_values(Some(states));
    let archive = object(
        [
            ("state", state.into()),
            ("asked_at", instant("When it was asked for").into()),
            ("ready_at", maybe_instant("When it was ready").into()),
            ("expires_at", instant("Until when it may be fetched").into()),
            (
                "size",
                integer("Its bytes").schema_type(or_null(Type::Integer)).into(),
            ),
            (
                "sha256",
                maybe_text("SHA-256 of the bytes, in hexadecimal").into(),
            ),
        ],
        &[],
    );
    schemas.put("Archive", archive);
}

/// Lines that ask for an archive and wait for it.
const READY: &str = r#"curl -sS -X POST "$FIRMA_URL/api/v1/me/archive" \
  -H "Authorization: Bearer $TOKEN" >archive.json
while curl -sS "$FIRMA_URL/api/v1/me/archive" \
  -H "Authorization: Bearer $TOKEN" |
  jq -e '.state == "QUEUED" or .state == "RUNNING"' >/dev/null; do sleep 1; done"#;

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    archive(schemas);
    let operation = |method, path: &str, id: &str, route| {
        Operation::new(method, path, id, "identity", Access::SignedIn, route)
    };
    to.push(
        operation(Method::POST, ARCHIVE, "create_archive", || {
            web::post().to(ask)
        })
        .text(
            "Asks for an archive of everything about the caller. By a job; who asks is told by mail when it is ready, \
             and has 7 days to fetch it. One that is being made is the one that is asked for. Needs a sign-in or a \
             step-up of the last ten minutes.",
        )
        .refuses(&["step_up_required"])
        .answers(202, Some(reference("Archive"))),
    );
    to.push(
        operation(Method::GET, ARCHIVE, "get_archive", || web::get().to(state))
            .text("Tells how far the caller's archive is.")
            .example(Example::default().after(READY))
            .refuses(&["not_found"])
            .answers(200, Some(reference("Archive"))),
    );
    to.push(
        operation(
            Method::GET,
            "/api/v1/me/archive/content",
            "get_archive_content",
            || web::get().to(content),
        )
        .text(
            "Answers with the caller's archive. A ZIP of JSON and files. Needs a sign-in or a step-up of the last ten \
             minutes.",
        )
        .example(Example::default().after(READY))
        .refuses(&["not_found", "step_up_required"])
        .answers_bytes(),
    );
}
