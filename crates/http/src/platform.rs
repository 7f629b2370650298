//! Jobs and files.

use crate::call::Call;
use crate::example::{Example, Form, over, posted};
use crate::imports::COMPANIES;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, deletable, on_new, readable};
use crate::schemas::{Schemas, bytes, object, reference};
use crate::upload;
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Update, Verb};
use firma_domain::platform::{File, Job};
use firma_services::platform::{cancel_job, retry_job};
use utoipa::openapi::schema::ObjectBuilder;

type Answered = Result<HttpResponse, Problem>;

const OFFER: Form = Form {
    name: "offer.txt",
    text: "An offer for the depot\n",
    options: "",
};

impl Resource for Job {
    const MODULE: &'static str = "platform";
    const IN_DEMO: bool = false;

    fn making() -> String {
        posted("$JOB_ID", "imports", COMPANIES, "job_id")
    }
}
impl Resource for File {
    const MODULE: &'static str = "platform";
    const IN_DEMO: bool = false;
    const REFUSALS: &'static [&'static str] = &["purged"];

    fn making() -> String {
        posted("$FILE_ID", "files", OFFER, "id")
    }
}

/// Lines that make a job which is given up: the file lacks the column that names a company.
fn dead_job() -> String {
    let form = Form {
        text: "No\nN-1\n",
        ..COMPANIES
    };
    let lines = posted("$JOB_ID", "imports", form, "job_id");
    format!("{lines}\n{}", over("jobs", "$JOB_ID", ["QUEUED", "RUNNING"]))
}

async fn cancel(call: Call) -> Answered {
    call.write::<Job, Update, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&cancel_job(work, grant, said.id()?, &said.if_match)?)
    })
    .await
}

async fn retry(call: Call) -> Answered {
    call.write::<Job, Create, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&retry_job(work, grant, said.id()?, &said.if_match)?)
    })
    .await
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let root = "/api/v1/organizations/{organization}";
    let at = |method, below: &str, id: &str, resource, verb, route| {
        let path = format!("{root}/{below}");
        Operation::new(
            method,
            &path,
            id,
            "platform",
            Access::Permission(resource, verb),
            route,
        )
    };
    readable::<Job>(to, schemas);
    to.push(
        at(
            Method::POST,
            "jobs/{id}/cancel",
            "cancel_job",
            "jobs",
            Verb::Update,
            || web::post().to(cancel),
        )
        .text("Calls a job off. At once while it waits, at its next step while it runs.")
        .example(on_new::<Job>().unsure("Or 409, where a worker was faster and the job is over."))
        .versioned()
        .refuses(&["transition"])
        .answers(200, Some(reference("Job"))),
    );
    to.push(
        at(
            Method::POST,
            "jobs/{id}/retry",
            "retry_job",
            "jobs",
            Verb::Create,
            || web::post().to(retry),
        )
        .text("Tries a job again that was given up.")
        .example(Example::default().after(dead_job()).id("$JOB_ID"))
        .versioned()
        .refuses(&["transition"])
        .answers(200, Some(reference("Job"))),
    );
    readable::<File>(to, schemas);
    schemas.put("FileUpload", form());
    to.push(
        at(Method::POST, "files", "upload_file", "files", Verb::Create, || {
            web::post().to(upload::upload)
        })
        .text("Stores a file. What it is, its bytes say: PNG, JPEG, WebP, PDF, office documents and text are taken.")
        .form(reference("FileUpload"), &[("file", "application/octet-stream")])
        .example(Example::default().form(OFFER))
        .refuses(&["file_type"])
        .answers(201, Some(reference("File"))),
    );
    to.push(
        at(
            Method::GET,
            "files/{id}/content",
            "get_file_content",
            "files",
            Verb::Read,
            || web::get().to(upload::content),
        )
        .text("Answers with a file's bytes, or those that Range names.")
        .example(on_new::<File>())
        .answers_bytes(),
    );
    deletable::<File>(to, schemas);
}

fn form() -> ObjectBuilder {
    object([("file", bytes("application/octet-stream").into())], &[])
}
