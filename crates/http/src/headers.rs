//! Headers that a call goes by.

use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use firma_services::crud::Expected;

/// Only a POST is made once; the other methods are so by themselves.
pub(crate) fn key(request: &HttpRequest) -> Result<Option<String>, ()> {
    if request.method() != Method::POST {
        return Ok(None);
    }
    let mut given = request.headers().get_all("idempotency-key");
    let (value, more) = (given.next(), given.next());
    let Some(value) = value else {
        return Ok(None);
    };
    if more.is_some() {
        return Err(());
    }
    let key = value.to_str().map_err(drop)?;
    let fits = (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    fits.then(|| Some(key.to_owned())).ok_or(())
}

/// A header that is a list: several lines of it are one (RFC 9110, 5.3). What can't be read is an empty part.
pub(crate) fn list(request: &HttpRequest, name: &header::HeaderName) -> Option<String> {
    let lines = request.headers().get_all(name);
    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap_or("")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// `"3"`, or several, or `*`. What isn't a version of ours matches none, nor what can't be read.
pub(crate) fn expected(request: &HttpRequest) -> Expected {
    let Some(tags) = list(request, &header::IF_MATCH) else {
        return Expected(None);
    };
    if tags.trim() == "*" {
        return Expected(None);
    }
    let version = |tag: &str| {
        let quoted = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
        let version: i32 = quoted.parse().ok()?;
        // A tag is compared as a text.
        (version.to_string() == quoted).then_some(version)
    };
    Expected(Some(tags.split(',').filter_map(version).collect()))
}
