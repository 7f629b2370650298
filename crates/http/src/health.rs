//! Whether the process lives, and whether it is ready for calls.

use crate::state::State;
use crate::{metrics, routes};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use firma_services::{Refusal, Tx};
use serde_json::json;
use std::sync::LazyLock;

async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body("{\"status\":\"live\"}")
}

async fn ready(state: web::Data<State>) -> HttpResponse {
    let current = state
        .database
        .read(|tx: &mut Tx<'_>| Ok::<_, Refusal>(tx.is_current()?))
        .await;
    let (database, migrations) = match current {
        Ok(current) => ("ok", if current { "ok" } else { "not this binary's" }),
        Err(_) => ("away", "unknown"),
    };
    let draining = state.draining.has_begun();
    let is_ready = database == "ok" && migrations == "ok" && !draining;
    let status = if is_ready { "ready" } else { "not ready" };
    let body =
        json!({"status": status, "database": database, "migrations": migrations, "draining": draining});
    match is_ready {
        true => HttpResponse::Ok().json(body),
        false => HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "1"))
            .json(body),
    }
}

async fn openapi() -> HttpResponse {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| routes::document().to_json().unwrap_or_default());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(DOCUMENT.as_str())
}

pub(crate) fn mount(config: &mut web::ServiceConfig) {
    let only_get = |path: &str, route: actix_web::Route| {
        web::resource(path)
            .route(route)
            .default_service(web::to(async || {
                Err::<HttpResponse, _>(routes::wrong_method("GET".into()))
            }))
    };
    config
        .service(only_get("/health/live", web::get().to(live)))
        .service(only_get("/health/ready", web::get().to(ready)))
        .service(only_get("/health", web::get().to(ready)))
        .service(only_get("/metrics", web::get().to(metrics::show)))
        .service(only_get("/openapi.json", web::get().to(openapi)));
}
