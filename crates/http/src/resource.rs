//! The operations that a plain entity has, put into the table by one call.

mod parameters;

pub(crate) use parameters::{list_parameters, page_parameters, shape_parameters};

use crate::call::Call;
use crate::example::{Example, made, variable};
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
    /// A body that makes one, for the examples; `$COMPANY_ID` stands for the first company's id, and so on. Empty
    /// where none is made so.
    const EXAMPLE: &'static str = "";
    /// A body that changes one. Empty where none is changed.
    const CHANGE: &'static str = "";
    /// Whether a demo has one
    const IN_DEMO: bool = true;
    /// What has to be there before one is made: lines for a shell.
    const BEFORE: &'static str = "";
    /// Codes of problems that only changes to these have.
    const REFUSALS: &'static [&'static str] = &[];
    /// Codes of problems that only a delete of these has.
    const DELETE_REFUSALS: &'static [&'static str] = &[];

    /// Lines that make one and keep its id.
    fn making() -> String {
        made(&variable(Self::NAME), Self::COLLECTION, Self::EXAMPLE)
    }
}

/// An example that finds a row of the collection.
fn on_some<E: Resource>() -> Example {
    match E::IN_DEMO {
        true => Example::default(),
        false => Example::default().after(E::BEFORE).after(E::making()),
    }
}

/// An example about the first row of the collection.
fn on_first<E: Resource>() -> Example {
    on_some::<E>().id(variable(E::NAME))
}

/// An example about a row of its own.
pub(crate) fn on_new<E: Resource>() -> Example {
    let lines = Example::default().after(E::BEFORE).after(E::making());
    lines.id(variable(E::NAME))
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
        let atomic = flag(said.query()?, "atomic", true)?;
        said.needs_key()?;
        let operations = bulk::read(said.json_beside_query()?)?;
        let each: Option<bulk::Problem> = if atomic { None } else { Some(problem) };
        let outcomes = bulk::run::<E>(work, operations, each)?;
        render::plain(
            if atomic { 200 } else { 207 },
            &serde_json::json!({"results": outcomes}),
        )
    })
    .await
}

/// The one parameter of an operation, if it is yes or no.
fn flag(parameters: &listing::Parameters, flag: &'static str, unless_given: bool) -> Result<bool, Refusal> {
    let mut is_set = unless_given;
    listing::each(parameters, |name, value| {
        let is_known = name == flag;
        if is_known {
            is_set = listing::flag(flag, value)?;
        }
        Ok(is_known)
    })?;
    Ok(is_set)
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
    let name = schemas.record::<E>();
    let many = E::COLLECTION.replace('-', "_");
    to.push(
        operation::<E>(Method::GET, "", Verb::Read, &format!("list_{many}"), || {
            web::get().to(list::<E>)
        })
        .text(format!("Lists {}.", many.replace('_', " ")))
        .parameters(list_parameters::<E>())
        .example(on_some::<E>().query("?limit=1"))
        .answers(200, Some(schemas.list(&name))),
    );
    findable::<E>(to, schemas);
}

/// `find`.
pub(crate) fn findable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.record::<E>();
    to.push(
        operation::<E>(
            Method::GET,
            "/{id}",
            Verb::Read,
            &format!("get_{}", E::NAME),
            || web::get().to(find::<E>),
        )
        .text(format!("Finds one {}.", spoken::<E>()))
        .parameters(shape_parameters::<E>())
        .example(on_first::<E>())
        .answers(200, Some(reference(&name))),
    );
}

/// `update`.
pub(crate) fn changeable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    const { assert!(!E::CHANGE.is_empty(), "an entity that is changed needs a CHANGE") };
    const { assert!(!E::LEAST.is_empty(), "an entity that is changed needs a LEAST") };
    let name = schemas.record::<E>();
    to.push(
        operation::<E>(
            Method::PATCH,
            "/{id}",
            Verb::Update,
            &format!("update_{}", E::NAME),
            || web::patch().to(update::<E>),
        )
        .text(format!(
            "Changes one {}. What the merge patch leaves out stays; null empties.",
            spoken::<E>()
        ))
        .body(schemas.patch::<E>())
        .example(on_first::<E>().body(E::CHANGE))
        .refuses(E::REFUSALS)
        .answers(200, Some(reference(&name))),
    );
}

/// `create`.
pub(crate) fn creatable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    const { assert!(!E::EXAMPLE.is_empty(), "an entity that is made needs an EXAMPLE") };
    let name = schemas.record::<E>();
    to.push(
        operation::<E>(
            Method::POST,
            "",
            Verb::Create,
            &format!("create_{}", E::NAME),
            || web::post().to(create::<E>),
        )
        .text(format!("Makes one {}.", spoken::<E>()))
        .body(schemas.new_one::<E>())
        .example(Example::default().after(E::BEFORE).body(E::EXAMPLE))
        .refuses(E::REFUSALS)
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
        .text(format!(
            "Changes many {} at once. Up to 1,000 operations, all or nothing unless atomic=false; then 207, and a status each.",
            E::COLLECTION.replace('-', " ")
        ))
        .parameters(vec![
            Parameter::new("atomic", "false: each operation for itself").flag(),
        ])
        .body(reference("BulkRequest"))
        .example(Example::default().after(E::BEFORE).body(format!(
            "{{\"operations\": [{{\"op\": \"create\", \"value\": {}}}]}}",
            E::EXAMPLE
        )))
        .refuses(E::REFUSALS)
        .refuses(&["no_upsert"])
        .answers(200, Some(reference("BulkAnswer")))
        .needs_key(),
    );
    deletable::<E>(to, schemas);
}

/// `delete` and `restore`.
pub(crate) fn deletable<E: Resource>(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let name = schemas.record::<E>();
    to.push(
        operation::<E>(
            Method::DELETE,
            "/{id}",
            Verb::Delete,
            &format!("delete_{}", E::NAME),
            || web::delete().to(delete::<E>),
        )
        .text(format!(
            "Deletes one {}. Softly: restore brings it back.",
            spoken::<E>()
        ))
        .example(on_new::<E>())
        .refuses(E::DELETE_REFUSALS)
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
        .text(format!(
            "Brings one {} back. With what the same delete took.",
            spoken::<E>()
        ))
        .example(on_new::<E>().after(format!(
            "curl -sS -X DELETE \"$ORG/{}/{}\" \\\n  -H \"Authorization: Bearer $TOKEN\"",
            E::COLLECTION,
            variable(E::NAME)
        )))
        .refuses(E::REFUSALS)
        .answers(200, Some(reference(&name))),
    );
}

/// As it is called in a sentence.
fn spoken<E: Resource>() -> String {
    E::NAME.replace('_', " ")
}
