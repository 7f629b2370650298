//! What a request says, before any of it is judged.

use crate::address;
use crate::call::state;
use crate::caller::{Signed, origin};
use crate::cookies;
use crate::headers;
use crate::json;
use crate::media::{self, Unread};
use crate::noted::{Latest, Noted};
use crate::problem::Problem;
use crate::state::State;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, web};
use firma_domain::{Id, Slug, input};
use firma_services::crud::Expected;
use firma_services::identity::Door;
use firma_services::listing::{self, Parameters};
use firma_services::{KnownKey, Origin, Refusal, Request, Segment, Tx, Work};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Made for no row, by nobody.
pub(crate) const NO_ROW: Id = Id::from_bytes([0xff; 16]);

/// The methods of a path that take no body, and do something.
pub(crate) struct WithoutBody(pub Vec<Method>);

/// A body that says nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What a request says, before any of it is judged.
pub(crate) struct Said {
    pub state: web::Data<State>,
    pub origin: Origin,
    pub path: String,
    /// The path by which the operation was found: decoded
    routed: String,
    /// The query as it came
    asked: String,
    query: Option<Vec<(String, String)>>,
    pub(crate) segment: Option<Segment>,
    pub(crate) id: Option<Id>,
    json: Result<(), Unread>,
    /// Whether there is nothing that a body could say
    takes_no_body: bool,
    pub body: Vec<u8>,
    key: Result<Option<String>, ()>,
    pub if_match: Expected,
    pub if_none_match: Option<String>,
    pub range: Option<String>,
    /// What the device was given at its last sign-in
    pub device: Option<String>,
    /// The language that the client likes best
    pub language: String,
    pub(crate) noted: Option<Arc<Noted>>,
    /// From where, as far as that is known
    pub place: Option<String>,
    /// The key by which the call is made, once it is known to be one
    pub by_key: Latest<Arc<KnownKey>>,
}

pub(crate) fn said(request: &HttpRequest, body: Vec<u8>) -> Result<Said, Problem> {
    let text = |name: header::HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let segment = request.match_info().get("organization").and_then(|name| {
        name.parse()
            .map(Segment::Id)
            .ok()
            .or_else(|| Slug::parse(name).map(Segment::Slug))
    });
    let without_body = request.app_data::<WithoutBody>();
    Ok(Said {
        origin: origin(request),
        path: request.path().to_owned(),
        routed: request.match_info().as_str().to_owned(),
        asked: request.query_string().to_owned(),
        query: parameters(request.query_string()),
        segment,
        id: request
            .match_info()
            .get("id")
            .map(|id| id.parse().unwrap_or(NO_ROW)),
        json: media::json(request),
        takes_no_body: without_body.is_some_and(|these| these.0.contains(request.method())),
        body,
        key: headers::key(request),
        if_match: headers::expected(request),
        if_none_match: headers::list(request, &header::IF_NONE_MATCH),
        range: text(header::RANGE),
        device: text(cookies::DEVICE),
        language: language(text(header::ACCEPT_LANGUAGE)),
        noted: Noted::in_frame(request),
        place: address::client(request).map(address::place),
        by_key: Latest::default(),
        state: state(request)?,
    })
}

/// The first language that is named; none where nothing is.
fn language(accepted: Option<String>) -> String {
    let first = accepted.unwrap_or_default();
    let first = first.split([',', ';']).next().unwrap_or_default().trim();
    first.chars().take(35).collect()
}

/// The parameters of a query, decoded; none where that is no text.
fn parameters(query: &str) -> Option<Vec<(String, String)>> {
    percent_decode_str(query).decode_utf8().ok()?;
    read_query(query)
}

/// The names and values of a query.
pub(crate) fn read_query(query: &str) -> Option<Vec<(String, String)>> {
    let read = web::Query::<Vec<(String, String)>>::from_query(query).ok()?;
    Some(read.into_inner())
}

fn malformed() -> Refusal {
    Refusal::parameter("query", "malformed_query", "can't be read")
}

/// The path under which an `Idempotency-Key` is kept, the same however it was written: ids are as we write them. Inside
/// an organization what is below it: the organization has two names, and the key is kept under its id.
fn keyed(routed: &str) -> String {
    let below = routed
        .strip_prefix("/api/v1/organizations/")
        .and_then(|rest| rest.split_once('/'));
    let path = below.map_or(routed, |(_, below)| below);
    let canonical = |part: &str| match part.parse::<Id>() {
        Ok(id) => id.to_string(),
        Err(_) => part.to_owned(),
    };
    path.split('/').map(canonical).collect::<Vec<_>>().join("/")
}

impl Said {
    /// The query's parameters, decoded, each of them once.
    pub(crate) fn query(&self) -> Result<&Parameters, Refusal> {
        let query = self.query.as_deref().ok_or_else(malformed)?;
        listing::each_once(query)?;
        Ok(query)
    }

    /// The same where others say which there are, and in what characters.
    pub(crate) fn foreign_query(&self) -> Result<Vec<(String, String)>, Refusal> {
        read_query(&self.asked).ok_or_else(malformed)
    }

    /// Refuses any parameter, and any body where the operation takes none.
    pub(crate) fn no_query(&self) -> Result<(), Refusal> {
        listing::each(self.query()?, |_, _| Ok(false))?;
        match self.takes_no_body {
            true => self.no_body(),
            false => Ok(()),
        }
    }

    /// Refuses a body that says something; an empty object doesn't.
    fn no_body(&self) -> Result<(), Refusal> {
        if !self.has_body() {
            return Ok(());
        }
        // First as an object: an array without items would be a struct without fields.
        let fields: Map<String, Value> = input::raw(self.json_beside_query()?)?;
        let Nothing {} = input::raw(Value::Object(fields))?;
        Ok(())
    }

    /// The body.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        self.no_query()?;
        self.json_beside_query()
    }

    /// The body, where the operation has parameters too.
    pub(crate) fn json_beside_query(&self) -> Result<Value, Refusal> {
        self.json.map_err(Refusal::MediaType)?;
        json::read(&self.body).map_err(|e| Refusal::Malformed(e.to_string()))
    }

    /// For a call that asks for a password.
    pub(crate) fn door(&self) -> Door<'_> {
        Door {
            database: &self.state.database,
            hasher: &self.state.hasher,
            signer: &self.state.signer,
            origin: self.origin.clone(),
            device: self.device.clone(),
            replaces: None,
            language: self.language.clone(),
        }
    }

    /// Whether there is a body.
    pub(crate) fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// The id in the path. What is no id is one that no row has, so that it is refused in its turn.
    pub(crate) fn id(&self) -> Result<Id, Refusal> {
        self.id.ok_or(Refusal::NotFound)
    }

    /// Refuses a call that has no `Idempotency-Key` where one is needed.
    pub(crate) fn needs_key(&self) -> Result<(), Refusal> {
        match self.key {
            Ok(Some(_)) => Ok(()),
            _ => Err(Refusal::KeyMissing),
        }
    }

    /// Enters the organization in the path; where it names none, who isn't signed in is told that first.
    pub(crate) fn enter<'t, 'c>(&self, tx: &'t mut Tx<'c>, signed: &Signed) -> Result<Work<'t, 'c>, Refusal> {
        // An attempt before this one may have come further.
        self.by_key.say(None);
        if let Some(noted) = &self.noted {
            noted.user.say(signed.user());
            noted.organization.say(None);
        }
        let work = match signed {
            Signed::Person(caller) => {
                if self.segment.is_none() {
                    caller.check(tx)?;
                }
                let segment = self.segment.as_ref().ok_or(Refusal::OrganizationNotFound)?;
                Work::enter(tx, *caller, segment)?
            }
            Signed::Key(caller) => {
                // What names no organization names another one than the key's.
                let none = Segment::Id(NO_ROW);
                let (work, key) = Work::enter_by_key(tx, caller, self.segment.as_ref().unwrap_or(&none))?;
                self.by_key.say(Some(key));
                work
            }
        };
        if let Some(noted) = &self.noted {
            noted.user.say(Some(work.user()));
            noted.organization.say(Some(work.organization()));
        }
        Ok(work)
    }

    /// What makes it the same call when it is sent again; `body` stands for its body.
    pub(crate) fn request(&self, body: &[u8]) -> Result<Request, Refusal> {
        let wrong = || {
            Refusal::parameter(
                "Idempotency-Key",
                "invalid_header",
                "has to be given once, as 1 to 255 printable characters",
            )
        };
        let key = self.key.clone().map_err(|()| wrong())?;
        // Nothing and an empty object say the same.
        let says_nothing = self.takes_no_body && matches!(body.trim_ascii(), b"" | b"{}");
        let body = if says_nothing { &[] } else { body };
        Ok(Request::new(keyed(&self.routed), key, &self.asked, body))
    }
}
