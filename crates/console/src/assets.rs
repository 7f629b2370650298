//! What the pages load, from the binary. The address has a digest in it, so that it may be kept for ever.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use firma_auth::keys::sha256;
use std::sync::LazyLock;

/// A file in the binary.
pub(crate) struct Asset {
    kind: &'static str,
    content: &'static str,
    pub(crate) path: String,
}

pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    asset(
        "console",
        "css",
        "text/css; charset=utf-8",
        include_str!("../assets/console.css"),
    )
});
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| asset("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));

fn asset(name: &str, ending: &str, kind: &'static str, content: &'static str) -> Asset {
    let digest = sha256(content.as_bytes());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Asset {
        kind,
        content,
        path: format!("/assets/{name}-{digest}.{ending}"),
    }
}

pub(crate) fn mount(config: &mut web::ServiceConfig) {
    for asset in [&STYLE, &ICON] {
        let route = web::get().to(async || {
            HttpResponse::Ok()
                .content_type(asset.kind)
                .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
                .body(asset.content)
        });
        config.service(firma_http::telling(
            "GET",
            web::resource(&asset.path).route(route),
        ));
    }
}
