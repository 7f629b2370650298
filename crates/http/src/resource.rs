//! The operations that a plain entity has, put into the table by one call.

use crate::call::Call;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::schemas::{Schemas, reference};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Delete, Read, Update, Verb};
use firma_services::{Keeping, Refusal, bulk, crud, listing};
use utoipa::ToSchema;

type Answered = Result<HttpResponse, Problem>;

/// An entity that the API shows.
pub(crate) trait Resource: Keeping + ToSchema {
    /// The module it belongs to.
    const MODULE: &'static str;
}

pub(crate) async fn list<E: Resource>(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<E, Read>()?;
        let key = &said.state.signer.keys.cursor;
        let query = listing::query::<E>(said.query()?, work.organization(), work.currency(), key)?;
        render::page(crud::list(work, grant, &query, key)?)
    })
    .await
}

pub(crate) async fn find<E: Resource>(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<E, Read>()?;
        let shape = listing::shape::<E>(said.query()?)?;
        let record = crud::find(work, grant, said.id()?)?;
        render::found(work, &record, &shape, said.if_none_match.as_deref())
    })
    .await
}

async fn create<E: Resource>(call: Call) -> Answered {
    call.write(|work, grant, said| render::made(said, &crud::create::<E>(work, grant, said.json()?)?))
        .await
}

pub(crate) async fn update<E: Resource>(call: Call) -> Answered {
    call.write::<E, Update, _>(|work, grant, said| {
        render::record(&crud::update(
            work,
            grant,
            said.id()?,
            said.json()?,
            &said.if_match,
        )?)
    })
    .await
}

async fn delete<E: Resource>(call: Call) -> Answered {
    call.write::<E, Delete, _>(|work, grant, said| {
        said.no_query()?;
        crud::delete(work, grant, said.id()?, &said.if_match)?;
        Ok(render::empty())
    })
    .await
}

async fn restore<E: Resource>(call: Call) -> Answered {
    call.write::<E, Delete, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&crud::restore(work, grant, said.id()?, &said.if_match)?)
    })
    .await
}

async fn bulk<E: Resource>(call: Call) -> Answered {
    call.write::<E, Create, _>(|work, _, said| {
        let atomic = atomic(said.query()?)?;
        said.needs_key()?;
        let operations = bulk::read(said.json_beside_query()?)?;
        let each: Option<bulk::Problem> = if atomic { None } else { Some(problem) };
        let outcomes = bulk::run::<E>(work, &operations, each)?;
        render::plain(
            if atomic { 200 } else { 207 },
            &serde_json::json!({"results": outcomes}),
        )
    })
    .await
}

fn atomic(parameters: &listing::Parameters) -> Result<bool, Refusal> {
    match parameters {
        [] => Ok(true),
        [(name, value)] if name == "atomic" => value
            .parse()
            .map_err(|_| Refusal::parameter("atomic", "invalid_value", "has to be true or false")),
        [(name, _), ..] => Err(Refusal::parameter(
            name.as_str(),
            "unknown_parameter",
            "is not a parameter of this operation",
        )),
    }
}

fn problem(refusal: &Refusal) -> (u16, serde_json::Value) {
    Problem::from(refusal).part()
}

const ROOT: &str = "/api/v1/organizations/{organization}";

fn operation<E: Resource>(
    method: Method,
    tail: &str,
    verb: Verb,
    id: &str,
    route: fn() -> actix_web::Route,
) -> Operation {
    let path = format!("{ROOT}/{}{tail}", E::COLLECTION);
    Operation::new(
        method,
        &path,
        id,
        E::MODULE,
        Access::Permission(E::COLLECTION, verb),
        route,
    )
}

/// `list` and `find`.
pub(crate) fn readable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.add::<E>();
    let (one, many) = (name.clone(), E::COLLECTION.replace('-', "_"));
    to.push(
        operation::<E>(Method::GET, "", Verb::Read, &format!("list_{many}"), || {
            web::get().to(list::<E>)
        })
        .text(format!("Lists {}.", many.replace('_', " ")))
        .parameters(list_parameters::<E>())
        .answers(200, Some(reference(&format!("{one}List")))),
    );
    to.push(
        operation::<E>(
            Method::GET,
            "/{id}",
            Verb::Read,
            &format!("get_{}", E::NAME),
            || web::get().to(find::<E>),
        )
        .text(format!("Finds one {}.", E::NAME.replace('_', " ")))
        .parameters(shape_parameters::<E>())
        .answers(200, Some(reference(&one))),
    );
}

/// `update`.
pub(crate) fn changeable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.add::<E>();
    to.push(
        operation::<E>(
            Method::PATCH,
            "/{id}",
            Verb::Update,
            &format!("update_{}", E::NAME),
            || web::patch().to(update::<E>),
        )
        .text("Changes what the merge patch names.")
        .body(reference(&format!("{name}Patch")))
        .answers(200, Some(reference(&name))),
    );
}

/// `create`.
pub(crate) fn creatable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.add::<E>();
    to.push(
        operation::<E>(
            Method::POST,
            "",
            Verb::Create,
            &format!("create_{}", E::NAME),
            || web::post().to(create::<E>),
        )
        .text(format!("Makes one {}.", E::NAME.replace('_', " ")))
        .body(reference(&name))
        .answers(201, Some(reference(&name))),
    );
}

/// All of a plain entity: also `bulk`.
pub(crate) fn resource<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    readable::<E>(to, schemas);
    creatable::<E>(to, schemas);
    changeable::<E>(to, schemas);
    to.push(
        operation::<E>(
            Method::POST,
            "/bulk",
            Verb::Create,
            &format!("bulk_{}", E::COLLECTION.replace('-', "_")),
            || web::post().to(bulk::<E>),
        )
        .text("Up to 1,000 operations, all or nothing unless atomic=false; then 207, and a status each.")
        .parameters(vec![Parameter {
            name: "atomic".into(),
            text: "false: each operation for itself".into(),
        }])
        .body(reference("BulkRequest"))
        .answers(200, Some(reference("BulkAnswer")))
        .needs_key(),
    );
    deletable::<E>(to, schemas);
}

/// `delete` and `restore`.
pub(crate) fn deletable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.add::<E>();
    to.push(
        operation::<E>(
            Method::DELETE,
            "/{id}",
            Verb::Delete,
            &format!("delete_{}", E::NAME),
            || web::delete().to(delete::<E>),
        )
        .text("Deletes softly; restore brings it back.")
        .answers(204, None),
    );
    to.push(
        operation::<E>(
            Method::POST,
            "/{id}/restore",
            Verb::Delete,
            &format!("restore_{}", E::NAME),
            || web::post().to(restore::<E>),
        )
        .text("Brings it back, with what the same delete took.")
        .answers(200, Some(reference(&name))),
    );
}

fn parameter(name: &str, text: impl Into<String>) -> Parameter {
    Parameter {
        name: name.into(),
        text: text.into(),
    }
}

fn shape_parameters<E: Resource>() -> Vec<Parameter> {
    let links: Vec<_> = E::links().iter().map(|link| link.name).collect();
    let mut all = vec![parameter("fields", "The fields to answer with, between commas")];
    if !links.is_empty() {
        all.push(parameter(
            "expand",
            format!("Any of {}, 3 deep with dots", links.join(", ")),
        ));
    }
    all
}

fn list_parameters<E: Resource>() -> Vec<Parameter> {
    let sorts: Vec<_> = E::sorts().iter().map(|sort| sort.name).collect();
    let mut all = vec![
        parameter("limit", "Rows of a page, 1 to 200; 50 unless given"),
        parameter("cursor", "Where the last page ended: its next_cursor"),
        parameter(
            "sort",
            format!(
                "One of {}; with - before it downwards. Unless given, downwards by the first filter that can be sorted by, else by created_at",
                sorts.join(", ")
            ),
        ),
        parameter("include", "total_count"),
        parameter("deleted", "true: deleted rows instead of live ones"),
    ];
    all.extend(E::filters().iter().map(|field| {
        let text = match field.is_ranged() {
            true => "A value, several between commas, or with [gt], [gte], [lt], [lte]",
            false => "A value, or several between commas",
        };
        parameter(field.name, text)
    }));
    if E::TAGGED {
        all.push(parameter("tag", "A tag, or several between commas: any of them"));
    }
    if E::filters().iter().any(|field| field.currency.is_some()) {
        all.push(parameter(
            "currency",
            "The currency of amounts; the organization's unless given",
        ));
    }
    all.extend(shape_parameters::<E>());
    all
}
