//! Operations as data: routes, OpenAPI, the permission matrix and the attack test are made from them.

use actix_web::Route;
use actix_web::http::Method;
use firma_auth::access::Verb;
use utoipa::openapi::{RefOr, Schema};

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody
    Public,
    /// Who is signed in
    SignedIn,
    /// Who holds a permission in the organization of the path
    Permission(&'static str, Verb),
}

impl Access {
    /// As documented: `deals:read`.
    pub fn name(&self) -> Option<String> {
        match self {
            Access::Permission(resource, verb) => Some(format!("{resource}:{}", verb.as_str())),
            _ => None,
        }
    }
}

/// A query parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub text: String,
}

/// One operation of the API.
pub struct Operation {
    pub method: Method,
    pub path: String,
    pub id: String,
    pub text: String,
    pub module: &'static str,
    pub access: Access,
    pub parameters: Vec<Parameter>,
    pub body: Option<RefOr<Schema>>,
    /// What the body is: JSON, but for uploads
    pub media_type: &'static str,
    pub status: u16,
    pub answer: Option<RefOr<Schema>>,
    /// Whether an `Idempotency-Key` has to be sent
    pub needs_key: bool,
    pub(crate) route: fn() -> Route,
}

impl Operation {
    pub(crate) fn new(
        method: Method,
        path: &str,
        id: &str,
        module: &'static str,
        access: Access,
        route: fn() -> Route,
    ) -> Operation {
        Operation {
            method,
            path: path.to_owned(),
            id: id.to_owned(),
            text: String::new(),
            module,
            access,
            parameters: vec![],
            body: None,
            media_type: "application/json",
            status: 200,
            answer: None,
            needs_key: false,
            route,
        }
    }
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }
    pub(crate) fn parameters(mut self, parameters: Vec<Parameter>) -> Self {
        self.parameters = parameters;
        self
    }
    pub(crate) fn body(mut self, schema: RefOr<Schema>) -> Self {
        self.body = Some(schema);
        self
    }
    /// A body that is a form with a file.
    pub(crate) fn form(mut self, schema: RefOr<Schema>) -> Self {
        self.media_type = "multipart/form-data";
        self.body(schema)
    }
    pub(crate) fn answers(mut self, status: u16, schema: Option<RefOr<Schema>>) -> Self {
        self.status = status;
        self.answer = schema;
        self
    }
    pub(crate) fn needs_key(mut self) -> Self {
        self.needs_key = true;
        self
    }
}
