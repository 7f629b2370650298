//! Problems (RFC 9457): every error of the API, from one table of codes.

mod codes;
mod refused;

pub use codes::CODES;

use crate::noted::Noted;
use actix_web::http::header::HeaderValue;
use actix_web::http::{StatusCode, Uri, header};
use actix_web::{HttpResponse, ResponseError};
use firma_domain::FieldError;
use firma_services::Panicked;
use serde_json::{Map, Value, json};
use std::fmt;

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: &'static str,
    detail: String,
    extra: Map<String, Value>,
    allow: Option<Box<str>>,
    /// The slug that the organization has now
    renamed: Option<Box<str>>,
    /// Seconds after which it may be tried again
    wait: Option<u32>,
    /// What really happened, for the log alone
    cause: Option<Box<Cause>>,
}

#[derive(Debug)]
struct Cause {
    said: String,
    /// Where the code panicked, if it did
    panicked: Option<Panicked>,
}

impl Problem {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            extra: Map::new(),
            allow: None,
            renamed: None,
            wait: None,
            cause: None,
        }
    }

    /// Where there is no path, or none for who asks.
    pub(crate) fn nothing_at(path: &str) -> Problem {
        Problem::new("no_route", format!("there is nothing at {path}"))
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.extra.insert(name.into(), value.into());
        self
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn allowing(mut self, methods: String) -> Problem {
        self.allow = Some(methods.into());
        self
    }

    pub(crate) fn after(mut self, seconds: i64) -> Problem {
        self.wait = u32::try_from(seconds.max(1)).ok();
        self
    }

    /// Whether it says for certain that nothing was done.
    pub(crate) fn is_certain(&self) -> bool {
        self.entry().0 < 500
    }

    fn errors(errors: &[FieldError]) -> Problem {
        let detail = match errors {
            [one] => format!("{} {}", one.pointer, one.detail),
            many => format!("{} values are wrong", many.len()),
        };
        Problem::new("invalid", detail).with("errors", json!(errors))
    }

    fn entry(&self) -> (u16, &'static str) {
        let found = CODES.iter().find(|(code, ..)| *code == self.code);
        found.map_or((500, "Something went wrong on our side"), |(_, status, title)| {
            (*status, *title)
        })
    }

    /// The status and the body.
    fn body(&self) -> (u16, Value) {
        let (status, title) = self.entry();
        let mut body = json!({
            "type": format!("urn:firma:problem:{}", self.code), "title": title, "status": status,
            "detail": self.detail, "code": self.code,
        });
        if let Value::Object(fields) = &mut body {
            fields.extend(self.extra.clone());
        }
        (status, body)
    }

    /// The same for one of many in an answer.
    pub(crate) fn part(&self) -> (u16, Value) {
        if let Some(cause) = &self.cause {
            log::error!("{}", cause.said);
        }
        self.body()
    }

    /// The whole answer to a request.
    pub(crate) fn answer(&self, noted: &Noted) -> HttpResponse {
        let (_, mut body) = self.body();
        if let Some(cause) = &self.cause {
            log::error!("{}", cause.said);
        }
        if self.entry().0 == 500 {
            let cause = self.cause.as_ref();
            let said = cause.map_or(self.detail.as_str(), |cause| &cause.said);
            noted.broke(said, cause.and_then(|cause| cause.panicked.as_ref()));
        }
        if let Value::Object(fields) = &mut body {
            fields.insert("instance".into(), noted.uri.path().into());
            fields.insert("request_id".into(), noted.request_id().into());
        }
        let mut answer = self.written(&body);
        if let Some(location) = self.location(&noted.uri) {
            answer.headers_mut().insert(header::LOCATION, location);
        }
        answer
    }

    /// The same address under the slug that the organization has now.
    fn location(&self, asked: &Uri) -> Option<HeaderValue> {
        let slug = self.renamed.as_deref()?;
        let (mut path, query) = (asked.path().split('/').collect::<Vec<_>>(), asked.query());
        // `/api/v1/organizations/acme/…`
        *path.get_mut(4)? = slug;
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        HeaderValue::from_str(&format!("{}{query}", path.join("/"))).ok()
    }

    fn written(&self, body: &Value) -> HttpResponse {
        let status = self.status_code();
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.insert_header((header::RETRY_AFTER, "1"));
        }
        if let Some(seconds) = self.wait {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.allow {
            answer.insert_header((header::ALLOW, &**methods));
        }
        answer.body(body.to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.entry().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// For what fails outside the frame; inside it, the request is told too.
    fn error_response(&self) -> HttpResponse {
        self.written(&self.body().1)
    }
}
