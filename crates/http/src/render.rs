//! Answers: rendered inside the call, so that what is stored for a retry is what was sent.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use firma_domain::{Id, Record};
use firma_services::crud::{self, Listed};
use firma_services::identity::Me;
use firma_services::listing::Shape;
use firma_services::{Answer, Keeping, Refusal, Work};
use serde::Serialize;
use serde_json::{Value, json};

use crate::call::Said;
use crate::said::read_query;

fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        location: None,
        next: None,
        etag: None,
        body,
        replayed: false,
        is_secret: false,
    }
}

/// Any value.
pub(crate) fn plain<T: Serialize>(status: u16, value: &T) -> Result<Answer, Refusal> {
    Ok(answer(status, crud::json(value)?))
}

/// Nothing yet: it is done later.
pub(crate) fn waits() -> Answer {
    answer(202, String::new())
}

/// A value that is shown once.
pub(crate) fn secret<T: Serialize>(status: u16, value: &T) -> Result<Answer, Refusal> {
    Ok(Answer {
        is_secret: true,
        ..plain(status, value)?
    })
}

/// Nothing.
pub(crate) fn empty() -> Answer {
    answer(204, String::new())
}

/// A resource as it stands.
pub(crate) fn record<E: Serialize>(record: &Record<E>) -> Result<Answer, Refusal> {
    Ok(Answer {
        etag: Some(etag(record.version)),
        ..plain(200, record)?
    })
}

/// A resource that was made, and where it is.
pub(crate) fn made<E: Serialize>(said: &Said, made: &Record<E>) -> Result<Answer, Refusal> {
    let location = format!("{}/{}", said.path.trim_end_matches('/'), made.id);
    Ok(Answer {
        status: 201,
        location: Some(location),
        ..record(made)?
    })
}

/// A resource that was made, as it is shown this once.
pub(crate) fn made_secret<E: Serialize, S: Serialize>(
    said: &Said,
    record: &Record<E>,
    shown: &S,
) -> Result<Answer, Refusal> {
    Ok(Answer {
        body: crud::json(shown)?,
        is_secret: true,
        ..made(said, record)?
    })
}

/// A resource that a job will change, and where the job is.
pub(crate) fn accepted<E: Serialize>(
    said: &Said,
    of: &Record<E>,
    job: Option<Id>,
) -> Result<Answer, Refusal> {
    let root = said.path.split('/').take(5).collect::<Vec<_>>().join("/");
    Ok(Answer {
        status: 202,
        location: job.map(|job| format!("{root}/jobs/{job}")),
        ..record(of)?
    })
}

/// A resource as it was asked for; 304 for who has this version already.
pub(crate) fn found<E: Keeping>(
    work: &mut Work<'_, '_>,
    found: &Record<E>,
    shape: &Shape,
    if_none_match: Option<&str>,
) -> Result<Answer, Refusal> {
    if !shape.bare {
        return plain(200, &crud::shaped(work, found, shape)?);
    }
    unless_known(found, if_none_match)
}

/// A resource as it stands; 304 for who has this version already.
pub(crate) fn unless_known<E: Serialize>(
    found: &Record<E>,
    if_none_match: Option<&str>,
) -> Result<Answer, Refusal> {
    let tag = etag(found.version);
    let has_it =
        |tags: &str| tags.trim() == "*" || tags.split(',').any(|t| t.trim().trim_start_matches("W/") == tag);
    if if_none_match.is_some_and(has_it) {
        return Ok(Answer {
            etag: Some(tag),
            ..answer(304, String::new())
        });
    }
    record(found)
}

/// The caller's account, with the version of the user. Where the user is a member, no version counts, so nobody is told
/// that it is known already.
pub(crate) fn me(me: &Me) -> Result<Answer, Refusal> {
    Ok(Answer {
        etag: Some(etag(me.user.version)),
        ..plain(200, me)?
    })
}

/// A page.
pub(crate) fn page(listed: Listed) -> Result<Answer, Refusal> {
    let mut pagination = json!({"next_cursor": listed.next, "has_more": listed.more});
    if let (Some(total), Value::Object(fields)) = (listed.total, &mut pagination) {
        fields.insert("total_count".into(), total.into());
    }
    // The rows stay where they are written: there may be tens of kilobytes.
    let mut body = listed.rows;
    body.insert_str(0, "{\"data\":");
    body.push_str(&format!(",\"pagination\":{pagination}}}"));
    Ok(Answer {
        next: listed.next,
        ..answer(200, body)
    })
}

/// The answer on the wire.
pub(crate) fn response(answer: Answer, request: &HttpRequest) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if let Some(etag) = answer.etag {
        response.insert_header((header::ETAG, etag));
    }
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    if let Some(cursor) = answer.next {
        let link = format!("<{}>; rel=\"next\"", next(request, &cursor));
        response.insert_header((header::LINK, link));
    }
    if answer.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    if answer.body.is_empty() {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.body(answer.body)
}

fn next(request: &HttpRequest, cursor: &str) -> String {
    // Told as it was asked, but for the cursor, however its name was written.
    let is_cursor =
        |part: &&str| read_query(part).is_some_and(|read| read.iter().any(|(name, _)| name == "cursor"));
    let query = request.query_string().split('&');
    let kept = query.filter(|part| !part.is_empty() && !is_cursor(part));
    let query: String = kept.map(|part| format!("{part}&")).collect();
    format!("{}?{query}cursor={cursor}", request.path())
}
