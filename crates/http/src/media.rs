//! What a request says that its body is, and whether that is read here.

use crate::headers;
use actix_web::HttpRequest;
use actix_web::http::{Method, header};

/// What is wrong with a body that isn't what is read here.
pub(crate) type Unread = &'static str;

/// The media type of a form with a file.
pub(crate) const FORM: &str = "multipart/form-data";

/// Whether the body is JSON, as it is written and in no other characters.
pub(crate) fn json(request: &HttpRequest) -> Result<(), Unread> {
    plain(request)?;
    let (kind, parameters) = content_type(request);
    let is_patch = kind.eq_ignore_ascii_case("application/merge-patch+json");
    if !is_patch && !kind.eq_ignore_ascii_case("application/json") {
        return Err("the body has to be JSON");
    }
    if is_patch && request.method() != Method::PATCH {
        return Err("a merge patch is the body of a PATCH alone");
    }
    let mut charsets = parameters.filter_map(charset);
    match charsets.all(|name| name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8")) {
        true => Ok(()),
        false => Err("JSON is in UTF-8"),
    }
}

/// Whether the body is a form with parts, a file among them.
pub(crate) fn form(request: &HttpRequest) -> Result<(), Unread> {
    plain(request)?;
    match content_type(request).0.eq_ignore_ascii_case(FORM) {
        true => Ok(()),
        false => Err("the body has to be a form with a file"),
    }
}

/// What the body is said to be, and its parameters.
fn content_type(request: &HttpRequest) -> (&str, impl Iterator<Item = &str>) {
    let said = request.headers().get(header::CONTENT_TYPE);
    let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
    let mut parts = said.split(';').map(str::trim);
    (parts.next().unwrap_or_default(), parts)
}

/// Whether the body comes as it is written: nothing unpacks it here.
fn plain(request: &HttpRequest) -> Result<(), Unread> {
    let codings = headers::list(request, &header::CONTENT_ENCODING).unwrap_or_default();
    let is_plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    match codings.split(',').map(str::trim).all(is_plain) {
        true => Ok(()),
        false => Err("the body may have no Content-Encoding"),
    }
}

/// What `charset=utf-8` names, perhaps in quotes.
fn charset(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("charset").then_some(value)
}
