//! The documentation for readers at `/docs`: one page made from the OpenAPI document, once, and two small
//! files beside it. Nothing of it comes from anywhere else.

use crate::reading::{Page, page};
use crate::routes;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use std::sync::LazyLock;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "docs.html")]
struct Html {
    page: Page,
}

/// A text and its mark.
struct Asset {
    text: String,
    etag: String,
    kind: &'static str,
}

impl Asset {
    fn new(kind: &'static str, text: String) -> Asset {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(&text);
        let etag: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Asset {
            etag: format!("\"{etag}\""),
            text,
            kind,
        }
    }

    /// Kept by the reader's browser, which asks whether it is still the same.
    fn answer(&'static self, request: &HttpRequest) -> HttpResponse {
        let known = request
            .headers()
            .get(header::IF_NONE_MATCH)
            .and_then(|v| v.to_str().ok());
        let has_it = |tags: &str| {
            tags.split(',')
                .any(|tag| tag.trim().trim_start_matches("W/") == self.etag)
        };
        let is_same = known.is_some_and(has_it);
        let mut answer = match is_same {
            true => HttpResponse::NotModified(),
            false => HttpResponse::Ok(),
        };
        answer
            .insert_header((header::ETAG, self.etag.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
        match is_same {
            true => answer.finish(),
            false => answer.content_type(self.kind).body(self.text.as_str()),
        }
    }
}

async fn html(request: HttpRequest) -> HttpResponse {
    static PAGE: LazyLock<Asset> = LazyLock::new(|| {
        let html = Html {
            page: page(routes::document()),
        };
        Asset::new("text/html; charset=utf-8", html.render().unwrap_or_default())
    });
    PAGE.answer(&request)
}

async fn style(request: HttpRequest) -> HttpResponse {
    static STYLE: LazyLock<Asset> = LazyLock::new(|| {
        Asset::new(
            "text/css; charset=utf-8",
            include_str!("../templates/docs.css").into(),
        )
    });
    STYLE.answer(&request)
}

async fn script(request: HttpRequest) -> HttpResponse {
    static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
        Asset::new(
            "text/javascript; charset=utf-8",
            include_str!("../templates/docs.js").into(),
        )
    });
    SCRIPT.answer(&request)
}

pub(crate) fn mount(config: &mut web::ServiceConfig) {
    config
        .service(routes::only_get("/docs", web::get().to(html)))
        .service(routes::only_get("/docs/style.css", web::get().to(style)))
        .service(routes::only_get("/docs/script.js", web::get().to(script)));
}
