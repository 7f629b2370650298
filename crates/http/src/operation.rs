//! Operations as data: routes, OpenAPI, the permission matrix and the attack test are made from them.

use crate::example::Example;
use crate::schemas::bytes;
use actix_web::Route;
use actix_web::http::Method;
use firma_auth::access::Verb;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody
    Public,
    /// Who is signed in
    SignedIn,
    /// Who is a live member of the organization of the path
    Member,
    /// Who holds a permission in the organization of the path
    Permission(&'static str, Verb),
    /// Who holds a permission on the platform; for who holds no role there, there is nothing
    Platform(&'static str, Verb),
}

impl Access {
    /// Whether it is about an organization that the caller has to be a member of.
    pub fn is_inside(&self) -> bool {
        matches!(self, Access::Member | Access::Permission(..))
    }

    /// As documented: `deals:read`, `users:read:platform`.
    pub fn name(&self) -> Option<String> {
        match self {
            Access::Permission(resource, verb) => Some(format!("{resource}:{}", verb.as_str())),
            Access::Platform(resource, verb) => Some(format!("{resource}:{}:platform", verb.as_str())),
            _ => None,
        }
    }
}

/// A query parameter.
#[derive(Clone)]
pub struct Parameter {
    pub name: String,
    pub text: String,
    pub required: bool,
    pub schema: RefOr<Schema>,
}

impl Parameter {
    /// A text that may be left out.
    pub(crate) fn new(name: &str, text: impl Into<String>) -> Parameter {
        Parameter {
            name: name.into(),
            text: text.into(),
            required: false,
            schema: ObjectBuilder::new().schema_type(Type::String).into(),
        }
    }
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }
    pub(crate) fn of(mut self, schema: impl Into<RefOr<Schema>>) -> Self {
        self.schema = schema.into();
        self
    }
    /// `true` or `false`.
    pub(crate) fn flag(self) -> Self {
        self.of(ObjectBuilder::new().schema_type(Type::Boolean))
    }
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
    /// The media types of a form's parts, by name
    pub(crate) parts: &'static [(&'static str, &'static str)],
    pub status: u16,
    pub answer: Option<RefOr<Schema>>,
    /// What the answer is: JSON, but for the bytes of files
    pub answer_type: &'static str,
    /// What else the answer may be, for who asks for it by `Accept`
    pub(crate) answer_also: Option<&'static str>,
    /// Whether an `Idempotency-Key` has to be sent
    pub needs_key: bool,
    /// Whether it may be called so and so often only
    pub is_limited: bool,
    /// Whether it may be called without its body
    pub may_lack_body: bool,
    /// Whether it is an action on one row that has a version, which is what it answers with
    is_versioned: bool,
    pub(crate) example: Example,
    /// Codes of problems that operations of this shape don't have by themselves
    pub(crate) refusals: Vec<&'static str>,
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
            parts: &[],
            status: 200,
            answer: None,
            answer_type: "application/json",
            answer_also: None,
            needs_key: false,
            is_limited: false,
            may_lack_body: false,
            is_versioned: false,
            example: Example::default(),
            refusals: vec![],
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
    /// A body that says what a cookie may say, too.
    pub(crate) fn body_or_cookie(mut self, schema: RefOr<Schema>) -> Self {
        self.may_lack_body = true;
        self.body(schema)
    }
    /// A body that is a form with a file, of parts with these media types.
    pub(crate) fn form(
        mut self,
        schema: RefOr<Schema>,
        parts: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.media_type = crate::media::FORM;
        self.parts = parts;
        self.body(schema)
    }
    pub(crate) fn answers(mut self, status: u16, schema: Option<RefOr<Schema>>) -> Self {
        self.status = status;
        self.answer = schema;
        self
    }
    /// An answer that is the bytes of a file, of whatever kind that is.
    pub(crate) fn answers_bytes(mut self) -> Self {
        self.answer_type = "*/*";
        self.answers(200, Some(bytes("").into()))
    }
    /// An answer that is a text of that type, for who asks for it by `Accept`.
    pub(crate) fn or_as(mut self, media_type: &'static str) -> Self {
        self.answer_also = Some(media_type);
        self
    }
    pub(crate) fn needs_key(mut self) -> Self {
        self.needs_key = true;
        self
    }
    pub(crate) fn limited(mut self) -> Self {
        self.is_limited = true;
        self
    }
    /// An action on one row, which may be asked to still have the version that the caller knows.
    pub(crate) fn versioned(mut self) -> Self {
        self.is_versioned = true;
        self
    }
    /// How it is called, for the documentation.
    pub(crate) fn example(mut self, example: Example) -> Self {
        self.example = example;
        self
    }
    /// Whether another of its documented answers may come to the example, for a reason that it gives.
    pub fn is_unsure(&self) -> bool {
        self.example.why_unsure().is_some()
    }
    pub(crate) fn refuses(mut self, codes: &[&'static str]) -> Self {
        self.refusals.extend(codes);
        self
    }

    /// Whether its example needs what stands in a mail or on somebody's telephone.
    pub fn is_by_hand(&self) -> bool {
        self.example.is_by_hand()
    }

    /// The header that makes the call only for a version that is known.
    pub(crate) fn takes_if_match(&self) -> bool {
        matches!(self.method, Method::PATCH | Method::DELETE) || self.is_versioned_action()
    }
    /// An action that answers with the row that it is about.
    pub(crate) fn is_versioned_action(&self) -> bool {
        self.is_versioned || self.path.ends_with("/restore")
    }
    /// Whether it does something that no body says more about.
    pub(crate) fn takes_no_body(&self) -> bool {
        self.body.is_none() && !self.method.is_safe()
    }
    /// Whether a part of the answer may be asked for.
    pub(crate) fn takes_range(&self) -> bool {
        self.answer_type == "*/*"
    }
    /// Whether an `Idempotency-Key` is understood.
    pub(crate) fn takes_key(&self) -> bool {
        self.method == Method::POST
            && self.access != Access::Public
            && !self.path.starts_with("/api/v1/auth/")
    }
}
