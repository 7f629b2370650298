//! The one extractor: who calls, from where, about what. Refusals come in one order whatever the
//! operation: 401, 404 organization, 403, 400 and 422, then what depends on rows.

use crate::arriving;
use crate::caller::{Signed, note_key, signed};
use crate::cookies;
use crate::problem::Problem;
use crate::render;
pub(crate) use crate::said::Said;
use crate::said::said;
use crate::state::State;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use firma_auth::access::{Action, Grant};
use firma_domain::Entity;
use firma_services::{Answer, Caller, Refusal, Tx, Work};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

mod alone;

/// A call by nobody in particular.
pub(crate) struct Open(pub Arc<Said>);

/// A call by who is signed in, or by an API key.
pub(crate) struct Call {
    signed: Signed,
    by_cookie: bool,
    pub(crate) said: Arc<Said>,
    pub(crate) request: HttpRequest,
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
            let signed = signed(&request)?;
            let body = body(&request, payload).await?;
            let said = Arc::new(said(&request, body)?);
            Ok(Call {
                signed,
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

/// Asks the database, for few rows or for many.
pub(crate) async fn asked<T, F>(state: &State, much: bool, run: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + 'static,
{
    match much {
        true => state.database.read_widely(run).await,
        false => state.database.read(run).await,
    }
}

async fn body(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let state = state(request)?;
    let mut body = Vec::new();
    while let Some(chunk) = arriving::next(&mut payload).await? {
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

impl Call {
    /// The state, where the call came by cookie.
    pub(crate) fn by_cookie(&self) -> Option<web::Data<State>> {
        self.by_cookie.then(|| self.said.state.clone())
    }

    /// A call whose body is read in another way.
    pub(crate) fn without_body(request: &HttpRequest) -> Result<Call, Problem> {
        Ok(Call {
            signed: signed(request)?,
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

    /// The same for what is of so many rows that it takes its time.
    pub(crate) async fn read_widely<F>(self, run: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Work<'_, '_>, &Said) -> Result<Answer, Refusal> + Send + 'static,
    {
        let answer = self.look_at(true, run).await?;
        Ok(render::response(answer, &self.request))
    }

    /// [`Call::read`] for what isn't yet an answer.
    pub(crate) async fn look<T, F>(&self, run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Work<'_, '_>, &Said) -> Result<T, Refusal> + Send + 'static,
    {
        self.look_at(false, run).await
    }

    async fn look_at<T, F>(&self, much: bool, run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Work<'_, '_>, &Said) -> Result<T, Refusal> + Send + 'static,
    {
        let (state, said, signed) = self.parts();
        let found = asked(&state, much, move |tx: &mut Tx<'_>| {
            run(&mut said.enter(tx, &signed)?, &said)
        });
        self.settle(found.await).await
    }

    /// What has to be stored before a call that does `A` to `E` can be made, such as where its body goes to.
    pub(crate) async fn prepare<E: Entity, A: Action, T, F>(&self, run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Work<'_, '_>, Grant<E, A>, &Said) -> Result<T, Refusal> + Send + 'static,
    {
        let (state, said, signed) = self.parts();
        let prepared = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            let mut work = said.enter(tx, &signed)?;
            let grant = work.grant()?;
            run(&mut work, grant, &said)
        });
        self.settle(prepared.await).await
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
        let (state, said, signed) = self.parts();
        let answer = state.database.write(said.origin.clone(), move |tx: &mut Tx<'_>| {
            let mut work = said.enter(tx, &signed)?;
            firma_services::perform(
                &mut work,
                || said.request(body.as_deref().unwrap_or(&said.body)),
                |work, grant| run(work, grant, &said),
            )
        });
        let answer = self.settle(answer.await).await?;
        if !answer.replayed {
            self.said.wrote(&self.signed);
        }
        Ok(answer)
    }

    fn parts(&self) -> (web::Data<State>, Arc<Said>, Signed) {
        (self.said.state.clone(), self.said.clone(), self.signed.clone())
    }

    /// What became of the call; what is to be known of a key is written down beside it.
    async fn settle<T>(&self, done: Result<T, Refusal>) -> Result<T, Problem> {
        match (&self.signed, &done) {
            (Signed::Key(_), Err(Refusal::Key(refused))) => note_key(&self.said, Some(refused)).await,
            // Nobody knows whether the key was good: it may have gone wrong before that was seen.
            (Signed::Key(_), Err(Refusal::Fault(_))) => {}
            (Signed::Key(_), _) => note_key(&self.said, None).await,
            (Signed::Person(_), _) => {}
        }
        if let Err(refusal) = &done {
            self.said
                .refused(&self.signed, refusal, !self.request.method().is_safe());
        }
        Ok(done?)
    }

    /// The person who calls. A key is refused: it stands for what a member may do in an organization, and for nothing
    /// of what is the member's own.
    pub(crate) async fn caller(&self) -> Result<Caller, Problem> {
        let key = match &self.signed {
            Signed::Person(caller) => return Ok(*caller),
            Signed::Key(key) => key.clone(),
        };
        let refuse = move |tx: &mut Tx<'_>| key.refuse(tx);
        let refused = self.said.state.database.read(refuse).await;
        match self.settle(refused).await? {}
    }

    pub(crate) fn said(&self) -> &Said {
        &self.said
    }
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }
}
