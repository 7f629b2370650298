//! Files of rows brought into a collection.

use crate::call::{Call, Said};
use crate::example::{Example, Form, over, posted};
use crate::json;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, on_new, page_parameters, readable};
use crate::schemas::{Schemas, bytes, object, reference, string};
use crate::upload::{self, Takes, Upload, with_file};
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use firma_auth::access::{Create, Delete, Grant, Read, Verb};
use firma_domain::platform::{Import, ImportRefusal};
use firma_services::listing::{self, Parameters};
use firma_services::platform::expect_upload;
use firma_services::platform::imports::{self, RefusedRows};
use firma_services::{Refusal, Work};
use futures_util::{StreamExt, stream};
use std::io;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};

type Answered = Result<HttpResponse, Problem>;

/// Refusals that are looked for at once, of the rows that are written.
const PAGE: i64 = 1_000;
const CSV: &str = "text/csv";

/// Two companies, of which one is refused: it has no name.
pub(crate) const COMPANIES: Form = Form {
    name: "companies.csv",
    text: "No,Firm\nN-1,Nordlicht GmbH\nN-2,\n",
    options: r#"{"entity": "companies", "columns": {"No": "external_id", "Firm": "name"}}"#,
};

impl Resource for Import {
    const MODULE: &'static str = "platform";
    const IN_DEMO: bool = false;

    fn making() -> String {
        posted("$IMPORT_ID", "imports", COMPANIES, "id")
    }
}

/// An example about an import that is over.
fn on_ended() -> Example {
    on_new::<Import>().after(over("imports", "$IMPORT_ID", ["WAITING", "RUNNING"]))
}

async fn create(upload: Upload) -> Answered {
    let expect = |work: &mut Work<'_, '_>, grant: Grant<Import, Create>| expect_upload(work, grant.also());
    with_file::<Import, _>(upload, Takes::Rows, expect, |work, grant, said, sent| {
        let options = json::read(sent.options.as_deref().unwrap_or_default().as_bytes());
        let options = options.map_err(|e| Refusal::Malformed(format!("options: {e}")))?;
        let options = imports::Options::read(options)?;
        let import = imports::ask_for_file(work, grant, &options, &sent.name, &sent.received)?;
        render::accepted(said, &import, import.value.job_id)
    })
    .await
}

async fn undo(call: Call) -> Answered {
    call.write::<Import, Delete, _>(|work, grant, said| {
        said.no_query()?;
        let (import, job) = imports::ask_to_undo(work, grant, said.id()?, &said.if_match)?;
        render::accepted(said, &import, Some(job))
    })
    .await
}

async fn refusals(call: Call) -> Answered {
    if wants_csv(call.request()) {
        return refused_rows(call).await;
    }
    call.read(|work, said| {
        let grant = work.grant::<Import, Read>()?;
        let (query, key) = (said.query()?, &said.state.signer.keys.cursor);
        render::page(imports::list_refusals(work, grant, said.id()?, query, key)?)
    })
    .await
}

/// Who names nothing else by `Accept`.
fn wants_csv(request: &HttpRequest) -> bool {
    let accepted = request
        .headers()
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(',')).map(|range| {
        range
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    types.next().is_some_and(|first| first == CSV)
}

/// A file of refused rows on its way.
struct Refused {
    call: Call,
    rows: RefusedRows,
    after: i32,
    more: bool,
}

/// The rows themselves, page after page, each within what the caller may read by then.
async fn refused_rows(call: Call) -> Answered {
    let find = |work: &mut Work<'_, '_>, said: &Said| {
        let grant = work.grant::<Import, Read>()?;
        let after = after(said.query()?)?;
        Ok((after, imports::refused_file(work, grant, said.id()?)?))
    };
    let (after, (file, options)) = call.look(find).await?;
    let name = file
        .name
        .rsplit_once('.')
        .map_or(file.name.as_str(), |(name, _)| name);
    let disposition = upload::attachment(&format!("{name}.refused.csv"));
    let source = imports::stored(&call.said().state.files, file);
    let (rows, head) = upload::blocking(move || RefusedRows::open(&source, &options)).await?;
    let refused = Refused {
        call,
        rows,
        after,
        more: true,
    };
    let head = stream::once(std::future::ready(Ok(web::Bytes::from(head))));
    let rows = stream::try_unfold(refused, |refused| async {
        refused
            .some()
            .await
            .map_err(|problem| io::Error::other(format!("{problem:?}")))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((header::VARY, "Accept"))
        .insert_header(disposition)
        .streaming(Box::pin(head.chain(rows))))
}

impl Refused {
    async fn page(&self) -> Result<(Vec<ImportRefusal>, bool), Problem> {
        let after = self.after;
        let find = move |work: &mut Work<'_, '_>, said: &Said| {
            let grant = work.grant::<Import, Read>()?;
            imports::refusals(work, grant, said.id()?, after, PAGE)
        };
        self.call.look(find).await
    }

    /// The next rows; none at the end.
    async fn some(mut self) -> Result<Option<(web::Bytes, Refused)>, Problem> {
        loop {
            let mut rows = self.rows;
            let (rows, some) = upload::blocking(move || rows.some().map(|some| (rows, some))).await?;
            self.rows = rows;
            if let Some(some) = some {
                return Ok(Some((some.into(), self)));
            }
            if !self.more {
                return Ok(None);
            }
            let (found, more) = self.page().await?;
            self.after = found.last().map_or(self.after, |refusal| refusal.line);
            self.more = more;
            self.rows.add(found);
        }
    }
}

fn after(parameters: &Parameters) -> Result<i32, Refusal> {
    let mut after = 0;
    listing::each(parameters, |name, value| {
        if name != "after" {
            return Ok(false);
        }
        after = value
            .parse()
            .map_err(|_| Refusal::parameter("after", "invalid_value", "has to be a line"))?;
        Ok(true)
    })?;
    Ok(after)
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    readable::<Import>(to, schemas);
    let root = "/api/v1/organizations/{organization}/imports";
    let at = |method, below: &str, id: &str, verb, route| {
        let access = Access::Permission("imports", verb);
        Operation::new(
            method,
            &format!("{root}{below}"),
            id,
            Import::MODULE,
            access,
            route,
        )
    };
    schemas.put("ImportSettings", options());
    schemas.put("ImportUpload", form());
    let refusal = schemas.named::<ImportRefusal>();
    to.push(
        at(Method::POST, "", "import_file", Verb::Create, || {
            web::post().to(create)
        })
        .text("Has a file of rows (CSV) brought into a collection. By a job, whose result has the counts.")
        .form(
            reference("ImportUpload"),
            &[("file", "text/csv"), ("options", "application/json")],
        )
        .example(Example::default().form(COMPANIES))
        .answers(202, Some(reference("Import"))),
    );
    to.push(
        at(Method::POST, "/{id}/undo", "undo_import", Verb::Delete, || {
            web::post().to(undo)
        })
        .text(
            "Has a job delete what the import made. But for rows that were touched since or are needed; what it \
             updated stays.",
        )
        .example(on_ended())
        .versioned()
        .refuses(&["not_undoable"])
        .answers(202, Some(reference("Import"))),
    );
    to.push(
        at(
            Method::GET,
            "/{id}/refusals",
            "list_import_refusals",
            Verb::Read,
            || web::get().to(refusals),
        )
        .text(
            "Lists what is wrong with the rows that were refused. Each with line, column and reason, in the order of \
             the file; then what an undo left. As `text/csv` it is the refused rows themselves, as they stand in the \
             file that was sent, with what is wrong before each: to be mended and brought in again; they come all at \
             once and take none of the parameters of a page.",
        )
        .parameters(page_parameters(vec![Parameter::new(
            "after",
            "Of `text/csv` alone: the line after which to go on",
        )]))
        .example(on_ended())
        .answers(200, Some(schemas.page(&refusal)))
        .or_as(CSV),
    );
}

fn form() -> ObjectBuilder {
    // Of a part that is an object, a generator of clients makes what doesn't compile; a text says as much.
    let options = string("How the file is to be read, as JSON")
        .content_media_type("application/json")
        .content_schema(Some(reference("ImportSettings")));
    object(
        [("file", bytes("text/csv").into()), ("options", options.into())],
        &[],
    )
}

/// What [`imports::Options`] reads.
fn options() -> ObjectBuilder {
    let text = |about: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(about))
    };
    let truth = |about: &str| {
        ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(Some(about))
    };
    let map = |about: &str, of: AdditionalProperties<Schema>| {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(of))
            .description(Some(about))
    };
    let word = || AdditionalProperties::RefOr(ObjectBuilder::new().schema_type(Type::String).into());
    let words = || {
        let words = ObjectBuilder::new().schema_type(Type::Object);
        AdditionalProperties::RefOr(words.additional_properties(Some(word())).into())
    };
    ObjectBuilder::new()
        .property(
            "entity",
            text("The collection: companies, contacts, deals or activities"),
        )
        .property(
            "columns",
            map(
                "The file's columns, and the field or the fields that each becomes",
                AdditionalProperties::FreeForm(true),
            ),
        )
        .property(
            "fields",
            map(
                "Fields and a text for each row, with {column} or {column|else} in it",
                word(),
            ),
        )
        .property(
            "values",
            map(
                "By column: what stands in a cell, and what is meant by it",
                words(),
            ),
        )
        .property(
            "links",
            map(
                "By reference: the field that names what is referred to, such as name",
                word(),
            ),
        )
        .property("key", text("The field by which a row is found again, or none"))
        .property("dry_run", truth("Counts and stores nothing"))
        .property("all_or_nothing", truth("Stores all rows or none"))
        .property(
            "empty",
            text("What an empty cell does to a row that is there: it stays, unless cleared")
                .enum_values(Some(["keep", "clear"])),
        )
        .property("date_format", text("Such as DD.MM.YYYY"))
        .property("decimal", text("What stands before the decimals"))
        .property("list_separator", text("What parts the entries of a list"))
        .property("currency", text("Of amounts that no column gives one"))
        .property("separator", text("What parts the cells"))
        .property("encoding", text("Such as windows-1250"))
        .required("entity")
}
