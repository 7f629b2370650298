//! Whether the process lives, and whether it is ready for calls.

use crate::state::State;
use crate::{metrics, routes};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use firma_services::{Refusal, Tx};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

/// A database that doesn't answer for so long is away for who asks whether the server is ready.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body("{\"status\":\"live\"}")
}

async fn ready(state: web::Data<State>) -> HttpResponse {
    let asked = state.database.read(|tx: &mut Tx<'_>| {
        let current = tx.is_current()?;
        // A schema that isn't ours may have no queue.
        let backlog = if current {
            Some((tx.backlog()?, tx.now()))
        } else {
            None
        };
        Ok::<_, Refusal>((current, backlog))
    });
    let (database, migrations, backlog) = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok((current, backlog))) => ("ok", if current { "ok" } else { "not this binary's" }, backlog),
        Ok(Err(_)) | Err(_) => ("away", "unknown", None),
    };
    let queue = backlog.map(|(backlog, now)| {
        let waiting: i64 = backlog.iter().map(|of| of.waiting).sum();
        let oldest = backlog.iter().map(|of| of.oldest).min();
        let age = oldest.map_or(0, |oldest| now.seconds() - oldest.seconds());
        json!({"waiting": waiting, "oldest_seconds": age})
    });
    let draining = state.draining.has_begun();
    // Reading goes on, so it is told and not judged.
    let writes = match state.database.load().is_unwritable {
        true => "refused",
        false => "ok",
    };
    let is_ready = database == "ok" && migrations == "ok" && !draining;
    let status = if is_ready { "ready" } else { "not ready" };
    let body = json!({
        "status": status, "database": database, "writes": writes, "migrations": migrations, "draining": draining,
        "queue": queue, "mail": state.mail.state(), "names": state.domains.state(),
        "traces": state.traces.as_ref().map(|traces| traces.breaker.state()),
        "providers": state.providers.states().collect::<BTreeMap<_, _>>(),
    });
    match is_ready {
        true => HttpResponse::Ok().json(body),
        false => HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "1"))
            .json(body),
    }
}

async fn openapi() -> HttpResponse {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| routes::document().to_string());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(DOCUMENT.as_str())
}

pub(crate) fn mount(config: &mut web::ServiceConfig) {
    config
        .service(routes::only_get("/health/live", web::get().to(live)))
        .service(routes::only_get("/health/ready", web::get().to(ready)))
        .service(routes::only_get("/health", web::get().to(ready)))
        .service(routes::only_get("/metrics", web::get().to(metrics::show)))
        .service(routes::only_get("/openapi.json", web::get().to(openapi)));
}
