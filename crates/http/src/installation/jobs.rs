use super::{Answered, at, example, first};
use crate::call::Call;
use crate::operation::Operation;
use crate::render;
use crate::resource::list_parameters;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Read, Update, Verb};
use firma_domain::platform::Job;
use firma_services::installation;

async fn list(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<Job, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::jobs(desk, grant, said.query()?, key)?)
    })
    .await
}

async fn find(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<Job, Read>()?;
        said.no_query()?;
        let job = installation::find_job(desk, grant, said.id()?)?;
        render::unless_known(&job, said.if_none_match.as_deref())
    })
    .await
}

async fn cancel(call: Call) -> Answered {
    call.write_platform::<Job, Update, _>(|desk, grant, said| {
        said.no_query()?;
        render::record(&installation::cancel_job(
            desk,
            grant,
            said.id()?,
            &said.if_match,
        )?)
    })
    .await
}

async fn retry(call: Call) -> Answered {
    call.write_platform::<Job, Update, _>(|desk, grant, said| {
        said.no_query()?;
        render::record(&installation::retry_job(desk, grant, said.id()?, &said.if_match)?)
    })
    .await
}

/// A line that has a mail put into the queue.
const ASK: &str =
    r#"curl -sS "$FIRMA_URL/api/v1/auth/forgot-password" --json '{"email": "designer@demo.example"}'"#;

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.record::<Job>();
    let read = ("jobs", Verb::Read);
    to.push(
        at(Method::GET, "jobs", "list_system_jobs", read, || {
            web::get().to(list)
        })
        .text("Lists the system's jobs. Those of organizations are theirs.")
        .parameters(list_parameters::<Job>())
        .example(example().after(ASK).query("?limit=1"))
        .answers(200, Some(schemas.page(&name))),
    );
    let on_one = || {
        example()
            .after(ASK)
            .after(first("JOB_ID", "jobs?limit=1"))
            .id("$JOB_ID")
    };
    to.push(
        at(Method::GET, "jobs/{id}", "get_system_job", read, || {
            web::get().to(find)
        })
        .text("Finds one of the system's jobs.")
        .example(on_one())
        .answers(200, Some(reference(&name))),
    );
    let update = ("jobs", Verb::Update);
    to.push(
        at(
            Method::POST,
            "jobs/{id}/cancel",
            "cancel_system_job",
            update,
            || web::post().to(cancel),
        )
        .text("Calls a job of the system off. At once while it waits, at its next step while it runs.")
        .example(on_one().unsure("Or 409, where a worker was faster and the job is over."))
        .versioned()
        .refuses(&["transition"])
        .answers(200, Some(reference(&name))),
    );
    to.push(
        at(
            Method::POST,
            "jobs/{id}/retry",
            "retry_system_job",
            update,
            || web::post().to(retry),
        )
        .text("Tries a job of the system again that was given up.")
        .example(on_one().by_hand())
        .versioned()
        .refuses(&["transition"])
        .answers(200, Some(reference(&name))),
    );
}
