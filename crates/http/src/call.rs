//! The one extractor: who calls, from where, about what. Refusals come in one order whatever the
//! operation: 401, 404 organization, 403, 400 and 422, then what depends on rows.

use crate::caller::{caller, origin};
use crate::cookies;
use crate::headers;
use crate::noted::Noted;
use crate::problem::Problem;
use crate::render;
use crate::state::State;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use firma_auth::access::{Action, Grant};
use firma_domain::{Entity, Id, Slug};
use firma_services::crud::Expected;
use firma_services::identity::Door;
use firma_services::listing::Parameters;
use firma_services::{Answer, Caller, Origin, Refusal, Request, Segment, Tx, Work};
use futures_util::StreamExt;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Made for no row, by nobody.
const NO_ROW: Id = Id::from_bytes([0xff; 16]);

/// What a request says, before any of it is judged.
pub(crate) struct Said {
    pub state: web::Data<State>,
    pub origin: Origin,
    pub path: String,
    /// The path under which an `Idempotency-Key` is kept
    keyed: String,
    /// The query as it came
    asked: String,
    query: Option<Vec<(String, String)>>,
    segment: Option<Segment>,
    id: Option<Id>,
    is_json: bool,
    body: Vec<u8>,
    key: Result<Option<String>, ()>,
    pub if_match: Expected,
    pub if_none_match: Option<String>,
    pub range: Option<String>,
    /// What the device was given at its last sign-in
    pub device: Option<String>,
    /// The language that the client likes best
    pub language: String,
    noted: Option<Arc<Noted>>,
}

/// A call by nobody in particular.
pub(crate) struct Open(pub Arc<Said>);

/// A call by who is signed in.
pub(crate) struct Call {
    caller: Caller,
    by_cookie: bool,
    said: Arc<Said>,
    request: HttpRequest,
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for Open {
    type Error = Problem;
    type Future = Extracted<Open>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = body(&request, payload).await?;
            Ok(Open(Arc::new(said(&request, body)?)))
        })
    }
}

impl FromRequest for Call {
    type Error = Problem;
    type Future = Extracted<Call>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = caller(&request)?;
            let body = body(&request, payload).await?;
            let said = Arc::new(said(&request, body)?);
            Ok(Call {
                caller,
                by_cookie: !cookies::is_ignored(&request),
                said,
                request,
            })
        })
    }
}

pub(crate) fn state(request: &HttpRequest) -> Result<web::Data<State>, Problem> {
    let state = request.app_data::<web::Data<State>>();
    state
        .cloned()
        .ok_or_else(|| Problem::new("internal", "the server has no state"))
}

async fn body(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let state = state(request)?;
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new("malformed_body", "the body broke off"))?;
        if body.len() + chunk.len() > state.max_body {
            return Err(Problem::new(
                "body_too_large",
                format!("a body may have {} bytes", state.max_body),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn said(request: &HttpRequest, body: Vec<u8>) -> Result<Said, Problem> {
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
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    Ok(Said {
        origin: origin(request),
        path: request.path().to_owned(),
        keyed: keyed(request.path()),
        asked: request.query_string().to_owned(),
        query: query.ok().map(web::Query::into_inner),
        segment,
        id: request
            .match_info()
            .get("id")
            .map(|id| id.parse().unwrap_or(NO_ROW)),
        is_json: is_json(request),
        body,
        key: headers::key(request),
        if_match: headers::expected(request),
        if_none_match: headers::list(request, &header::IF_NONE_MATCH),
        range: text(header::RANGE),
        device: text(cookies::DEVICE),
        language: language(text(header::ACCEPT_LANGUAGE)),
        noted: Noted::in_frame(request),
        state: state(request)?,
    })
}

/// The first language that is named; none where nothing is.
fn language(accepted: Option<String>) -> String {
    let first = accepted.unwrap_or_default();
    let first = first.split([',', ';']).next().unwrap_or_default().trim();
    first.chars().take(35).collect()
}

fn is_json(request: &HttpRequest) -> bool {
    matches!(
        request.content_type(),
        "application/json" | "application/merge-patch+json"
    )
}

/// Inside an organization the path below it: the organization has two names, and the key is kept under its id.
fn keyed(path: &str) -> String {
    let below = path
        .strip_prefix("/api/v1/organizations/")
        .and_then(|rest| rest.split_once('/'));
    below.map_or(path, |(_, below)| below).to_owned()
}

impl Said {
    /// The query's parameters, decoded.
    pub(crate) fn query(&self) -> Result<&Parameters, Refusal> {
        let query = self.query.as_deref();
        query.ok_or_else(|| Refusal::parameter("query", "malformed_query", "can't be read"))
    }

    /// Refuses any parameter.
    pub(crate) fn no_query(&self) -> Result<(), Refusal> {
        match self.query()?.first() {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::parameter(
                name.as_str(),
                "unknown_parameter",
                "is not a parameter of this operation",
            )),
        }
    }

    /// The body.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        self.no_query()?;
        self.json_beside_query()
    }

    /// The body, where the operation has parameters too.
    pub(crate) fn json_beside_query(&self) -> Result<Value, Refusal> {
        if !self.is_json {
            return Err(Refusal::MediaType);
        }
        serde_json::from_slice(&self.body).map_err(|e| Refusal::Malformed(e.to_string()))
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
    fn enter<'t, 'c>(&self, tx: &'t mut Tx<'c>, caller: Caller) -> Result<Work<'t, 'c>, Refusal> {
        if self.segment.is_none() {
            caller.check(tx)?;
        }
        let segment = self.segment.as_ref().ok_or(Refusal::OrganizationNotFound)?;
        let work = Work::enter(tx, caller, segment)?;
        if let Some(noted) = &self.noted {
            let _ = noted.organization.set(work.organization());
        }
        Ok(work)
    }

    /// What makes it the same call when it is sent again; `body` stands for its body.
    fn request(&self, body: &[u8]) -> Result<Request, Refusal> {
        let wrong = || {
            Refusal::parameter(
                "Idempotency-Key",
                "invalid_header",
                "has to be given once, as 1 to 255 printable characters",
            )
        };
        let key = self.key.clone().map_err(|()| wrong())?;
        Ok(Request::new(self.keyed.clone(), key, &self.asked, body))
    }
}

impl Call {
    /// The state, where the call came by cookie.
    pub(crate) fn by_cookie(&self) -> Option<web::Data<State>> {
        self.by_cookie.then(|| self.said.state.clone())
    }

    /// A call whose body is read in another way.
    pub(crate) fn without_body(request: &HttpRequest) -> Result<Call, Problem> {
        let caller = caller(request)?;
        Ok(Call {
            caller,
            by_cookie: !cookies::is_ignored(request),
            said: Arc::new(said(request, Vec::new())?),
            request: request.clone(),
        })
    }

    /// A call in an organization that stores nothing.
    pub(crate) async fn read<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Work<'_, '_>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let answer = self.look(run).await?;
        Ok(render::response(answer, &self.request))
    }

    /// The same for what isn't yet an answer.
    pub(crate) async fn look<T, F>(&self, run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Work<'_, '_>, &Said) -> Result<T, Refusal> + Send + 'static,
    {
        let (state, said, caller) = (self.said.state.clone(), self.said.clone(), self.caller);
        let found = state
            .database
            .read(move |tx: &mut Tx<'_>| run(&mut said.enter(tx, caller)?, &said));
        Ok(found.await?)
    }

    /// What has to be stored before a call that does `A` to `E` can be made, such as where its body goes to.
    pub(crate) async fn prepare<E: Entity, A: Action, T, F>(&self, run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Work<'_, '_>, Grant<E, A>, &Said) -> Result<T, Refusal> + Send + 'static,
    {
        let (state, said, caller) = (self.said.state.clone(), self.said.clone(), self.caller);
        let prepared = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            let mut work = said.enter(tx, caller)?;
            let grant = work.grant()?;
            run(&mut work, grant, &said)
        });
        Ok(prepared.await?)
    }

    /// A call that does `A` to `E` in an organization, once for each `Idempotency-Key`.
    pub(crate) async fn write<E: Entity, A: Action, F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Work<'_, '_>, Grant<E, A>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let answer = self.answer(None, run).await?;
        Ok(render::response(answer, &self.request))
    }

    /// The same, with what stands for the body where that was read in another way.
    pub(crate) async fn answer<E: Entity, A: Action, F>(
        &self,
        body: Option<Vec<u8>>,
        run: F,
    ) -> Result<Answer, Problem>
    where
        F: Fn(&mut Work<'_, '_>, Grant<E, A>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let (state, said, caller) = (self.said.state.clone(), self.said.clone(), self.caller);
        let answer = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            let mut work = said.enter(tx, caller)?;
            firma_services::perform(
                &mut work,
                || said.request(body.as_deref().unwrap_or(&said.body)),
                |work, grant| run(work, grant, &said),
            )
        });
        Ok(answer.await?)
    }

    pub(crate) fn caller(&self) -> Caller {
        self.caller
    }
    pub(crate) fn said(&self) -> &Said {
        &self.said
    }
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// A call about no organization that stores nothing.
    pub(crate) async fn read_alone<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Tx<'_>, Caller, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let (state, said, caller) = (self.said.state.clone(), self.said.clone(), self.caller);
        let answer = state.database.read(move |tx: &mut Tx<'_>| {
            caller.check(tx)?;
            run(tx, caller, &said)
        });
        Ok(render::response(answer.await?, &self.request))
    }

    /// A call about no organization, once for each `Idempotency-Key`.
    pub(crate) async fn write_alone<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Tx<'_>, Caller, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let (state, said, caller) = (self.said.state.clone(), self.said.clone(), self.caller);
        let answer = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            firma_services::perform_alone(
                tx,
                caller,
                || said.request(&said.body),
                |tx| run(tx, caller, &said),
            )
        });
        Ok(render::response(answer.await?, &self.request))
    }
}
