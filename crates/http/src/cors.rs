//! Pages of other sites: none may call, unless the configuration names their origin.

use crate::cookies::{CSRF, DEVICE};
use crate::state::Site;
use actix_cors::Cors;
use actix_web::http::{Method, header};
use actix_web::middleware::Condition;

/// A browser may remember for so many seconds what it was told.
const REMEMBERED: usize = 600;

/// What the pages of those origins may send and read, cookies included.
pub(crate) fn cors(site: &Site) -> Condition<Cors> {
    let cors = site
        .origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::RANGE,
            header::IF_RANGE,
            header::HeaderName::from_static("idempotency-key"),
            header::HeaderName::from_static("x-request-id"),
            CSRF,
            DEVICE,
        ])
        .expose_headers([
            "accept-ranges",
            "content-disposition",
            "content-range",
            "etag",
            "link",
            "location",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "idempotency-replayed",
            "x-request-id",
        ])
        .supports_credentials()
        .max_age(REMEMBERED);
    Condition::new(!site.origins.is_empty(), cors)
}
