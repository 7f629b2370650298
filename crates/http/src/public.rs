//! What anybody may ask.

use crate::call::Open;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::schemas::{Schemas, object, reference, string};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use serde_json::json;

async fn root(Open(said): Open) -> Result<HttpResponse, Problem> {
    said.no_query()?;
    Ok(HttpResponse::Ok().json(json!({
        "name": "Firma",
        "version": env!("CARGO_PKG_VERSION"),
        "links": {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "sign_in": "/api/v1/auth/login"},
    })))
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let link = |about| string(about).into();
    let links = object(
        [
            ("docs", link("This documentation")),
            ("openapi", link("The document that it is made from")),
            ("health", link("Whether the server is ready")),
            ("sign_in", link("Where to sign in")),
        ],
        &[],
    );
    schemas.put("Links", links);
    let answer = object(
        [
            ("name", link("The product")),
            ("version", link("Its version")),
            ("links", reference("Links")),
        ],
        &[],
    );
    schemas.put("Root", answer);
    to.push(
        Operation::new(
            Method::GET,
            "/api/v1",
            "get_root",
            "system",
            Access::Public,
            || web::get().to(root),
        )
        .text("Says what this is. Name, version and links.")
        .answers(200, Some(reference("Root"))),
    );
}
