//! Files of rows brought into a collection.

use crate::call::Call;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, readable};
use crate::schemas::Schemas;
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Read, Verb};
use firma_domain::platform::Import;
use firma_services::Refusal;
use firma_services::listing::Parameters;
use firma_services::platform::imports;
use serde_json::json;

type Answered = Result<HttpResponse, Problem>;

/// Refusals of a page.
const PAGE: i64 = 1_000;

impl Resource for Import {
    const MODULE: &'static str = "platform";
}

async fn refusals(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<Import, Read>()?;
        let after = after(said.query()?)?;
        let (found, more) = imports::refusals(work, grant, said.id()?, after, PAGE)?;
        let last = found.last().map(|refusal| refusal.line);
        render::plain(200, &json!({"data": found, "after": last, "has_more": more}))
    })
    .await
}

fn after(parameters: &Parameters) -> Result<i32, Refusal> {
    let mut after = 0;
    for (name, value) in parameters {
        if name != "after" {
            return Err(Refusal::parameter(
                name.as_str(),
                "unknown_parameter",
                "is not a parameter of this operation",
            ));
        }
        after = value
            .parse()
            .map_err(|_| Refusal::parameter("after", "invalid_value", "has to be a line"))?;
    }
    Ok(after)
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    readable::<Import>(to, schemas);
    let root = "/api/v1/organizations/{organization}/imports";
    to.push(
        Operation::new(
            Method::GET,
            &format!("{root}/{{id}}/refusals"),
            "list_import_refusals",
            Import::MODULE,
            Access::Permission("imports", Verb::Read),
            || web::get().to(refusals),
        )
        .text("What is wrong with the rows that were refused, each with line, column and reason, in the order of the file.")
        .parameters(vec![Parameter {
            name: "after".into(),
            text: "The line after which to go on: the last answer's after".into(),
        }]),
    );
}
