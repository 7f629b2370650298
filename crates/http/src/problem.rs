//! Problems (RFC 9457): every error of the API, from one table of codes.

mod codes;

pub use codes::CODES;

use crate::noted::Noted;
use actix_web::http::header::HeaderValue;
use actix_web::http::{StatusCode, Uri, header};
use actix_web::{HttpResponse, ResponseError};
use firma_auth::proof::CHALLENGE_LIFE;
use firma_domain::FieldError;
use firma_services::{Panicked, Refusal};
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

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::from(&refusal)
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Problem {
        use firma_services::Fault;
        let said = refusal.to_string();
        match refusal {
            Refusal::Unauthenticated => Problem::new("unauthenticated", said),
            Refusal::WrongCredentials => Problem::new("wrong_credentials", said),
            Refusal::WrongCode => Problem::new("wrong_code", said),
            Refusal::SecondFactor(challenge) => Problem::new("second_factor_required", said)
                .with("challenge", challenge.as_str())
                .with("expires_in", CHALLENGE_LIFE),
            Refusal::TooMany(seconds) => Problem::new("too_many_tries", said).after(*seconds),
            Refusal::StepUp => Problem::new("step_up_required", said),
            Refusal::SignupClosed => Problem::new("signup_closed", said),
            Refusal::ProviderRefused => Problem::new("provider_refused", said),
            Refusal::NamesAway(seconds) => Problem::new("names_away", said).after(*seconds),
            Refusal::ProviderAway(seconds) => Problem::new("provider_away", said).after(*seconds),
            Refusal::SecretShown => Problem::new("secret_already_shown", said),
            Refusal::OrganizationNotFound | Refusal::Archived => Problem::new("organization_not_found", said),
            Refusal::ModuleOff(_) => Problem::new("module_off", said),
            Refusal::FactorMissing => Problem::new("second_factor_missing", said),
            Refusal::Renamed(slug) => Problem {
                renamed: Some(slug.as_str().into()),
                ..Problem::new("organization_renamed", said)
            },
            Refusal::NotOwner => Problem::new("owner_required", said),
            Refusal::NothingHere => Problem::new("no_route", said),
            Refusal::Permission(name) => {
                Problem::new("permission_required", &*said).with("permission", name.as_str())
            }
            Refusal::RoleNotHeld { permission, .. } => {
                let problem = Problem::new("role_not_held", said);
                match permission {
                    Some(name) => problem.with("permission", name.as_str()),
                    None => problem,
                }
            }
            Refusal::Key(refused) => Problem::from(&refused.told()),
            Refusal::KeyNotAllowed => Problem::new("key_not_allowed", said),
            Refusal::PermissionNotHeld(missing) => Problem::new("permission_not_held", &*said)
                .with("permission", missing.first().map_or("", String::as_str)),
            Refusal::Unverified => Problem::new("email_unverified", said),
            Refusal::Suspended => Problem::new("organization_suspended", said),
            Refusal::Parameter { name, code, detail } => {
                Problem::new(code, format!("{name} {detail}")).with("parameter", name.as_str())
            }
            Refusal::KeyMissing => Problem::new("idempotency_key_required", said),
            Refusal::FileType(_) => Problem::new("file_type", said),
            Refusal::TooLarge(_) => Problem::new("file_too_large", said),
            Refusal::MediaType(_) => Problem::new("media_type", said),
            Refusal::Malformed(_) => Problem::new("malformed_body", said),
            Refusal::Invalid(invalid) => Problem::errors(&invalid.0),
            Refusal::KeyReused => Problem::new("idempotency_key_reused", said),
            Refusal::NotFound => Problem::new("not_found", said),
            Refusal::Forbidden(name) => {
                Problem::new("out_of_reach", said.clone()).with("permission", name.as_str())
            }
            Refusal::PreconditionFailed => Problem::new("changed", said),
            Refusal::Conflict { code, field, detail } => {
                let problem = Problem::new(code, detail.as_str());
                match field {
                    Some(field) => problem.with(
                        "errors",
                        json!([{"pointer": format!("#/{field}"), "code": code, "detail": detail}]),
                    ),
                    None => problem,
                }
            }
            Refusal::Part { pointer, refusal } => {
                let problem = Problem::from(refusal.as_ref());
                let error = json!([{"pointer": pointer, "code": problem.code, "detail": problem.detail}]);
                problem.with("errors", error)
            }
            Refusal::Fault(Fault::Busy | Fault::Again) => Problem::new("busy", "try again in a moment"),
            Refusal::Fault(Fault::Away) => Problem::new("database_away", "try again in a moment"),
            Refusal::Fault(Fault::Timeout) => Problem::new("timeout", "try again in a moment"),
            Refusal::Fault(Fault::Conflict(_)) => {
                Problem::new("not_unique", "another resource has the same value")
            }
            Refusal::Fault(Fault::Reference) => {
                Problem::new("referred_to", "a resource that is referred to is missing")
            }
            Refusal::Fault(fault) => Problem {
                cause: Some(Box::new(Cause {
                    said: fault.to_string(),
                    panicked: match fault {
                        Fault::Panicked(panicked) => Some((**panicked).clone()),
                        _ => None,
                    },
                })),
                ..Problem::new("internal", "it was noted, with the request_id")
            },
        }
    }
}
