//! What anybody may ask.

use crate::operation::{Access, Operation};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use serde_json::json;

async fn root() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "name": "Firma",
        "version": env!("CARGO_PKG_VERSION"),
        "links": {"openapi": "/openapi.json", "health": "/health", "sign_in": "/api/v1/auth/login"},
    }))
}

pub(crate) fn operations(to: &mut Vec<Operation>) {
    to.push(
        Operation::new(
            Method::GET,
            "/api/v1",
            "get_root",
            "platform",
            Access::Public,
            || web::get().to(root),
        )
        .text("Name, version and links."),
    );
}
