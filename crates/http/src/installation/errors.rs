use super::{Answered, at, example, first};
use crate::call::Call;
use crate::operation::Operation;
use crate::render;
use crate::resource::list_parameters;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Read, Update, Verb};
use firma_domain::platform::InternalError;
use firma_services::installation;

async fn list(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<InternalError, Read>()?;
        let key = &said.state.signer.keys.cursor;
        render::page(installation::errors(desk, grant, said.query()?, key)?)
    })
    .await
}

async fn find(call: Call) -> Answered {
    call.read_platform(|desk, said| {
        let grant = desk.grant::<InternalError, Read>()?;
        said.no_query()?;
        let error = installation::find_error(desk, grant, said.id()?)?;
        render::unless_known(&error, said.if_none_match.as_deref())
    })
    .await
}

async fn resolve(call: Call) -> Answered {
    call.write_platform::<InternalError, Update, _>(|desk, grant, said| {
        said.no_query()?;
        render::record(&installation::resolve_error(
            desk,
            grant,
            said.id()?,
            &said.if_match,
        )?)
    })
    .await
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.record::<InternalError>();
    let read = ("errors", Verb::Read);
    to.push(
        at(Method::GET, "errors", "list_internal_errors", read, || {
            web::get().to(list)
        })
        .text("Lists what went wrong on the server's side. The same error is one row, however often it came.")
        .parameters(list_parameters::<InternalError>())
        .refuses(&["unknown_expansion"])
        .example(example().query("?state=OPEN&sort=-last_at").by_hand())
        .answers(200, Some(schemas.page(&name))),
    );
    // There is none on an installation where all is well, so nobody runs these.
    let on_one = || {
        example()
            .after(first("ERROR_ID", "errors?state=OPEN&limit=1"))
            .id("$ERROR_ID")
            .by_hand()
    };
    to.push(
        at(Method::GET, "errors/{id}", "get_internal_error", read, || {
            web::get().to(find)
        })
        .text("Finds one internal error.")
        .example(on_one())
        .answers(200, Some(reference(&name))),
    );
    to.push(
        at(
            Method::POST,
            "errors/{id}/resolve",
            "resolve_internal_error",
            ("errors", Verb::Update),
            || web::post().to(resolve),
        )
        .text(
            "Says that an internal error was looked after. When it comes again, it is open again by itself.",
        )
        .example(on_one())
        .versioned()
        .answers(200, Some(reference(&name))),
    );
}
