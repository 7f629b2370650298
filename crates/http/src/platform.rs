//! Jobs and files.

use crate::call::Call;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, deletable, readable};
use crate::schemas::{Schemas, reference};
use crate::upload;
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Update, Verb};
use firma_domain::platform::{File, Job};
use firma_services::platform::{cancel_job, retry_job};
use utoipa::openapi::schema::{ObjectBuilder, Type};

type Answered = Result<HttpResponse, Problem>;

impl Resource for Job {
    const MODULE: &'static str = "platform";
}
impl Resource for File {
    const MODULE: &'static str = "platform";
}

async fn cancel(call: Call) -> Answered {
    call.write::<Job, Update, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&cancel_job(work, grant, said.id()?)?)
    })
    .await
}

async fn retry(call: Call) -> Answered {
    call.write::<Job, Create, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&retry_job(work, grant, said.id()?)?)
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
        .text("Calls a job off: at once while it waits, at its next step while it runs.")
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
        .answers(200, Some(reference("Job"))),
    );
    readable::<File>(to, schemas);
    schemas.put("FileUpload", form());
    to.push(
        at(Method::POST, "files", "upload_file", "files", Verb::Create, || {
            web::post().to(upload::upload)
        })
        .text("Stores a file. What it is, its bytes say: PNG, JPEG, WebP, PDF, office documents and text are taken.")
        .form(reference("FileUpload"))
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
        .text("The file's bytes, or those that Range names."),
    );
    deletable::<File>(to, schemas);
}

fn form() -> ObjectBuilder {
    let bytes = ObjectBuilder::new()
        .schema_type(Type::String)
        .content_media_type("application/octet-stream");
    ObjectBuilder::new().property("file", bytes).required("file")
}
